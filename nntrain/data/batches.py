"""Shuffled batches of scaled inputs and one-hot targets."""

from collections.abc import Callable, Iterator, Sequence
from itertools import cycle
from typing import Protocol, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from nntrain.data.ahead import map_ahead
from nntrain.data.augment import Augmenter
from nntrain.data.dataset import Array, Subset
from nntrain.randomness import Purpose, generator


class BatchArrays(Protocol):
    """Buffer for the rows of several batches: x_0, shape (rows, n_0), and targets, (rows, n_L)."""

    @property
    def x(self) -> Array:
        """The inputs."""

    @property
    def y(self) -> Array:
        """The targets."""


Buffer = TypeVar("Buffer", bound=BatchArrays)


# Replaces targets, shape (B, n_L), by those of a teacher for images of grey values, (B, P).
Teach: TypeAlias = Callable[[Array, Array], None]


class Rescale:
    """Map pixels 0 … 255 to the inputs low … high of the network."""

    def __init__(self, low: float, high: float) -> None:
        self.low = low
        self.slope = (high - low) / 255

    def apply(self, pixels: NDArray[np.uint8] | Array, out: Array) -> None:
        """Fill x_0, shape (B, n_0), from pixels of the same shape, which may be `out` itself."""
        np.copyto(out, pixels)
        np.multiply(out, self.slope, out=out)
        if self.low:
            np.add(out, self.low, out=out)


# Rows per block of batches, roughly. Single small batches would cost too much, and of mapped rows,
# which are read in file order, more at a time lie closer together.
BLOCK_ROWS = 2_048
MAPPED_BLOCK_ROWS = 8_192


class Batches:
    """Yields blocks of batches, reshuffled and augmented in every epoch.

    Args:
        rows: Training rows with labels.
        targets: Target of each class, shape (classes, n_L).
        batch_size: B; the last batch of an epoch may be smaller.
        scale: Scaling from pixels to inputs.
        seed: Seed of shuffling and augmentation.
        augmenter: Transforms every image; None for no augmentation.
        mixup: α of `mix`; None for no mixing.
        teach: Replaces the targets of each batch by those of a teacher; None for no teacher.
        workers: Number of threads that fill blocks.
    """

    def __init__(
        self,
        rows: Subset,
        *,
        targets: Array,
        batch_size: int,
        scale: Rescale,
        seed: int,
        augmenter: Augmenter | None = None,
        mixup: float | None = None,
        teach: Teach | None = None,
        workers: int = 1,
    ) -> None:
        self.rows = rows
        self.targets = targets
        self.batch_size = min(batch_size, len(rows))
        self.scale = scale
        self.seed = seed
        self.augmenter = augmenter
        self.mixup = mixup
        self.teach = teach
        self.workers = workers

    @property
    def block_rows(self) -> int:
        """Recommended number of rows per block, roughly."""
        return BLOCK_ROWS if self.rows.dataset.mapped is None else MAPPED_BLOCK_ROWS

    def __len__(self) -> int:
        """Number of batches in an epoch."""
        return -(-len(self.rows) // self.batch_size)

    def epoch(
        self, epoch: int, start: int, blocks: Sequence[Buffer]
    ) -> Iterator[tuple[Buffer, NDArray[np.uint8]]]:
        """Yield the rows of one epoch, block by block, while threads fill the next blocks.

        Order and augmentation depend only on seed, epoch and batch, so that an interrupted epoch
        can be resumed at any batch.

        Args:
            epoch: Counted from 0.
            start: First batch.
            blocks: Buffers to fill in turn, one more than workers, all of the same size, a multiple
                of the batch size.

        Yields:
            The filled block, valid until the next iteration, and the labels of its rows.
        """
        order = generator(self.seed, Purpose.SHUFFLE, epoch).permutation(len(self.rows))
        size = len(blocks[0].x)

        def fill(place: tuple[int, Buffer]) -> NDArray[np.uint8]:
            first, block = place
            rows = order[first : first + size]
            labels = self.rows.labels[rows]
            self._fill(block, rows, labels, epoch, first // self.batch_size)
            return labels

        firsts = range(start * self.batch_size, len(order), size)
        places = zip(firsts, cycle(blocks), strict=False)
        filled = map_ahead(fill, places, threads=self.workers, most=len(blocks))
        for (_, block), labels in filled:
            yield block, labels

    def _fill(
        self,
        block: BatchArrays,
        rows: NDArray[np.intp],
        labels: NDArray[np.uint8],
        epoch: int,
        first_batch: int,
    ) -> None:
        count = len(rows)
        pixels = np.empty((count, self.rows.dataset.pixels.shape[1]), np.uint8)
        self.rows.take(rows, pixels)
        np.take(self.targets, labels, axis=0, out=block.y[:count], mode="clip")
        parts = [
            slice(start, min(start + self.batch_size, count))
            for start in range(0, count, self.batch_size)
        ]
        x = block.x[:count]
        if self.augmenter is None and self.mixup is None and self.teach is None:
            self.scale.apply(pixels, x)
            return
        for batch, part in enumerate(parts, first_batch):
            if self.augmenter is None:
                x[part] = pixels[part]
            else:
                rng = generator(self.seed, Purpose.DISTORTION, epoch, batch)
                params = self.augmenter.sample(rng, labels[part], part.stop - part.start)
                self.augmenter.apply(pixels[part], params, x[part])
            if self.mixup is not None:
                rng = generator(self.seed, Purpose.MIXUP, epoch, batch)
                mix(x[part], block.y[part], self.mixup, rng)
            if self.teach is not None:
                self.teach(x[part], block.y[part])
        self.scale.apply(x, x)


def mix(images: Array, y: Array, alpha: float, rng: np.random.Generator) -> None:
    """Mix each image of a batch, and its target, with another one (mixup: Zhang et al. 2018).

    x ← λ x + (1 − λ) x′ and y ← λ y + (1 − λ) y′, with λ from Beta(α, α), or 1 − λ if it is
    greater, so that the larger part is that of the row itself.

    Args:
        images: Grey values, shape (B, P); overwritten.
        y: Targets, shape (B, n_L); overwritten.
        alpha: α > 0; the larger, the more is mixed.
        rng: Draws the shares and the other images.
    """
    shares = rng.beta(alpha, alpha, (len(images), 1)).astype(images.dtype)
    others = rng.permutation(len(images))
    for array in (images, y):
        array += np.minimum(shares, 1 - shares) * (array[others] - array)


def one_hot(classes: int, dtype: str, smoothing: float = 0.0) -> Array:
    """One-hot targets of K classes, shape (K, K).

    Label smoothing ε gives 1 − ε + ε/K for the right class and ε/K for the others (Szegedy et al.
    2016).
    """
    targets: Array = np.eye(classes, dtype=dtype) * (1 - smoothing) + smoothing / classes
    return targets.astype(dtype)
