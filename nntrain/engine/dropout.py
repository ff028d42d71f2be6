"""Dropout of the inputs of layers in a training step  (Srivastava et al. 2014)."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nntrain.nn.arrays import Array
from nntrain.randomness import Purpose, generator


class Dropout(NamedTuple):
    """Inverted dropout: kept values are divided by the kept share, so prediction needs no scaling.

    Attributes:
        rates: The shares of x_0 … x_{L−1} that each step sets to zero.
        seed: The masks depend only on it, the epoch and the batch.
    """

    rates: Sequence[float]
    seed: int

    def draw(self, masks: Sequence[Array | None], epoch: int, batch: int) -> None:
        """Fill the masks of one batch with 0 and 1 / (1 − rate).

        Args:
            masks: For x_0 … x_{L−1}, shape (B, *shape); None where the rate is 0.
            epoch: Number of the epoch, from 0.
            batch: Number of the batch within the epoch, from 0.
        """
        rng = generator(self.seed, Purpose.DROPOUT, epoch, batch)
        for rate, mask in zip(self.rates, masks, strict=True):
            if mask is not None:
                # 16 random bits are enough for a rate, and take half the time of a random float.
                drawn = rng.integers(0, 1 << 16, mask.shape, np.uint16)
                np.copyto(mask, drawn < round((1 - rate) * (1 << 16)))
                mask *= 1 / (1 - rate)
