"""Initialisers of the weights. Biases are initialised to zero.

Most choose the variance so that signals neither vanish nor explode from layer to layer. n_in is the
number of inputs of a neuron, n_out the number of neurons. W has the shape (n_out, n_in), or
(n_out, channels, height, width) where the inputs are images.
"""

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from nntrain.nn.arrays import Array, Shape

# Draws W of a given shape in float64; the network rounds it to its own precision.
Initializer: TypeAlias = Callable[[np.random.Generator, Shape], Array]


def normal(scale: float) -> Initializer:
    """Normal distribution with mean 0 and standard deviation `scale`."""
    return lambda rng, shape: rng.normal(0.0, scale, shape)


def uniform(bound: float) -> Initializer:
    """Uniform distribution between −`bound` and `bound`."""
    return lambda rng, shape: rng.uniform(-bound, bound, shape)


def zeros(rng: np.random.Generator, shape: Shape) -> Array:
    """All zero. For a single layer only: in a deeper network, all neurons would stay equal."""
    return np.zeros(shape)


def xavier_normal(rng: np.random.Generator, shape: Shape) -> Array:
    """Variance 2 / (n_in + n_out)  (Glorot and Bengio 2010)."""
    return normal(math.sqrt(2 / sum(_fans(shape))))(rng, shape)


def xavier_uniform(rng: np.random.Generator, shape: Shape) -> Array:
    """Variance 2 / (n_in + n_out)  (Glorot and Bengio 2010, eq. 16)."""
    return uniform(math.sqrt(6 / sum(_fans(shape))))(rng, shape)


def he_normal(rng: np.random.Generator, shape: Shape) -> Array:
    """Variance 2 / n_in: half of the relu neurons output 0  (He et al. 2015)."""
    return normal(math.sqrt(2 / _fans(shape)[0]))(rng, shape)


def he_uniform(rng: np.random.Generator, shape: Shape) -> Array:
    """Variance 2 / n_in  (He et al. 2015)."""
    return uniform(math.sqrt(6 / _fans(shape)[0]))(rng, shape)


def lecun_normal(rng: np.random.Generator, shape: Shape) -> Array:
    """Variance 1 / n_in  (LeCun et al. 1998, *Efficient BackProp*, §4.6)."""
    return normal(math.sqrt(1 / _fans(shape)[0]))(rng, shape)


def lecun_uniform(rng: np.random.Generator, shape: Shape) -> Array:
    """Variance 1 / n_in  (LeCun et al. 1998, *Efficient BackProp*, §4.6)."""
    return uniform(math.sqrt(3 / _fans(shape)[0]))(rng, shape)


def _fans(shape: Shape) -> tuple[int, int]:
    """n_in and n_out."""
    return math.prod(shape[1:]), shape[0]


INITIALIZERS: dict[str, Initializer] = {
    "xavier_normal": xavier_normal,
    "xavier_uniform": xavier_uniform,
    "glorot_normal": xavier_normal,
    "glorot_uniform": xavier_uniform,
    "he_normal": he_normal,
    "he_uniform": he_uniform,
    "lecun_normal": lecun_normal,
    "lecun_uniform": lecun_uniform,
    "zeros": zeros,
}
