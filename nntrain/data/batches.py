"""From stored digits to the network's numbers: scaled inputs, one-hot targets, shuffled batches."""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import cycle

import numpy as np
from numpy.typing import NDArray

from nntrain.data.digits import Selection
from nntrain.nn.arrays import Array
from nntrain.nn.descent import Block
from nntrain.randomness import Purpose, generator


class PixelScale:
    """Map pixels 0 … 255 to the inputs low … high of the network.

    Args:
        low: What pixel 0 becomes.
        high: What pixel 255 becomes.
    """

    def __init__(self, low: float, high: float) -> None:
        self.low = low
        self.slope = (high - low) / 255

    def apply(self, pixels: NDArray[np.uint8], out: Array) -> None:
        """Fill x_0, shape (B, n_0), from pixels of the same shape."""
        np.copyto(out, pixels)
        np.multiply(out, self.slope, out=out)
        if self.low:
            np.add(out, self.low, out=out)


class Batches:
    """Training rows, dealt out anew in every epoch.

    Args:
        rows: Those to train on, N of them, with labels.
        classes: n_L, the length of a one-hot target.
        batch_size: B; the last batch of an epoch may be smaller.
        scale: From pixels to inputs.
        seed: Of the shuffling.
    """

    def __init__(
        self, rows: Selection, *, classes: int, batch_size: int, scale: PixelScale, seed: int
    ) -> None:
        self.rows = rows
        self.classes = classes
        self.batch_size = min(batch_size, len(rows))
        self.scale = scale
        self.seed = seed

    def __len__(self) -> int:
        """The number of batches in an epoch."""
        return -(-len(self.rows) // self.batch_size)

    def epoch(
        self, epoch: int, start: int, blocks: Sequence[Block]
    ) -> Iterator[tuple[Block, NDArray[np.uint8]]]:
        """Deal out the rows of one epoch, one block at a time.

        While a block is trained on, a thread of its own fills the next. The order is a function of
        the seed and the epoch alone, so that an interrupted epoch can be taken up at any batch.

        Args:
            epoch: Counted from 0.
            start: The first batch to deal out.
            blocks: Filled in turn, with x_0 and one-hot targets; at least two, all of one size, a
                multiple of the batch size.

        Yields:
            The block filled, until the next one is asked for, and the labels of its rows, shape (up
            to the block's rows,).
        """
        order = generator(self.seed, Purpose.SHUFFLE, epoch).permutation(len(self.rows))
        size = len(blocks[0].x)
        gathered = np.empty((size, self.rows.digits.pixels.shape[1]), np.uint8)
        one_hot = np.eye(self.classes, dtype=blocks[0].y.dtype)

        def fill(block: Block, first: int) -> tuple[Block, NDArray[np.uint8]]:
            rows = order[first : first + size]
            labels, count = self.rows.labels[rows], len(rows)
            self.rows.gather(rows, gathered[:count])
            self.scale.apply(gathered[:count], block.x[:count])
            np.take(one_hot, labels, axis=0, out=block.y[:count], mode="clip")
            return block, labels

        with ThreadPoolExecutor(1) as ahead:
            filling: deque[Future[tuple[Block, NDArray[np.uint8]]]] = deque()
            for first, block in zip(
                range(start * self.batch_size, len(order), size), cycle(blocks), strict=False
            ):
                filling.append(ahead.submit(fill, block, first))
                if len(filling) == len(blocks):
                    yield filling.popleft().result()
            while filling:
                yield filling.popleft().result()
