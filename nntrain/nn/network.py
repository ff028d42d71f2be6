"""A network of layers: forward propagation, and backpropagation of the error.

All parameters are one vector: the weights of all layers, then the biases of all layers. The
gradient is a vector in the same order. W_i, b_i, ∂E/∂W_i and ∂E/∂b_i are views into these vectors,
so an optimiser is a few operations on two vectors.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntrain.nn.arrays import Array, Shape
from nntrain.nn.layers import Layer
from nntrain.nn.losses import LOSSES

# Weights of layers with at least this many neurons are stored in column-major order: BLAS then
# reads Wᵀ in memory order, which is faster.
WIDE = 64


def shapes_of(input_shape: Shape, layers: Sequence[Layer]) -> list[Shape]:
    """The shapes of x_0 … x_L; ValueError if a layer cannot take the shape before it."""
    shapes = [input_shape]
    for layer in layers:
        shapes.append(layer.output_shape(shapes[-1]))
    return shapes


def parameter_count(input_shape: Shape, layers: Sequence[Layer]) -> int:
    """The number of weights and biases of a network of these layers, which is not constructed."""
    shapes = shapes_of(input_shape, layers)
    return sum(
        math.prod(shape)
        for layer, before in zip(layers, shapes, strict=False)
        for shape in layer.parameter_shapes(before)
    )


class Network:
    """A sequence of layers with a loss.

    Args:
        input_shape: The shape of one sample x_0.
        layers: From the first to the last. A layer belongs to one network only.
        loss: The name of E, a key of `LOSSES`.
        dtype: float32 or float64.

    Attributes:
        layers: The layers 1 … L.
        shapes: The shapes of x_0 … x_L, for one sample.
        parameters: The vector, shape (size,), initially zero.
        weight_count: The number of weights; they are the first parameters.
        canonical: Whether δ_L = x_L − y for this loss and the last activation.

    Raises:
        ValueError: If there is no layer, or a layer cannot take the shape before it.
        KeyError: If the loss is unknown.
    """

    def __init__(
        self,
        input_shape: Shape,
        layers: Sequence[Layer],
        loss: str,
        dtype: str | np.dtype[np.floating] = "float32",
    ) -> None:
        if not layers:
            raise ValueError("a network needs a layer")
        self.layers = list(layers)
        self.shapes = shapes_of(input_shape, layers)
        self._parameter_shapes = [
            layer.parameter_shapes(shape) for layer, shape in zip(layers, self.shapes, strict=False)
        ]
        self.weight_count = sum(math.prod(weights) for weights, _ in self._parameter_shapes)
        self.parameters: Array = np.zeros(parameter_count(input_shape, layers), dtype)
        for layer, (weights, biases) in zip(layers, self.views(self.parameters), strict=True):
            layer.weights, layer.biases = weights, biases
        self.loss = LOSSES[loss]
        self.canonical = self.layers[-1].activation is self.loss.canonical

    @property
    def widths(self) -> list[int]:
        """n_0 … n_L: the sizes of x_0 … x_L."""
        return [math.prod(shape) for shape in self.shapes]

    def views(self, vector: NDArray[Any]) -> list[tuple[NDArray[Any], NDArray[Any]]]:
        """(W_i, b_i) of each layer, or (∂E/∂W_i, ∂E/∂b_i), as views into a vector.

        Args:
            vector: Shape (size,), in the order of the parameters.
        """
        weights, biases = zip(*self._parameter_shapes, strict=True)
        return list(
            zip(
                _cut(vector[: self.weight_count], weights),
                _cut(vector[self.weight_count :], biases),
                strict=True,
            )
        )

    def forward(self, x: Array) -> list[Array]:
        """Propagate x_0, shape (B, n_0) or (B, *input_shape), through all layers: [x_0, …, x_L]."""
        x = x.reshape(len(x), *self.shapes[0])
        xs = [x]
        for layer in self.layers:
            xs.append(layer.forward(xs[-1]))
        return xs

    def predict(self, x: Array) -> Array:
        """x_L for inputs x_0 of shape (B, n_0) or (B, *input_shape)."""
        x = x.reshape(len(x), *self.shapes[0])
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def output_delta(
        self, x: Array, y: Array, out: Array | None = None, scratch: Array | None = None
    ) -> Array:
        """δ_L = ∂E/∂x_L ⊙ σ′(z_L) of each sample, from x_L and the targets y."""
        if self.canonical:
            return np.subtract(x, y, out=out)
        error = self.loss.gradient(x, y, out)
        return self.layers[-1].activation.backward(error, x, out, scratch)

    def backpropagate(self, xs: Sequence[Array], y: Array) -> list[Array]:
        """[δ_1, …, δ_L] of the mean error of a batch, from the last layer to the first.

        δ_i = W_{i+1}ᵀ δ_{i+1} ⊙ σ′(z_i).

        Args:
            xs: x_0 … x_L, as `forward` returns them.
            y: The targets, in the shape of x_L.
        """
        deltas: list[Array] = [self.output_delta(xs[-1], y) / len(y)]
        for i in range(len(self.layers) - 1, 0, -1):
            error = self.layers[i].backward(deltas[0], xs[i])
            deltas.insert(0, self.layers[i - 1].activation.backward(error, xs[i]))
        return deltas

    def gradient(self, xs: Sequence[Array], y: Array) -> Array:
        """The gradient of the mean error, shape (size,); arguments as in `backpropagate`."""
        vector = np.empty_like(self.parameters)
        for layer, delta, x, out in zip(
            self.layers, self.backpropagate(xs, y), xs, self.views(vector), strict=False
        ):
            layer.gradient(delta, x, out)
        return vector


def _cut(vector: NDArray[Any], shapes: Sequence[Shape]) -> Iterator[NDArray[Any]]:
    """Consecutive parts of a vector, as views of the given shapes."""
    ends = np.cumsum([0, *map(math.prod, shapes)]).tolist()
    for (start, end), shape in zip(pairwise(ends), shapes, strict=True):
        part = vector[start:end]
        is_wide = len(shape) == 2 and shape[0] >= WIDE
        yield part.reshape(shape[::-1]).T if is_wide else part.reshape(shape)
