"""Small random networks, and numerical gradients."""

from collections.abc import Callable

import numpy as np

from nntrain.nn import ACTIVATIONS, Activation, Dense, Layer, Network
from nntrain.nn.arrays import Array, Shape
from nntrain.optim import INITIALIZERS

HIDDEN = [name for name in ACTIVATIONS if name != "softmax"]
KINKED = ("relu", "leaky_relu")


def network_of(
    widths: list[int], activations: list[str], loss: str, seed: int = 0, dtype: str = "float64"
) -> Network:
    """Network of dense layers with random weights and biases."""
    layers = [Dense(n, name) for n, name in zip(widths[1:], activations, strict=True)]
    network = Network((widths[0],), layers, loss, dtype)
    rng = np.random.default_rng(seed)
    for layer in network.layers:
        layer.weights[...] = INITIALIZERS["lecun_normal"](rng, layer.weights.shape)
    for layer in network.layers:
        layer.biases[...] = rng.normal(0, 0.3, layer.biases.shape)
    return network


def batch_for(network: Network, rows: int, seed: int = 0) -> tuple[Array, Array]:
    """Inputs, and targets that lie between the classes and sum to 1, as after label smoothing."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1, 1, (rows, *network.shapes[0]))
    y = rng.dirichlet(np.ones(network.widths[-1]), rows)
    return x, y


def gradient_of(network: Network, x: Array, y: Array) -> Array:
    """Gradient by backpropagation, as a vector."""
    return network.gradient(network.forward(x), y)


def numerical_gradient(error: Callable[[], float], parameters: Array, step: float = 1e-3) -> Array:
    """∂E/∂w for each w from four values of E (fourth-order central differences)."""
    gradient = np.empty_like(parameters)
    for i, w in enumerate(parameters.copy()):
        values = []
        for shift in (-2, -1, 1, 2):
            parameters[i] = w + shift * step
            values.append(error())
        parameters[i] = w
        gradient[i] = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * step)
    return gradient


def relative_error(a: Array, b: Array) -> float:
    """‖a − b‖ / (‖a‖ + ‖b‖)."""
    return float(np.linalg.norm(a - b) / (np.linalg.norm(a) + np.linalg.norm(b)))


def distance_to_kink(xs: list[Array], network: Network) -> float:
    """Distance of the nearest z of a relu from 0, where σ′ jumps."""
    nearest = np.inf
    for layer, x in zip(network.layers, xs, strict=False):
        if layer.activation in (ACTIVATIONS["relu"], ACTIVATIONS["leaky_relu"]):
            z = x @ layer.weights.T + layer.biases
            nearest = min(nearest, float(np.abs(z).min()))
    return nearest


def smooth_network(activations: list[str], loss: str) -> tuple[Network, Array, Array]:
    """A network and a batch with no z near a kink, and outputs where the loss is smooth.

    The entropies need 0 < x_L < 1, so for other outputs than softmax and sigmoid the last
    layer's weights and biases are adjusted.
    """
    widths = [4, *range(3 + len(activations) - 1, 2, -1)]
    for seed in range(10_000):
        network = network_of(widths, activations, loss, seed)
        if loss != "squared_error" and activations[-1] not in ("softmax", "sigmoid"):
            last = network.layers[-1]
            last.weights[...] *= 0.1
            last.biases[...] = 0.5
        x, y = batch_for(network, 3, seed)
        xs = network.forward(x)
        if loss != "squared_error":
            assert ((xs[-1] > 0) & (xs[-1] < 1)).all(), "adjust the biases of the last layer"
        if distance_to_kink(xs, network) > 0.02:
            return network, x, y
    raise AssertionError("no smooth network found")


class Permutation:
    """Layer that permutes and reshapes x_{i−1}; the package has none like it."""

    weights: Array
    biases: Array

    def __init__(self, order: list[int], shape: Shape) -> None:
        self.order = np.array(order)
        self.shape = shape
        self.activation: Activation = ACTIVATIONS["identity"]

    def output_shape(self, input_shape: Shape) -> Shape:
        return self.shape

    def parameter_shapes(self, input_shape: Shape) -> tuple[Shape, Shape]:
        return (0,), (0,)

    def forward(self, x: Array, out: Array | None = None) -> Array:
        moved: Array = x.reshape(len(x), -1)[:, self.order].reshape(len(x), *self.shape)
        if out is None:
            return moved
        out[...] = moved
        return out

    def backward(self, delta: Array, x: Array, out: Array | None = None) -> Array:
        error = np.empty_like(x) if out is None else out
        error.reshape(len(x), -1)[:, self.order] = delta.reshape(len(x), -1)
        return error

    def gradient(
        self, delta: Array, x: Array, out: tuple[Array | None, Array | None] = (None, None)
    ) -> tuple[Array, Array]:
        return self.weights, self.biases


def with_permutation() -> Network:
    """Dense, then a picture in another order, then a row again, then dense."""
    layers: list[Layer] = [
        Dense(6, "tanh"),
        Permutation([3, 1, 4, 0, 5, 2], (2, 3)),
        Permutation([0, 1, 2, 3, 4, 5], (6,)),
        Dense(3, "softmax"),
    ]
    network = Network((4,), layers, "cross_entropy", "float64")
    rng = np.random.default_rng(0)
    network.parameters[...] = rng.normal(0, 0.5, network.parameters.shape)
    return network
