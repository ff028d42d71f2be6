"""Applies a function to a stream of items in threads."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def map_ahead(
    function: Callable[[T], R], items: Iterable[T], *, threads: int, most: int
) -> Iterator[tuple[T, R]]:
    """Yield each item with the function's result, in order, while threads compute the next ones.

    The items are iterated over in the calling thread. If that fails, the error is raised after the
    results of all items before it; an error of the function is raised in place of its result.

    Args:
        function: Called in a thread for each item.
        items: The items.
        threads: Number of threads.
        most: Largest number of items that are taken from `items` and not yet done with: those that
            wait, and the one that was yielded last.
    """
    waiting: deque[tuple[T, Future[R]]] = deque()
    pool = ThreadPoolExecutor(threads)
    try:
        try:
            for item in items:
                waiting.append((item, pool.submit(function, item)))
                if len(waiting) == most:
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
    try:
        return item, result.result()
    except BaseException:
        waiting.clear()  # nothing is yielded after an item that failed
        raise
