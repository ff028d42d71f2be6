"""From stored digits to the network's numbers: scaled inputs, one-hot targets, shuffled batches."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from nntrain.nn.arrays import Array
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
        pixels: Shape (N, n_0).
        labels: Shape (N,).
        classes: n_L, the length of a one-hot target.
        batch_size: B; the last batch of an epoch may be smaller.
        scale: From pixels to inputs.
        seed: Of the shuffling.
    """

    def __init__(
        self,
        pixels: NDArray[np.uint8],
        labels: NDArray[np.uint8],
        *,
        classes: int,
        batch_size: int,
        scale: PixelScale,
        seed: int,
    ) -> None:
        self.pixels = pixels
        self.labels = labels
        self.classes = classes
        self.batch_size = min(batch_size, len(labels))
        self.scale = scale
        self.seed = seed

    def __len__(self) -> int:
        """The number of batches in an epoch."""
        return -(-len(self.labels) // self.batch_size)

    def epoch(self, epoch: int, start: int, x: Array, y: Array) -> Iterator[NDArray[np.uint8]]:
        """Deal out the rows of one epoch, as many at a time as the two arrays hold.

        The order is a function of the seed and the epoch alone, so that an interrupted epoch can be
        taken up at any batch.

        Args:
            epoch: Counted from 0.
            start: The first batch to deal out.
            x: Filled with x_0, shape (rows, n_0), where rows is a multiple of the batch size.
            y: Filled with the one-hot targets, shape (rows, classes).

        Yields:
            The labels of the rows filled, shape (up to rows,).
        """
        order = generator(self.seed, Purpose.SHUFFLE, epoch).permutation(len(self.labels))
        one_hot = np.eye(self.classes, dtype=y.dtype)
        gathered = np.empty((len(x), self.pixels.shape[1]), np.uint8)
        for first in range(start * self.batch_size, len(order), len(x)):
            rows = order[first : first + len(x)]
            labels, count = self.labels[rows], len(rows)
            # In mode "clip" NumPy writes straight into `out`; the indices are in range anyway.
            np.take(self.pixels, rows, axis=0, out=gathered[:count], mode="clip")
            self.scale.apply(gathered[:count], x[:count])
            np.take(one_hot, labels, axis=0, out=y[:count], mode="clip")
            yield labels
