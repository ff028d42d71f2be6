"""Statistics of the layers: saturation and size of the gradient."""

import numpy as np
from numpy.typing import NDArray

from nntrain.data.batches import Rescale
from nntrain.data.dataset import Subset
from nntrain.nn import Activation, Network
from nntrain.nn.activations import Elementwise
from nntrain.nn.arrays import Array

ROWS = 500
OUTPUTS = 2_500_000  # of all layers and images; of large networks, fewer images are taken
# A neuron is saturated where σ′ is less than this share of its maximum: for σ = sigmoid where
# |z| > 4.4, for tanh where |z| > 2.2.
SATURATED = 0.05


class LayerStats:
    """Statistics of a network's layers on some undistorted images, without dropout.

    Args:
        network: The network, in its state when `compute` is called.
        rows: The images are a fixed selection of at most `ROWS` of these, evenly spaced.
        scale: Maps pixels to inputs.
        targets: The y of each class, shape (classes, n_L).
    """

    def __init__(self, network: Network, rows: Subset, scale: Rescale, targets: Array) -> None:
        self.network = network
        # Evenly spaced, since rows may be sorted by digit.
        count = max(1, min(ROWS, OUTPUTS // sum(network.widths)))
        chosen = np.unique(np.linspace(0, len(rows) - 1, count).astype(np.intp))
        pixels = np.empty((len(chosen), network.widths[0]), np.uint8)
        rows.take(chosen, pixels)
        self._x: Array = np.empty(pixels.shape, network.parameters.dtype)
        scale.apply(pixels, self._x)
        self._y = targets[rows.labels[chosen]]

    def compute(self) -> list[tuple[float, float]]:
        """For each layer i, the saturated share of x_i and the root mean square of ∂E/∂W_i."""
        network = self.network
        xs = network.forward(self._x)
        shares = [
            float(saturated(layer.activation, x).mean())
            for layer, x in zip(network.layers, xs[1:], strict=True)
        ]
        gradients = network.views(network.gradient(xs, self._y))
        return [
            (
                share,
                float(np.sqrt(np.square(weights, dtype=np.float64).sum() / max(1, weights.size))),
            )
            for share, (weights, _) in zip(shares, gradients, strict=True)
        ]


def saturated(activation: Activation, x: Array) -> NDArray[np.bool_]:
    """Which outputs x = σ(z) are saturated: σ′ is less than a twentieth of its maximum.

    For ReLU, these are the outputs that are 0; for softmax, ∂x_j/∂z_j = x_j (1 − x_j) ≤ ¼ is used.

    Args:
        activation: σ.
        x: Outputs, of any shape.
    """
    if isinstance(activation, Elementwise):
        slope, steepest = activation.derivative(x), float(activation.derivative(_STEEPEST).max())
    else:
        slope, steepest = x * (1 - x), 1 / 4
    below: NDArray[np.bool_] = slope < SATURATED * steepest
    return below


_STEEPEST = np.array([0.0, 0.5, 1.0])  # outputs where σ′ is maximal: tanh, sigmoid, relu
