"""Threads that do the parts of one task at the same time.

NumPy lets go of Python's lock within a product or a ufunc, so that threads run on as many cores.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from queue import SimpleQueue
from threading import Thread

import numpy as np


class WorkerPool(AbstractContextManager["WorkerPool"]):
    """A number of threads, the calling one among them; they end with the `with` block.

    Args:
        size: How many; 1 means the calling thread alone.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._errors = np.geterr()  # each thread has settings of its own
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
        """Do task(0), …, task(size − 1), and return when all are done.

        Raises:
            BaseException: What a part raised.
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
            except BaseException as fault:  # the calling thread raises it
                self._results.put(fault)
