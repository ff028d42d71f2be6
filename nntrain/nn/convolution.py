"""Convolution and pooling: the dense layer's equations, applied to every window of a picture.

Pictures have the shape (height, width, channels). With all their windows as the rows of X,
the equations of the dense layer hold unchanged:

    Z = X Wᵀ + b,  ∂E/∂X = Δ W,  ∂E/∂W = Δᵀ X,  ∂E/∂b = the sum of the rows of Δ

Only two linear maps are new: picture → windows, and its transpose.
"""

from collections.abc import Iterator
from itertools import product

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from nntrain.nn.activations import ACTIVATIONS
from nntrain.nn.arrays import Array, Shape

# The windows of so many bytes stay in a core's cache.
CACHED_BYTES = 1 << 20


def windows_of(x: Array, kernel: int, stride: int) -> Array:
    """The windows of pictures: a view of shape (B, rows, columns, kernel, kernel, channels).

    Args:
        x: Pictures, shape (B, height, width, channels).
        kernel: Height and width of a window.
        stride: Pixels from a window to the next.
    """
    views = sliding_window_view(x, (kernel, kernel), axis=(1, 2))
    return views[:, ::stride, ::stride].transpose(0, 1, 2, 4, 5, 3)


def add_windows(windows: Array, stride: int, out: Array) -> None:
    """The transpose of `windows_of`: add each value to the pixel that it was taken from."""
    _, rows, columns, kernel, *_ = windows.shape
    for a, b in product(range(kernel), repeat=2):
        pixels = out[:, a : a + stride * rows : stride, b : b + stride * columns : stride]
        pixels += windows[:, :, :, a, b]


