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
    pool = ThreadPoolExecutor(_THREADS)
    try:
        try:
            for item in items:
                waiting.append((item, pool.submit(function, item)))
                if len(waiting) == _MOST_WAITING:
                    yield _first(waiting)
        except Exception:
            while waiting:
                yield _first(waiting)
            raise
        while waiting:
            yield _first(waiting)
        pool.shutdown()
    finally:
        # An unfinished generator may be closed by the garbage collector, at any place in any
        # thread: waiting for other threads there could be for ever.
        pool.shutdown(wait=False, cancel_futures=True)


def _first(waiting: deque[tuple[T, Future[R]]]) -> tuple[T, R]:
    item, result = waiting.popleft()
    return item, result.result()
