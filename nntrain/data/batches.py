"""From stored digits to the network's numbers: scaled inputs, one-hot targets, shuffled batches."""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import cycle
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from nntrain.data.augment import Augmenter
from nntrain.data.dataset import Array, Subset
from nntrain.randomness import Purpose, generator


class BatchArrays(Protocol):
    """Room for the rows of several batches: x_0, shape (rows, n_0), and targets, (rows, n_L)."""

    @property
    def x(self) -> Array:
        """The inputs."""

    @property
    def y(self) -> Array:
        """The targets."""


Buffer = TypeVar("Buffer", bound=BatchArrays)


class Rescale:
    """Map pixels 0 … 255 to the inputs low … high of the network.

    Args:
        low: What pixel 0 becomes.
        high: What pixel 255 becomes.
    """

    def __init__(self, low: float, high: float) -> None:
        self.low = low
        self.slope = (high - low) / 255

    def apply(self, pixels: NDArray[np.uint8] | Array, out: Array) -> None:
        """Fill x_0, shape (B, n_0), from pixels of the same shape, which may be `out` itself."""
        np.copyto(out, pixels)
        np.multiply(out, self.slope, out=out)
        if self.low:
            np.add(out, self.low, out=out)


# Batches are dealt out in blocks of about so many rows: small ones would cost too much one by one,
# and rows on the disk are read in their order there, so that more at a time lie closer together.
BLOCK_ROWS = 2_048
MAPPED_BLOCK_ROWS = 8_192


class Batches:
    """Training rows, dealt out anew in every epoch.

    Args:
        rows: Those to train on, N of them, with labels.
        targets: What the network should answer to each class, shape (classes, n_L).
        batch_size: B; the last batch of an epoch may be smaller.
        scale: From pixels to inputs.
        seed: Of the shuffling and the distortions.
        distorter: Distorts every image anew in every epoch; None: they are shown as they are.
        workers: How many threads fill blocks, each a block of its own.
    """

    def __init__(
        self,
        rows: Subset,
        *,
        targets: Array,
        batch_size: int,
        scale: Rescale,
        seed: int,
        distorter: Augmenter | None = None,
        workers: int = 1,
    ) -> None:
        self.rows = rows
        self.targets = targets
        self.batch_size = min(batch_size, len(rows))
        self.scale = scale
        self.seed = seed
        self.distorter = distorter
        self.workers = workers

    @property
    def block_rows(self) -> int:
        """How many rows should be dealt out at a time, roughly."""
        return BLOCK_ROWS if self.rows.digits.mapped is None else MAPPED_BLOCK_ROWS

    def __len__(self) -> int:
        """The number of batches in an epoch."""
        return -(-len(self.rows) // self.batch_size)

    def epoch(
        self, epoch: int, start: int, blocks: Sequence[Buffer]
    ) -> Iterator[tuple[Buffer, NDArray[np.uint8]]]:
        """Deal out the rows of one epoch, one block at a time.

        While a block is trained on, threads of their own fill the next ones. Order and distortions
        depend on the seed, the epoch and the batch alone, so that an interrupted epoch can be taken
        up at any batch.

        Args:
            epoch: Counted from 0.
            start: The first batch to deal out.
            blocks: Filled in turn, one more than there are workers; all of one size, a multiple of
                the batch size.

        Yields:
            The block filled, until the next one is asked for, and the labels of its rows, shape (up
            to the block's rows,).
        """
        order = generator(self.seed, Purpose.SHUFFLE, epoch).permutation(len(self.rows))
        size = len(blocks[0].x)

        def fill(block: Buffer, first: int) -> tuple[Buffer, NDArray[np.uint8]]:
            rows = order[first : first + size]
            labels = self.rows.labels[rows]
            self._fill(block, rows, labels, epoch, first // self.batch_size)
            return block, labels

        with ThreadPoolExecutor(self.workers) as ahead:
            filling: deque[Future[tuple[Buffer, NDArray[np.uint8]]]] = deque()
            for first, block in zip(
                range(start * self.batch_size, len(order), size), cycle(blocks), strict=False
            ):
                filling.append(ahead.submit(fill, block, first))
                if len(filling) == len(blocks):
                    yield filling.popleft().result()
            while filling:
                yield filling.popleft().result()

    def _fill(
        self,
        block: BatchArrays,
        rows: NDArray[np.intp],
        labels: NDArray[np.uint8],
        epoch: int,
        first_batch: int,
    ) -> None:
        count = len(rows)
        pixels = np.empty((count, self.rows.digits.pixels.shape[1]), np.uint8)
        self.rows.gather(rows, pixels)
        np.take(self.targets, labels, axis=0, out=block.y[:count], mode="clip")
        parts = [
            slice(start, min(start + self.batch_size, count))
            for start in range(0, count, self.batch_size)
        ]
        x = block.x[:count]
        if self.distorter is None:
            self.scale.apply(pixels, x)
        else:
            for batch, part in enumerate(parts, first_batch):
                rng = generator(self.seed, Purpose.DISTORTION, epoch, batch)
                draws = self.distorter.draw(rng, labels[part], part.stop - part.start)
                self.distorter.warp(pixels[part], draws, x[part])
            self.scale.apply(x, x)


def one_hot(classes: int, dtype: str, smoothing: float = 0.0) -> Array:
    """The targets of all classes, shape (classes, classes).

    Args:
        classes: Their number K.
        dtype: float32 or float64.
        smoothing: ε: the target of the right class is 1 − ε + ε/K, of the others ε/K
            (Szegedy et al. 2016).
    """
    targets: Array = np.eye(classes, dtype=dtype) * (1 - smoothing) + smoothing / classes
    return targets.astype(dtype)