def window_counts(shape: Shape, kernel: int, stride: int, padding: int = 0) -> Shape:
    """The numbers of rows and columns of windows of a picture of this shape.

    Raises:
        ValueError: If it is no picture, or smaller than a window.
    """
    if len(shape) != 3 or min(*shape[:2]) + 2 * padding < kernel:
        raise ValueError(f"windows of {kernel}×{kernel} do not fit into inputs of shape {shape}")
    height, width = ((side + 2 * padding - kernel) // stride + 1 for side in shape[:2])
    return height, width


class Conv:
    """A convolution: one dense layer for all windows.

    Args:
        filters: The number of neurons of each window, the channels of the output.
        kernel: Height and width of a window.
        activation: The name of σ, a key of `ACTIVATIONS`.
        stride: Pixels from a window to the next.
        padding: Zeros around the picture.

    Attributes:
        weights: W_i, shape (filters, kernel, kernel, channels).
        biases: b_i, shape (filters,).
    """

    weights: Array
    biases: Array

    def __init__(
        self, filters: int, kernel: int, activation: str, stride: int = 1, padding: int = 0
    ) -> None:
        self.filters = filters
        self.kernel = kernel
        self.activation = ACTIVATIONS[activation]
        self.stride = stride
        self.padding = padding

    def output_shape(self, input_shape: Shape) -> Shape:
        """(rows, columns, filters)."""
        return *window_counts(input_shape, self.kernel, self.stride, self.padding), self.filters

    def parameter_shapes(self, input_shape: Shape) -> tuple[Shape, Shape]:
        """(filters, kernel, kernel, channels) and (filters,)."""
        return (self.filters, self.kernel, self.kernel, input_shape[2]), (self.filters,)

    def forward(self, x: Array, out: Array | None = None) -> Array:
        """σ(W_i x + b_i) for each window x, shape (B, rows, columns, filters)."""
        if out is None:
            out = np.empty((len(x), *self.output_shape(x.shape[1:])), x.dtype)
        weights = self.weights.reshape(self.filters, -1)
        for part in self._parts(x):
            z = out[part].reshape(-1, self.filters)
            np.matmul(self._windows(x[part]), weights.T, out=z)
            z += self.biases
            self.activation.forward(z, out=z)
        return out

    def backward(self, delta: Array, x: Array, out: Array | None = None) -> Array:
        """∂E/∂x: W_iᵀ δ of each window, added up where windows overlap; the shape of x."""
        if out is None:
            out = np.empty(x.shape, x.dtype)
        weights, pad = self.weights.reshape(self.filters, -1), self.padding
        for part in self._parts(x):
            own = delta[part]
            windows = np.matmul(own.reshape(-1, self.filters), weights)
            padded = np.zeros(self._padded_shape(x[part]), x.dtype)
            add_windows(
                windows.reshape(*own.shape[:3], *self.weights.shape[1:]), self.stride, padded
            )
            out[part] = padded[:, pad : pad + x.shape[1], pad : pad + x.shape[2]]
        return out

    def gradient(
        self, delta: Array, x: Array, out: tuple[Array | None, Array | None] = (None, None)
    ) -> tuple[Array, Array]:
        """∂E/∂W_i and ∂E/∂b_i, summed over all windows of the batch."""
        weights = np.empty_like(self.weights) if out[0] is None else out[0]
        matrix = weights.reshape(self.filters, -1)
        matrix[...] = 0
        for part in self._parts(x):
            matrix += np.matmul(delta[part].reshape(-1, self.filters).T, self._windows(x[part]))
        return weights, np.add.reduce(delta, axis=(0, 1, 2), out=out[1])

    def _windows(self, x: Array) -> Array:
        """The matrix X of all windows of some pictures, a window a row."""
        if self.padding:
            padded = np.zeros(self._padded_shape(x), x.dtype)
            pad = self.padding
            padded[:, pad : pad + x.shape[1], pad : pad + x.shape[2]] = x
            x = padded
        windows = windows_of(x, self.kernel, self.stride)
        return windows.reshape(-1, self.weights[0].size)

    def _padded_shape(self, x: Array) -> Shape:
        count, height, width, channels = x.shape
        return count, height + 2 * self.padding, width + 2 * self.padding, channels

    def _parts(self, x: Array) -> Iterator[slice]:
        """Pictures whose windows stay in a core's cache together."""
        rows, columns, _ = self.output_shape(x.shape[1:])
        size = max(1, CACHED_BYTES // (rows * columns * self.weights[0].nbytes))
        return (slice(at, at + size) for at in range(0, len(x), size))


class _Pool:
    """A layer that summarises each channel of each window.

    Args:
        size: Height and width of a window.
        stride: Pixels from a window to the next; None: the size.
    """

    weights: Array
    biases: Array

    def __init__(self, size: int, stride: int | None = None) -> None:
        self.size = size
        self.stride = stride or size
        self.activation = ACTIVATIONS["identity"]

    def output_shape(self, input_shape: Shape) -> Shape:
        """(rows, columns, channels)."""
        return *window_counts(input_shape, self.size, self.stride), input_shape[2]

    def parameter_shapes(self, input_shape: Shape) -> tuple[Shape, Shape]:
        """None."""
        return (0,), (0,)

    def gradient(
        self, delta: Array, x: Array, out: tuple[Array | None, Array | None] = (None, None)
    ) -> tuple[Array, Array]:
        """None: there are no parameters."""
        return np.empty(0, x.dtype), np.empty(0, x.dtype)

    def _pixels(self, x: Array, shape: Shape) -> Iterator[Array]:
        """The first pixels of all windows, then the second ones, and so on, row by row."""
        _, rows, columns, _ = shape
        for a, b in product(range(self.size), repeat=2):
            row_end, column_end = a + self.stride * rows, b + self.stride * columns
            yield x[:, a : row_end : self.stride, b : column_end : self.stride]


class MaxPool(_Pool):
    """The greatest value of each window."""

    def forward(self, x: Array, out: Array | None = None) -> Array:
        """max x over each window, shape (B, rows, columns, channels)."""
        shape = len(x), *self.output_shape(x.shape[1:])
        greatest = np.full(shape, -np.inf, x.dtype) if out is None else out
        greatest[...] = -np.inf
        for pixels in self._pixels(x, shape):
            np.maximum(greatest, pixels, out=greatest)
        return greatest

    def backward(self, delta: Array, x: Array, out: Array | None = None) -> Array:
        """∂E/∂x: δ at the first pixel with the greatest value of its window, 0 elsewhere."""
        error = np.empty(x.shape, x.dtype) if out is None else out
        error[...] = 0
        greatest = self.forward(x)
        missing = np.ones(delta.shape, np.bool_)
        for pixels, target in zip(
            self._pixels(x, delta.shape), self._pixels(error, delta.shape), strict=True
        ):
            first = (pixels == greatest) & missing
            target += delta * first
            missing &= ~first
        return error


class MeanPool(_Pool):
    """The mean of each window."""

    def forward(self, x: Array, out: Array | None = None) -> Array:
        """The mean of x over each window, shape (B, rows, columns, channels)."""
        shape = len(x), *self.output_shape(x.shape[1:])
        mean = np.empty(shape, x.dtype) if out is None else out
        mean[...] = 0
        for pixels in self._pixels(x, shape):
            mean += pixels
        mean *= 1 / self.size**2
        return mean

    def backward(self, delta: Array, x: Array, out: Array | None = None) -> Array:
        """∂E/∂x: an equal share of δ at each pixel of its window."""
        error = np.empty(x.shape, x.dtype) if out is None else out
        error[...] = 0
        share = delta * (1 / self.size**2)
        for target in self._pixels(error, delta.shape):
            target += share
        return error
