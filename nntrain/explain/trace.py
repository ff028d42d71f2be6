"""All quantities of a training step on one digit, with the lecture's symbols."""

from collections.abc import Iterator, Sequence
from copy import copy
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nntrain.files import atomic_write
from nntrain.nn import ACTIVATIONS, Activation, Conv, Layer, Network
from nntrain.nn.arrays import Array
from nntrain.nn.convolution import windows_of
from nntrain.training.layer_stats import saturated

SHOWN_MAPS = 8
SMALLEST_MAP = 3  # side of a feature map that is drawn


class Quantity(NamedTuple):
    """One quantity of the lecture.

    Attributes:
        symbol: The lecture's symbol, such as "∂E/∂W_1".
        name: A name for Python, such as "dE_dW_1".
        value: float64, shape (n,) for a column, (n_out, n_in) for a matrix, () for a number,
            (height, width, channels) for a picture.
        saturated: The share of saturated neurons of an x_i whose activation can saturate.
    """

    symbol: str
    name: str
    value: Array
    saturated: float | None = None


def trace(network: Network, x: Array, y: Array, learning_rate: float) -> list[Quantity]:
    """All quantities of one step on one sample, in the order in which they are computed.

    They are computed by `Network.forward` and `Network.gradient`, without dropout; the last are the
    parameters after W_i ← W_i − α ∂E/∂W_i and b_i ← b_i − α ∂E/∂b_i.

    Args:
        network: In float64; it is not changed.
        x: x_0, shape (n_0,).
        y: Shape (n_L,).
        learning_rate: α.
    """
    # Overflow is shown as inf and nan.
    with np.errstate(over="ignore", invalid="ignore"):
        return list(_in_order(network, x[np.newaxis], y[np.newaxis], learning_rate))


def _in_order(network: Network, x: Array, y: Array, learning_rate: float) -> Iterator[Quantity]:
    xs = network.forward(x)
    yield Quantity("x_0", "x_0", xs[0][0])
    for i, layer in enumerate(network.layers, 1):
        if isinstance(layer, Conv):
            yield Quantity(f"windows of x_{i - 1}", f"windows_{i - 1}", _windows(layer, xs[i - 1]))
        if layer.weights.size:
            yield Quantity(f"W_{i}", f"W_{i}", layer.weights)
            yield Quantity(f"b_{i}", f"b_{i}", layer.biases)
            yield Quantity(f"z_{i}", f"z_{i}", _weighted_sums(layer, xs[i - 1])[0])
        yield Quantity(f"x_{i}", f"x_{i}", xs[i][0], saturated_share(layer.activation, xs[i][0]))
    yield Quantity("y", "y", y[0])
    yield Quantity("E", "E", np.array(network.loss.value(xs[-1], y)))
    deltas = network.backpropagate(xs, y)
    for i in range(len(network.layers), 0, -1):
        yield Quantity(f"δ_{i}", f"delta_{i}", deltas[i - 1][0])
    gradient = network.gradient(xs, y)
    for i, (weights, biases) in _parameters(network, gradient):
        yield Quantity(f"∂E/∂W_{i}", f"dE_dW_{i}", weights)
        yield Quantity(f"∂E/∂b_{i}", f"dE_db_{i}", biases)
    after = network.parameters - learning_rate * gradient
    for i, (weights, biases) in _parameters(network, after):
        yield Quantity(f"W_{i} after", f"W_{i}_after", weights)
        yield Quantity(f"b_{i} after", f"b_{i}_after", biases)


def _parameters(network: Network, vector: Array) -> list[tuple[int, tuple[Array, Array]]]:
    """(i, (W_i, b_i)) of the layers that have any, as views into a vector."""
    return [(i, pair) for i, pair in enumerate(network.views(vector), 1) if pair[0].size]


def _weighted_sums(layer: Layer, x: Array) -> Array:
    """z_i: what the layer computes without its σ."""
    linear = copy(layer)
    linear.activation = ACTIVATIONS["identity"]
    return linear.forward(x)


def _windows(layer: Conv, x: Array) -> Array:
    """The windows of a picture, a window a row."""
    pad = (layer.padding, layer.padding)
    windows = windows_of(np.pad(x, ((0, 0), pad, pad, (0, 0))), layer.kernel, layer.stride)
    return windows.reshape(-1, layer.weights[0].size)


def feature_maps(quantities: Sequence[Quantity]) -> list[tuple[str, int, NDArray[np.uint8]]]:
    """The feature maps of a traced network, as pictures.

    Returns:
        For each layer with square ones: the symbol of x_i, the number of its maps, and the first
        eight as grey values 0–255, shape (maps, side²), from the least value to the greatest.
    """
    found = []
    for symbol, _, value, _ in quantities:
        if not symbol.startswith("x_") or symbol == "x_0" or value.ndim != 3:
            continue
        side, width, count = value.shape
        if side == width >= SMALLEST_MAP:
            maps = value[..., :SHOWN_MAPS].transpose(2, 0, 1).reshape(-1, side * side)
            spread = max(float(np.ptp(maps)), 1e-30)
            grey = np.rint((maps - maps.min()) * (255 / spread)).astype(np.uint8)
            found.append((symbol, count, grey))
    return found


def saturated_share(activation: Activation, x: Array) -> float | None:
    """The saturated share of x = σ(z), shape (n,); None for softmax, whose σ′ is a matrix."""
    if activation is ACTIVATIONS["softmax"]:
        return None
    return float(saturated(activation, x).mean())


def save(path: Path, quantities: Sequence[Quantity], learning_rate: float) -> None:
    """Write every quantity under its name, and α as `alpha`, into an `.npz`.

    Raises:
        NNTrainError: If the file cannot be written.
    """
    arrays: dict[str, Any] = {quantity.name: quantity.value for quantity in quantities}
    with atomic_write(path) as file:
        np.savez(file, alpha=learning_rate, **arrays)
