"""One layer: x_i = σ(W_i x_{i−1} + b_i), forward and backward, for a whole batch at once.

Rows are samples, so the lecture's column equations stand here transposed:

    lecture (one column)               here (B rows)
    x_i = σ(W_i x_{i−1} + b_i)         X_i = σ(X_{i−1} W_iᵀ + b_i)
    ∂E/∂x_{i−1} = W_iᵀ δ_i             ∂E/∂X_{i−1} = Δ_i W_i
    ∂E/∂W_i = δ_i x_{i−1}ᵀ             ∂E/∂W_i = Δ_iᵀ X_{i−1}
    ∂E/∂b_i = δ_i                      ∂E/∂b_i = the sum of Δ_i's rows
"""

from typing import NamedTuple

import numpy as np

from nntrain.nn.activations import Activation
from nntrain.nn.arrays import Array


class Dense(NamedTuple):
    """A fully-connected layer.

    Attributes:
        weights: W_i, shape (n_i, n_{i−1}).
        biases: b_i, shape (n_i,).
        activation: σ and σ′.
    """

    weights: Array
    biases: Array
    activation: Activation

    def forward(self, x: Array, out: Array) -> None:
        """Fill `out`, shape (B, n_i), with σ(W_i x + b_i) for x = x_{i−1} of shape (B, n_{i−1})."""
        np.matmul(x, self.weights.T, out=out)
        np.add(out, self.biases, out=out)
        self.activation.function(out, out)

    def gradient(self, delta: Array, x: Array, weights: Array, biases: Array) -> None:
        """Fill ∂E/∂W_i and ∂E/∂b_i.

        Args:
            delta: δ_i, shape (B, n_i).
            x: x_{i−1}, shape (B, n_{i−1}).
            weights: Filled with ∂E/∂W_i, shape (n_i, n_{i−1}).
            biases: Filled with ∂E/∂b_i, shape (n_i,).
        """
        np.matmul(delta.T, x, out=weights)
        np.add.reduce(delta, axis=0, out=biases)

    def backward(self, delta: Array, out: Array) -> None:
        """Fill `out`, shape (B, n_{i−1}), with ∂E/∂x_{i−1} = W_iᵀ δ_i."""
        np.matmul(delta, self.weights, out=out)
