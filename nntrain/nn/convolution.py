"""Convolution and pooling of pictures, arrays of shape (B, height, width, channels).

A convolution is the dense layer, applied to every window. With the windows as the rows of X:

    Z = X Wᵀ + b,  ∂E/∂X = Δ W,  ∂E/∂W = Δᵀ X,  ∂E/∂b = the sum of the rows of Δ

Only two linear maps are new: picture → windows, and its transpose.
"""

import math
from collections.abc import Iterator
from itertools import product

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from nntrain.nn.activations import ACTIVATIONS
from nntrain.nn.arrays import NEW, Array, Outputs, Shape
from nntrain.nn.layers import Dense, Layer

CACHED_BYTES = 1 << 20  # of windows, which stay in a core's cache


def windows_of(x: Array, kernel: int, stride: int) -> Array:
    """The windows of pictures: a view of shape (B, rows, columns, kernel, kernel, channels)."""
    views = sliding_window_view(x, (kernel, kernel), axis=(1, 2))
    return views[:, ::stride, ::stride].transpose(0, 1, 2, 4, 5, 3)


def pixels_of(x: Array, kernel: int, stride: int) -> Iterator[Array]:
    """Views of the first pixel of every window, then of the second one, and so on, row by row."""
    rows, columns = ((side - kernel) // stride * stride + 1 for side in x.shape[1:3])
    for a, b in product(range(kernel), repeat=2):
        yield x[:, a : a + rows : stride, b : b + columns : stride]


def add_windows(windows: Array, kernel: int, stride: int, out: Array) -> None:
    """The transpose of `windows_of`: add each value to the pixel that it was taken from.

    `windows` are the values of the first pixel of every window, then of the second one, and so on.
    """
    for values, pixels in zip(windows, pixels_of(out, kernel, stride), strict=True):
        pixels += values.reshape(pixels.shape)


def window_counts(shape: Shape, kernel: int, stride: int, padding: int = 0) -> Shape:
    """Rows and columns of windows of a picture; ValueError if it is smaller than a window."""
    if len(shape) != 3 or min(shape[:2]) + 2 * padding < kernel:
        raise ValueError(f"windows of {kernel}×{kernel} do not fit into inputs of shape {shape}")
    return tuple((side + 2 * padding - kernel) // stride + 1 for side in shape[:2])


class Conv(Layer):
    """A dense layer of `filters` neurons for every window of kernel × kernel pixels.

    Args:
        filters: The number of neurons, which are the channels of the output.
        kernel: Height and width of a window.
        activation: The name of σ, a key of `ACTIVATIONS`.
        stride: Pixels from a window to the next.
        padding: Zeros around the picture.

    Attributes:
        weights: W_i, shape (filters, kernel, kernel, channels).
        biases: b_i, shape (filters,).
    """

    def __init__(
        self, filters: int, kernel: int, activation: str, stride: int = 1, padding: int = 0
    ) -> None:
        self.filters, self.kernel, self.stride, self.padding = filters, kernel, stride, padding
        self.activation = ACTIVATIONS[activation]

    def output_shape(self, input_shape: Shape) -> Shape:
        """(rows, columns, filters)."""
        return *window_counts(input_shape, self.kernel, self.stride, self.padding), self.filters

    def parameter_shapes(self, input_shape: Shape) -> tuple[Shape, Shape]:
        """(filters, kernel, kernel, channels) and (filters,)."""
        return (self.filters, self.kernel, self.kernel, input_shape[2]), (self.filters,)

    def forward(self, x: Array, out: Array | None = None) -> Array:
        """σ(W_i x + b_i) for each window x, shape (B, rows, columns, filters)."""
        x_i = np.empty((len(x), *self.output_shape(x.shape[1:])), x.dtype) if out is None else out
        for part in self._parts(x):
            z = x_i[part].reshape(-1, self.filters)
            np.matmul(self._windows(x[part]), self.weights.reshape(self.filters, -1).T, out=z)
            z += self.biases
            self.activation.forward(z, out=z)
        return x_i

    def backward(self, delta: Array, x: Array, out: Array | None = None) -> Array:
        """∂E/∂x_{i−1}: W_iᵀ δ of each window, added up where windows overlap."""
        error = np.empty_like(x) if out is None else out
        error[...] = 0
        weights = self.weights.reshape(self.filters, -1, x.shape[-1]).transpose(1, 0, 2)
        for part in self._parts(x):
            windows = np.matmul(delta[part].reshape(-1, self.filters), weights)
            padded = self._padded(error[part])
            add_windows(windows, self.kernel, self.stride, padded)
            if self.padding:
                inner = slice(self.padding, -self.padding)
                error[part] = padded[:, inner, inner]
        return error

    def gradient(self, delta: Array, x: Array, out: Outputs = NEW) -> tuple[Array, Array]:
        """∂E/∂W_i and ∂E/∂b_i, summed over all windows of the batch."""
        weights = np.empty_like(self.weights) if out[0] is None else out[0]
        weights[...] = 0
        for part in self._parts(x):
            # np.dot leaves other threads running; np.matmul does not where the result is small.
            summed = np.dot(delta[part].reshape(-1, self.filters).T, self._windows(x[part]))
            weights += summed.reshape(weights.shape)
        return weights, np.add.reduce(delta.sum(axis=0), axis=(0, 1), out=out[1])

    def _windows(self, x: Array) -> Array:
        """X: the windows of some pictures, a window a row."""
        windows = windows_of(self._padded(x), self.kernel, self.stride)
        if x.shape[-1] == 1:  # of one channel, columns of X are longer pieces of memory than rows
            return windows.transpose(3, 4, 5, 0, 1, 2).reshape(self.weights[0].size, -1).T
        return windows.reshape(-1, self.weights[0].size)

    def _padded(self, x: Array) -> Array:
        pad = (self.padding, self.padding)
        return np.pad(x, ((0, 0), pad, pad, (0, 0))) if self.padding else x

    def _parts(self, x: Array) -> Iterator[slice]:
        """Pictures whose windows stay in the cache together."""
        rows, columns, _ = self.output_shape(x.shape[1:])
        size = max(1, CACHED_BYTES // (rows * columns * self.weights[0].nbytes))
        return (slice(at, at + size) for at in range(0, len(x), size))


class MaxPool(Layer):
    """The greatest value of each channel of each window of size × size pixels."""

    def __init__(self, size: int, stride: int | None = None) -> None:
        self.size, self.stride = size, stride or size
        self.activation = ACTIVATIONS["identity"]

    def output_shape(self, input_shape: Shape) -> Shape:
        """(rows, columns, channels)."""
        return *window_counts(input_shape, self.size, self.stride), input_shape[2]

    def forward(self, x: Array, out: Array | None = None) -> Array:
        """max x over each window, shape (B, rows, columns, channels)."""
        return self._reduce(np.maximum, x, out)

    def backward(self, delta: Array, x: Array, out: Array | None = None) -> Array:
        """∂E/∂x_{i−1}: δ at the first of the greatest pixels of its window, 0 elsewhere."""
        error = np.empty_like(x) if out is None else out
        error[...] = 0
        rest, values = delta.copy(), np.stack(list(self._pixels(x)))
        greatest = values.max(axis=0)
        for value, errors in zip(values, self._pixels(error), strict=True):
            here = np.multiply(rest, value == greatest, out=value)
            rest -= here
            errors += here
        return error

    def _reduce(self, function: np.ufunc, x: Array, out: Array | None) -> Array:
        """Combine the pixels of each window by a function of two arrays."""
        first, *others = self._pixels(x)
        result: Array = np.positive(first, out=out)
        for pixels in others:
            function(result, pixels, out=result)
        return result

    def _pixels(self, x: Array) -> Iterator[Array]:
        return pixels_of(x, self.size, self.stride)


class MeanPool(MaxPool):
    """The mean of each channel of each window of size × size pixels."""

    def forward(self, x: Array, out: Array | None = None) -> Array:
        """The mean of x over each window, shape (B, rows, columns, channels)."""
        mean = self._reduce(np.add, x, out)
        mean *= 1 / self.size**2
        return mean

    def backward(self, delta: Array, x: Array, out: Array | None = None) -> Array:
        """∂E/∂x_{i−1}: an equal share of δ at each pixel of its window."""
        error = np.empty_like(x) if out is None else out
        error[...] = 0
        for errors in self._pixels(error):
            errors += delta * (1 / self.size**2)
        return error


class FlatDense(Dense):
    """A dense layer that takes the numbers of a picture row by row."""

    def output_shape(self, input_shape: Shape) -> Shape:
        """(n_i,)."""
        return super().output_shape((math.prod(input_shape),))

    def parameter_shapes(self, input_shape: Shape) -> tuple[Shape, Shape]:
        """(n_i, height · width · channels) and (n_i,)."""
        return super().parameter_shapes((math.prod(input_shape),))

    def forward(self, x: Array, out: Array | None = None) -> Array:
        """σ(W_i x_{i−1} + b_i), shape (B, n_i)."""
        return super().forward(_flat(x), out)

    def backward(self, delta: Array, x: Array, out: Array | None = None) -> Array:
        """∂E/∂x_{i−1} = W_iᵀ δ_i, in the shape of the pictures."""
        flat = super().backward(delta, _flat(x), None if out is None else _flat(out))
        return flat.reshape(x.shape)

    def gradient(self, delta: Array, x: Array, out: Outputs = NEW) -> tuple[Array, Array]:
        """∂E/∂W_i and ∂E/∂b_i."""
        return super().gradient(delta, _flat(x), out)


def _flat(x: Array) -> Array:
    return x.reshape(len(x), math.prod(x.shape[1:]))
