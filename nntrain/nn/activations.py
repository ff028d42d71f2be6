"""Activations: σ and σ′ in pairs.

Each σ′ is written in terms of x = σ(z), so that the trace x_0 … x_L of a forward pass is all that
backpropagation needs. All functions fill `out`, which may be the input itself.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from nntrain.nn.arrays import Array

Elementwise: TypeAlias = Callable[[Array, Array], None]

# LeCun, Efficient BackProp (1998), §4.4: σ(±1) ≈ ±1, where the curvature of σ is greatest.
TANH_AMPLITUDE = 1.7159
TANH_SLOPE = 2 / 3
LEAK = 0.01


class Activation(ABC):
    """σ and what backpropagation needs of σ′.

    Attributes:
        function: σ: takes z of shape (B, n), fills x = σ(z).
        has_kink: Whether σ′ jumps at z = 0, so that σ has no derivative there.
    """

    function: Elementwise
    has_kink = False

    @abstractmethod
    def multiply_by_derivative(self, delta: Array, x: Array, scratch: Array) -> None:
        """∂E/∂x becomes δ = ∂E/∂x ⊙ σ′(z), in place.

        Args:
            delta: ∂E/∂x, shape (B, n); overwritten with δ.
            x: σ(z), shape (B, n).
            scratch: Shape (B, n); overwritten.
        """


class Neuronwise(Activation):
    """An activation that acts on every neuron alone.

    Attributes:
        derivative: σ′: takes x = σ(z) of shape (B, n), fills σ′(z).
    """

    def __init__(
        self, function: Elementwise, derivative: Elementwise, has_kink: bool = False
    ) -> None:
        self.function = function
        self.derivative = derivative
        self.has_kink = has_kink

    def multiply_by_derivative(self, delta: Array, x: Array, scratch: Array) -> None:
        """∂E/∂x becomes δ = ∂E/∂x ⊙ σ′(z), in place; shapes as in `Activation`."""
        self.derivative(x, scratch)
        np.multiply(delta, scratch, out=delta)


class Softmax(Activation):
    """Each output depends on every z of its row, so σ′ is a matrix for each sample.

    ∂x_j/∂z_k = x_j (1[j = k] − x_k), and ∂E/∂x times this matrix is x ⊙ (∂E/∂x − Σ_j ∂E/∂x_j x_j).
    """

    def __init__(self) -> None:
        self.function = softmax

    def multiply_by_derivative(self, delta: Array, x: Array, scratch: Array) -> None:
        """∂E/∂x becomes δ = ∂E/∂x · ∂x/∂z, in place; shapes as in `Activation`."""
        np.multiply(delta, x, out=scratch)
        np.subtract(delta, scratch.sum(axis=1, keepdims=True), out=delta)
        np.multiply(delta, x, out=delta)


def identity(z: Array, out: Array) -> None:
    """x = z."""
    if out is not z:
        np.copyto(out, z)


def identity_derivative(x: Array, out: Array) -> None:
    """σ′ = 1."""
    out.fill(1)


def sigmoid(z: Array, out: Array) -> None:
    """x = 1 / (1 + e^−z), written as ½ + ½ tanh(z/2), which cannot overflow."""
    np.multiply(z, 0.5, out=out)
    np.tanh(out, out=out)
    np.multiply(out, 0.5, out=out)
    np.add(out, 0.5, out=out)


def sigmoid_derivative(x: Array, out: Array) -> None:
    """σ′ = σ (1 − σ)."""
    np.subtract(1, x, out=out)
    np.multiply(out, x, out=out)


def tanh(z: Array, out: Array) -> None:
    """x = tanh z."""
    np.tanh(z, out=out)


def tanh_derivative(x: Array, out: Array) -> None:
    """σ′ = 1 − σ²."""
    np.multiply(x, x, out=out)
    np.subtract(1, out, out=out)


def scaled_tanh(z: Array, out: Array) -> None:
    """x = 1.7159 tanh(2z/3)  (LeCun 1998)."""
    np.multiply(z, TANH_SLOPE, out=out)
    np.tanh(out, out=out)
    np.multiply(out, TANH_AMPLITUDE, out=out)


def scaled_tanh_derivative(x: Array, out: Array) -> None:
    """σ′ = 2/3 · (1.7159 − σ²/1.7159)."""
    np.multiply(x, x, out=out)
    np.multiply(out, -TANH_SLOPE / TANH_AMPLITUDE, out=out)
    np.add(out, TANH_SLOPE * TANH_AMPLITUDE, out=out)


def relu(z: Array, out: Array) -> None:
    """x = max(0, z)."""
    np.maximum(z, 0, out=out)


def relu_derivative(x: Array, out: Array) -> None:
    """σ′ = 1 where z > 0, else 0."""
    np.sign(x, out=out)


def leaky_relu(z: Array, out: Array) -> None:
    """x = z where z > 0, else 0.01 z  (Maas et al. 2013)."""
    np.maximum(z, LEAK * z, out=out)


def leaky_relu_derivative(x: Array, out: Array) -> None:
    """σ′ = 1 where z > 0, else 0.01."""
    np.greater(x, 0, out=out, casting="unsafe")
    np.maximum(out, LEAK, out=out)


def softmax(z: Array, out: Array) -> None:
    """x_j = e^{z_j} / Σ_k e^{z_k}, shifted by each row's greatest z, which cannot overflow."""
    np.subtract(z, z.max(axis=1, keepdims=True), out=out)
    np.exp(out, out=out)
    np.divide(out, out.sum(axis=1, keepdims=True), out=out)


ACTIVATIONS: dict[str, Activation] = {
    "identity": Neuronwise(identity, identity_derivative),
    "sigmoid": Neuronwise(sigmoid, sigmoid_derivative),
    "tanh": Neuronwise(tanh, tanh_derivative),
    "scaled_tanh": Neuronwise(scaled_tanh, scaled_tanh_derivative),
    "relu": Neuronwise(relu, relu_derivative, has_kink=True),
    "leaky_relu": Neuronwise(leaky_relu, leaky_relu_derivative, has_kink=True),
    "softmax": Softmax(),
}
