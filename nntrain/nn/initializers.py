"""Initialisers: where the weights begin. Biases begin at zero.

The variance of the weights is chosen so that signals neither fade nor grow from layer to layer.
n_in and n_out are the layer's numbers of inputs and outputs; W has the shape (n_out, n_in).
"""

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from nntrain.nn.arrays import Array

# Draws W, shape (n_out, n_in), float64; the network rounds it to its own precision.
Initializer: TypeAlias = Callable[[np.random.Generator, int, int], Array]


def normal(scale: float) -> Initializer:
    """Normal with mean 0 and standard deviation `scale`."""
    return lambda rng, n_out, n_in: rng.normal(0.0, scale, (n_out, n_in))


def uniform(bound: float) -> Initializer:
    """Uniform between −`bound` and `bound`."""
    return lambda rng, n_out, n_in: rng.uniform(-bound, bound, (n_out, n_in))


def zeros(rng: np.random.Generator, n_out: int, n_in: int) -> Array:
    """All zero: for one layer alone; deeper networks could never tell their neurons apart."""
    return np.zeros((n_out, n_in))


def xavier_normal(rng: np.random.Generator, n_out: int, n_in: int) -> Array:
    """Variance 2 / (n_in + n_out)  (Glorot and Bengio 2010)."""
    return normal(math.sqrt(2 / (n_in + n_out)))(rng, n_out, n_in)


def xavier_uniform(rng: np.random.Generator, n_out: int, n_in: int) -> Array:
    """Variance 2 / (n_in + n_out)  (Glorot and Bengio 2010, eq. 16)."""
    return uniform(math.sqrt(6 / (n_in + n_out)))(rng, n_out, n_in)


def he_normal(rng: np.random.Generator, n_out: int, n_in: int) -> Array:
    """Variance 2 / n_in: half of a relu's neurons are silent  (He et al. 2015)."""
    return normal(math.sqrt(2 / n_in))(rng, n_out, n_in)


def he_uniform(rng: np.random.Generator, n_out: int, n_in: int) -> Array:
    """Variance 2 / n_in  (He et al. 2015)."""
    return uniform(math.sqrt(6 / n_in))(rng, n_out, n_in)


def lecun_normal(rng: np.random.Generator, n_out: int, n_in: int) -> Array:
    """Variance 1 / n_in  (LeCun et al. 1998, *Efficient BackProp*, §4.6)."""
    return normal(math.sqrt(1 / n_in))(rng, n_out, n_in)


def lecun_uniform(rng: np.random.Generator, n_out: int, n_in: int) -> Array:
    """Variance 1 / n_in  (LeCun et al. 1998, *Efficient BackProp*, §4.6)."""
    return uniform(math.sqrt(3 / n_in))(rng, n_out, n_in)


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
