"""Layers: x_i = σ(W_i x_{i−1} + b_i) and its gradients, for a batch.

Rows are samples, so the lecture's equations for columns are transposed:

    lecture (one column)               here (B rows)
    x_i = σ(W_i x_{i−1} + b_i)         X_i = σ(X_{i−1} W_iᵀ + b_i)
    ∂E/∂x_{i−1} = W_iᵀ δ_i             ∂E/∂X_{i−1} = Δ_i W_i
    ∂E/∂W_i = δ_i x_{i−1}ᵀ             ∂E/∂W_i = Δ_iᵀ X_{i−1}
    ∂E/∂b_i = δ_i                      ∂E/∂b_i = the sum of the rows of Δ_i
"""

from typing import Protocol

import numpy as np

from nntrain.nn.activations import ACTIVATIONS, Activation
from nntrain.nn.arrays import NEW, Array, Outputs, Shape


class Layer(Protocol):
    """The interface of a layer. A new kind of layer implements it.

    Attributes:
        activation: σ and σ′.
        weights, biases: Views into the parameters of the network that the layer belongs to. The
            network sets them. They have size 0 if the layer has no parameters.
    """

    activation: Activation
    weights: Array = np.empty(0)
    biases: Array = np.empty(0)

    def output_shape(self, input_shape: Shape) -> Shape:
        """The shape of x_i from that of x_{i−1}; ValueError if the layer cannot take it."""

    def parameter_shapes(self, input_shape: Shape) -> tuple[Shape, Shape]:
        """The shapes of the weights and of the biases; (0,) if the layer has none."""
        return (0,), (0,)

    def forward(self, x: Array, out: Array | None = None) -> Array:
        """x_i from x_{i−1}."""

    def backward(self, delta: Array, x: Array, out: Array | None = None) -> Array:
        """∂E/∂x_{i−1} from δ_i and x_{i−1}."""

    def gradient(self, delta: Array, x: Array, out: Outputs = NEW) -> tuple[Array, Array]:
        """∂E/∂W_i and ∂E/∂b_i from δ_i and x_{i−1}."""
        return self.weights, self.biases


class Dense(Layer):
    """A fully connected layer.

    Args:
        neurons: The number of neurons n_i.
        activation: The name of σ, a key of `ACTIVATIONS`.

    Attributes:
        weights: W_i, shape (n_i, n_{i−1}).
        biases: b_i, shape (n_i,).
    """

    def __init__(self, neurons: int, activation: str) -> None:
        self.neurons = neurons
        self.activation = ACTIVATIONS[activation]

    def output_shape(self, input_shape: Shape) -> Shape:
        """(n_i,)."""
        if len(input_shape) != 1 or min(*input_shape, self.neurons) < 1:
            raise ValueError(f"{self.neurons} neurons cannot have inputs of shape {input_shape}")
        return (self.neurons,)

    def parameter_shapes(self, input_shape: Shape) -> tuple[Shape, Shape]:
        """(n_i, n_{i−1}) and (n_i,)."""
        return (self.neurons, *input_shape), (self.neurons,)

    def forward(self, x: Array, out: Array | None = None) -> Array:
        """σ(W_i x_{i−1} + b_i), shape (B, n_i)."""
        z = np.matmul(x, self.weights.T, out=out)
        z += self.biases
        return self.activation.forward(z, out=z)

    def backward(self, delta: Array, x: Array, out: Array | None = None) -> Array:
        """∂E/∂x_{i−1} = W_iᵀ δ_i, shape (B, n_{i−1})."""
        return np.matmul(delta, self.weights, out=out)

    def gradient(self, delta: Array, x: Array, out: Outputs = NEW) -> tuple[Array, Array]:
        """∂E/∂W_i = δ_i x_{i−1}ᵀ and ∂E/∂b_i = δ_i, both summed over the batch."""
        weights = np.matmul(delta.T, x, out=out[0])
        biases = np.add.reduce(delta, axis=0, out=out[1])
        return weights, biases
