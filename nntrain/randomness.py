"""Every random number is a function of (seed, purpose, epoch, batch).

A counter-based generator (Philox: Salmon et al., *Parallel random numbers: as easy as 1, 2, 3*,
2011) makes that possible: nothing needs saving for an exact resume, and batches can be prepared
ahead and in any order.
"""

from enum import IntEnum

import numpy as np


class Purpose(IntEnum):
    """What the random numbers are for; each purpose has a stream of its own."""

    WEIGHTS = 1
    SPLIT = 2
    SHUFFLE = 3
    DISTORTION = 4
    DROPOUT = 5
    DEMO = 6
    PREDICTION = 7
    GRADIENT_CHECK = 8
    FOLDS = 9
    MIXUP = 10


def generator(seed: int, purpose: Purpose, epoch: int = 0, batch: int = 0) -> np.random.Generator:
    """Create the generator of one purpose, epoch and batch of a seed, 0 ≤ seed < 2⁶⁴.

    The seed and the purpose are Philox's key; epoch and batch, from 0, are the upper half of its
    256-bit counter, so that streams cannot overlap within 2¹²⁸ draws.
    """
    key = np.array([seed, purpose], dtype=np.uint64)
    counter = np.array([0, 0, batch, epoch], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key, counter=counter))
