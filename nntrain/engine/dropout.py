"""Dropout: which inputs of the layers a training step leaves out (Srivastava et al. 2014)."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nntrain.nn.arrays import Array
from nntrain.randomness import Purpose, generator


class Dropout(NamedTuple):
    """Inverted dropout: what is kept is divided by the kept share, so that prediction needs none.

    Attributes:
        rates: The shares of x_0 … x_{L−1} that each step leaves out.
        seed: Of the masks, which depend on it, the epoch and the batch alone.
    """

    rates: Sequence[float]
    seed: int

    def draw(self, masks: Sequence[Array | None], epoch: int, batch: int) -> None:
        """Fill the masks of one batch with 0 and 1 / (1 − rate).

        Args:
            masks: For x_0 … x_{L−1}, shape (B, *shape); None where the rate is 0.
            epoch: Counted from 0.
            batch: Within the epoch, counted from 0.
        """
        rng = generator(self.seed, Purpose.DROPOUT, epoch, batch)
        for rate, mask in zip(self.rates, masks, strict=True):
            if mask is not None:
                # 16 random bits are enough for a share, and cost half of a random float.
                drawn = rng.integers(0, 1 << 16, mask.shape, np.uint16)
                np.copyto(mask, drawn < round((1 - rate) * (1 << 16)))
                mask *= 1 / (1 - rate)
