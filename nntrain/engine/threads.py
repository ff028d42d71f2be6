"""A pool of threads that run the parts of one task in parallel.

NumPy releases the GIL in matrix products and ufuncs, so the threads run on several cores.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from queue import SimpleQueue
from threading import Thread

import numpy as np


class WorkerPool(AbstractContextManager["WorkerPool"]):
    """A context manager with a fixed number of threads, including the calling one.

    Args:
        size: The number of threads; 1: only the calling thread.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._errors = np.geterr()  # NumPy's error state is per thread
        self._tasks: list[SimpleQueue[Callable[[int], None] | None]] = [
            SimpleQueue() for _ in range(size - 1)
        ]
        self._results: SimpleQueue[BaseException | None] = SimpleQueue()
        self._threads = [
            Thread(target=self._work, args=(number, tasks), daemon=True)
            for number, tasks in enumerate(self._tasks, 1)
        ]
        for thread in self._threads:
            thread.start()

    def __exit__(self, *exception: object) -> None:
        for tasks, thread in zip(self._tasks, self._threads, strict=True):
            tasks.put(None)
            thread.join()

    def run(self, task: Callable[[int], None]) -> None:
        """Run task(0), …, task(size − 1) in parallel, and wait for all of them.

        Raises:
            BaseException: If a part raised it.
        """
        for tasks in self._tasks:
            tasks.put(task)
        try:
            task(0)
        finally:
            faults = [fault for _ in self._tasks if (fault := self._results.get()) is not None]
        for fault in faults:
            raise fault

    def _work(self, number: int, tasks: "SimpleQueue[Callable[[int], None] | None]") -> None:
        while (task := tasks.get()) is not None:
            try:
                with np.errstate(**self._errors):
                    task(number)
                self._results.put(None)
            except BaseException as fault:  # raised in the calling thread
                self._results.put(fault)
