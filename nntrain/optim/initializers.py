"""Initialisers of the weights. Biases are initialised to zero.

Most choose the variance so that signals neither vanish nor explode from layer to layer. n_in is the
number of inputs of a neuron, n_out the number of neurons. W has the shape (n_out, n_in), or
(n_out, height, width, channels) for windows of pictures.
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


def by_inputs(distribution: Callable[[float], Initializer], square: float) -> Initializer:
    """A normal distribution of variance `square` / n_in, or a uniform one of a third of it."""
    return lambda rng, shape: distribution(math.sqrt(square / math.prod(shape[1:])))(rng, shape)


def by_neurons(distribution: Callable[[float], Initializer], square: float) -> Initializer:
    """The same with n_in + n_out in place of n_in."""
    return lambda rng, shape: distribution(math.sqrt(square / (math.prod(shape[1:]) + shape[0])))(
        rng, shape
    )


INITIALIZERS: dict[str, Initializer] = {
    # Variance 2 / (n_in + n_out)  (Glorot and Bengio 2010, eq. 16).
    "xavier_normal": by_neurons(normal, 2),
    "xavier_uniform": by_neurons(uniform, 6),
    "glorot_normal": by_neurons(normal, 2),
    "glorot_uniform": by_neurons(uniform, 6),
    # Variance 2 / n_in: half of the relu neurons output 0  (He et al. 2015).
    "he_normal": by_inputs(normal, 2),
    "he_uniform": by_inputs(uniform, 6),
    # Variance 1 / n_in  (LeCun et al. 1998, *Efficient BackProp*, §4.6).
    "lecun_normal": by_inputs(normal, 1),
    "lecun_uniform": by_inputs(uniform, 3),
    "zeros": zeros,
}
