"""Applies a function to a stream of items in threads."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

_THREADS = 2
_MOST_WAITING = 6  # items that are read but not yet yielded

T = TypeVar("T")
R = TypeVar("R")


def map_ahead(function: Callable[[T], R], items: Iterable[T]) -> Iterator[tuple[T, R]]:
    """Yield each item with the function's result, in order, while threads compute the next ones.

    The items are iterated over in the calling thread. If that fails, the error is raised after the
    results of all items before it.
    """
    waiting: deque[tuple[T, Future[R]]] = deque()
    with ThreadPoolExecutor(_THREADS) as pool:
        failure = None
        try:
            for item in items:
                waiting.append((item, pool.submit(function, item)))
                if len(waiting) == _MOST_WAITING:
                    yield _first(waiting)
        except Exception as error:
            failure = error
        while waiting:
            yield _first(waiting)
        if failure is not None:
            raise failure


def _first(waiting: deque[tuple[T, Future[R]]]) -> tuple[T, R]:
    item, result = waiting.popleft()
    return item, result.result()
