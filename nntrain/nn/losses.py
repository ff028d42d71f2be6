"""Loss functions E and their gradients ∂E/∂x_L.

Both are for single samples. E of a batch is the mean over its samples; backpropagation divides δ_L
by the batch size B, so all gradients are means too.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from nntrain.nn.activations import ACTIVATIONS, Activation
from nntrain.nn.arrays import Array

# Below this value, the logarithm is replaced by its tangent: E stays finite and ∂E/∂x its exact
# gradient, even for outputs that are zero or negative (tanh). Well within the range of float32.
SMALLEST_PROBABILITY = 1e-30
# The same for x and 1 − x of a binary output; 1 − x has no smaller positive value in float32.
SMALLEST_DOUBT = 2.0**-25


class Loss(NamedTuple):
    """A loss E of outputs x_L for targets y, both of shape (B, n_L).

    Attributes:
        errors: E of each sample, shape (B,).
        gradient: ∂E/∂x_L of each sample, shape (B, n_L).
        canonical: The activation with which ∂E/∂x_L ⊙ σ′ simplifies to δ_L = x_L − y, which avoids
            a division by a vanishing x_L.
    """

    errors: Callable[[Array, Array], Array]
    gradient: Callable[..., Array]
    canonical: Activation

    def value(self, x: Array, y: Array) -> float:
        """The mean error of a batch."""
        return float(self.errors(x, y).mean(dtype=np.float64))


def squared_error(x: Array, y: Array) -> Array:
    """E = ½ ‖x_L − y‖²  (the lecture's error)."""
    error: Array = 0.5 * np.square(x - y).sum(axis=1)
    return error


def squared_error_gradient(x: Array, y: Array, out: Array | None = None) -> Array:
    """∂E/∂x_L = x_L − y."""
    return np.subtract(x, y, out=out)


def cross_entropy(x: Array, y: Array) -> Array:
    """E = −Σ_j y_j ln x_j."""
    error: Array = -(y * _log(x, SMALLEST_PROBABILITY)).sum(axis=1)
    return error


def cross_entropy_gradient(x: Array, y: Array, out: Array | None = None) -> Array:
    """∂E/∂x_j = −y_j / x_j."""
    return np.divide(-y, np.maximum(x, SMALLEST_PROBABILITY), out=out)


def binary_cross_entropy(x: Array, y: Array) -> Array:
    """E = −Σ_j (y_j ln x_j + (1 − y_j) ln(1 − x_j)): independent binary outputs."""
    yes, no = _log(x, SMALLEST_DOUBT), _log(1 - x, SMALLEST_DOUBT)
    error: Array = -(y * yes + (1 - y) * no).sum(axis=1)
    return error


def binary_cross_entropy_gradient(x: Array, y: Array, out: Array | None = None) -> Array:
    """∂E/∂x_j = (1 − y_j) / (1 − x_j) − y_j / x_j."""
    no, yes = np.maximum(1 - x, SMALLEST_DOUBT), np.maximum(x, SMALLEST_DOUBT)
    return np.subtract((1 - y) / no, y / yes, out=out)


def _log(x: Array, smallest: float) -> Array:
    """The natural logarithm, extended by its tangent below `smallest`."""
    floor = np.maximum(x, smallest)
    logarithm: Array = np.log(floor) + (x - floor) / floor
    return logarithm


LOSSES: dict[str, Loss] = {
    "squared_error": Loss(squared_error, squared_error_gradient, ACTIVATIONS["identity"]),
    "cross_entropy": Loss(cross_entropy, cross_entropy_gradient, ACTIVATIONS["softmax"]),
    "binary_cross_entropy": Loss(
        binary_cross_entropy, binary_cross_entropy_gradient, ACTIVATIONS["sigmoid"]
    ),
}
