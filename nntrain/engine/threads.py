"""Threads that do the parts of a task at the same time, and the number of those of BLAS.

NumPy releases Python's lock inside a product or a ufunc, so threads run on as many cores.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cache
from queue import SimpleQueue
from threading import Lock, Thread
from typing import TypeAlias

import numpy as np
from threadpoolctl import ThreadpoolController

Task: TypeAlias = Callable[[int], None]


class WorkerPool(AbstractContextManager["WorkerPool"]):
    """A fixed number of threads, including the calling one; they end with the `with` block.

    Args:
        size: Number of threads; 1 means the calling thread alone.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._float_errors = np.geterr()  # each thread has settings of its own
        self._errors: list[BaseException] = []
        self._lock = Lock()
        self._arrived = 0
        self._released: list[SimpleQueue[None]] = [SimpleQueue() for _ in range(size)]
        self._finished: SimpleQueue[None] = SimpleQueue()
        self._tasks: list[SimpleQueue[tuple[Task, ...] | None]] = [
            SimpleQueue() for _ in range(size - 1)
        ]
        self._threads = [
            Thread(target=self._work, args=(number, tasks), daemon=True)
            for number, tasks in enumerate(self._tasks, 1)
        ]
        for thread in self._threads:
            thread.start()

    def __exit__(self, *exception: object) -> None:
        self._errors.append(RuntimeError("the pool is closed"))  # a thread in `run` ends, too
        for number, (tasks, thread) in enumerate(zip(self._tasks, self._threads, strict=True), 1):
            tasks.put(None)
            self._released[number].put(None)
            thread.join()

    def run(self, *tasks: Task) -> None:
        """Run each task on every thread, as task(0) … task(size − 1), one task after the other.

        A task starts when all threads have finished the one before it.

        Raises:
            BaseException: If a task raised it; the tasks after it do not run.
        """
        for queue in self._tasks:
            queue.put(tasks)
        self._run(0, tasks)
        for _ in self._threads:
            self._finished.get()
        if self._errors:
            error, self._errors = self._errors[0], []
            raise error

    def _run(self, number: int, tasks: tuple[Task, ...]) -> None:
        for index, task in enumerate(tasks):
            if index and self.size > 1:
                self._wait_for_all(number)
            if not self._errors:
                try:
                    task(number)
                except BaseException as error:  # `run` raises it
                    self._errors.append(error)

    def _wait_for_all(self, number: int) -> None:
        """Wait for the other threads; the last one to arrive wakes them and need not sleep."""
        with self._lock:
            self._arrived = (self._arrived + 1) % self.size
            is_last = self._arrived == 0
        if is_last:
            for other, queue in enumerate(self._released):
                if other != number:
                    queue.put(None)
        else:
            self._released[number].get()

    def _work(self, number: int, queue: "SimpleQueue[tuple[Task, ...] | None]") -> None:
        with np.errstate(**self._float_errors):
            while (tasks := queue.get()) is not None:
                self._run(number, tasks)
                self._finished.put(None)


def limit_blas(threads: int) -> AbstractContextManager[object]:
    """Let BLAS use this many threads until the `with` block ends."""
    limit: AbstractContextManager[object] = _libraries().limit(limits=threads, user_api="blas")
    return limit


@cache
def _libraries() -> ThreadpoolController:
    """The libraries that are loaded; to look for them takes longer than to predict a digit."""
    return ThreadpoolController()
