"""Activation functions σ and their derivatives σ′.

Each σ′ is a function of x = σ(z), so backpropagation needs only the outputs x_0 … x_L of a forward
pass. All functions take `out`, the array to write into, as NumPy's do; without it, the result is a
new array.
"""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np

from nntrain.nn.arrays import Array

# LeCun, Efficient BackProp (1998), §4.4: σ(±1) ≈ ±1, where the curvature of σ is greatest.
TANH_AMPLITUDE = 1.7159
TANH_SLOPE = 2 / 3
LEAK = 0.01


class Elementwise(NamedTuple):
    """An activation that acts on each neuron separately, such as the sigmoid."""

    forward: Callable[..., Array]
    derivative: Callable[..., Array]

    def backward(
        self, gradient: Array, x: Array, out: Array | None = None, scratch: Array | None = None
    ) -> Array:
        """δ = ∂E/∂x ⊙ σ′(z), from ∂E/∂x and x = σ(z), both of shape (B, n)."""
        return np.multiply(gradient, self.derivative(x, scratch), out=out)


class Softmax:
    """x_j = e^{z_j} / Σ_k e^{z_k}, over the z of one row."""

    def forward(self, z: Array, out: Array | None = None) -> Array:
        """Softmax of each row. Subtracting the row's maximum keeps e^z from overflowing."""
        x: Array = np.subtract(z, z.max(axis=1, keepdims=True), out=out)
        np.exp(x, out=x)
        x /= x.sum(axis=1, keepdims=True)
        return x

    def backward(
        self, gradient: Array, x: Array, out: Array | None = None, scratch: Array | None = None
    ) -> Array:
        """δ = x ⊙ (∂E/∂x − Σ_j ∂E/∂x_j x_j), since ∂x_j/∂z_k = x_j (1[j = k] − x_k)."""
        weighted = np.multiply(gradient, x, out=scratch)
        delta: Array = np.subtract(gradient, weighted.sum(axis=1, keepdims=True), out=out)
        delta *= x
        return delta


Activation: TypeAlias = Elementwise | Softmax


def identity_derivative(x: Array, out: Array | None = None) -> Array:
    """σ′ = 1."""
    slope = np.empty_like(x) if out is None else out
    slope.fill(1)
    return slope


def sigmoid(z: Array, out: Array | None = None) -> Array:
    """x = 1 / (1 + e^−z)."""
    x: Array = np.negative(z, out=out)
    with np.errstate(over="ignore"):  # of e^−z = ∞, which gives the right x = 0
        np.exp(x, out=x)
    x += 1
    return np.reciprocal(x, out=x)


def sigmoid_derivative(x: Array, out: Array | None = None) -> Array:
    """σ′ = σ (1 − σ)."""
    slope = np.subtract(1, x, out=out)
    slope *= x
    return slope


def tanh_derivative(x: Array, out: Array | None = None) -> Array:
    """σ′ = 1 − σ²."""
    slope = np.multiply(x, x, out=out)
    return np.subtract(1, slope, out=slope)


def scaled_tanh(z: Array, out: Array | None = None) -> Array:
    """x = 1.7159 tanh(2z/3)  (LeCun 1998)."""
    x = np.multiply(z, TANH_SLOPE, out=out)
    np.tanh(x, out=x)
    x *= TANH_AMPLITUDE
    return x


def scaled_tanh_derivative(x: Array, out: Array | None = None) -> Array:
    """σ′ = 2/3 · (1.7159 − σ²/1.7159)."""
    slope = np.multiply(x, x, out=out)
    slope *= -TANH_SLOPE / TANH_AMPLITUDE
    slope += TANH_SLOPE * TANH_AMPLITUDE
    return slope


def relu(z: Array, out: Array | None = None) -> Array:
    """x = max(0, z)."""
    return np.maximum(z, 0, out=out)


def relu_derivative(x: Array, out: Array | None = None) -> Array:
    """σ′ = 1 where z > 0, else 0."""
    slope = np.empty_like(x) if out is None else out
    return np.greater(x, 0, out=slope, casting="unsafe")


def leaky_relu(z: Array, out: Array | None = None) -> Array:
    """x = z where z > 0, else 0.01 z  (Maas et al. 2013)."""
    x: Array = np.maximum(z, LEAK * z, out=out)
    return x


def leaky_relu_derivative(x: Array, out: Array | None = None) -> Array:
    """σ′ = 1 where z > 0, else 0.01."""
    slope = relu_derivative(x, out)
    return np.maximum(slope, LEAK, out=slope)


ACTIVATIONS: dict[str, Activation] = {
    "identity": Elementwise(np.positive, identity_derivative),
    "sigmoid": Elementwise(sigmoid, sigmoid_derivative),
    "tanh": Elementwise(np.tanh, tanh_derivative),
    "scaled_tanh": Elementwise(scaled_tanh, scaled_tanh_derivative),
    "relu": Elementwise(relu, relu_derivative),
    "leaky_relu": Elementwise(leaky_relu, leaky_relu_derivative),
    "softmax": Softmax(),
}
