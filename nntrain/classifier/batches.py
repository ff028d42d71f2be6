"""Batches of features."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nntrain.data.batches import BLOCK_ROWS
from nntrain.engine import BatchBuffer
from nntrain.nn.arrays import Array
from nntrain.randomness import Purpose, generator


@dataclass
class FeatureBatches:
    """Batches of features, without the threads and distortions of `nntrain.data.batches.Batches`.

    Attributes:
        x: The features of all rows, shape (N, n_0).
        labels: The number of each row's class, shape (N,).
        targets: The targets of all classes, shape (classes, n_L).
        batch_size: B ≤ N.
        seed: The seed of the order of the rows.
        workers: Number of threads.
        block_rows: Number of rows to prepare at a time.
    """

    x: Array
    labels: NDArray[np.intp]
    targets: Array
    batch_size: int
    seed: int

    workers: int = 0  # filling a block takes too little time for a thread
    block_rows: int = BLOCK_ROWS

    def __len__(self) -> int:
        return -(-len(self.x) // self.batch_size)

    def epoch(
        self, epoch: int, start: int, blocks: Sequence[BatchBuffer]
    ) -> Iterator[tuple[BatchBuffer, NDArray[np.intp]]]:
        """The batches of one epoch, from batch `start` on; see `Batches.epoch`."""
        order = generator(self.seed, Purpose.SHUFFLE, epoch).permutation(len(self.x))
        (block,) = blocks
        for first in range(start * self.batch_size, len(order), len(block.x)):
            rows = order[first : first + len(block.x)]
            labels = self.labels[rows]
            np.take(self.x, rows, axis=0, out=block.x[: len(rows)], mode="clip")
            np.take(self.targets, labels, axis=0, out=block.y[: len(rows)], mode="clip")
            yield block, labels
