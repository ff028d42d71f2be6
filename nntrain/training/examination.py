"""How the layers are doing: what is saturated, and how large the gradient is that arrives."""

import numpy as np

from nntrain.data.batches import PixelScale
from nntrain.data.digits import Selection
from nntrain.nn import Network, Workspace
from nntrain.nn.arrays import Array

ROWS = 500


class Examination:
    """A look into a network as it predicts: without dropout, and at images as they are.

    Args:
        network: Examined whenever it is asked for; its parameters stay as they are.
        like: Another network of the same kind, whose parameters are overwritten.
        rows: Some of these are shown to it, always the same.
        scale: From pixels to inputs.
        targets: The y of each class, shape (classes, n_L).
    """

    def __init__(
        self, network: Network, like: Network, rows: Selection, scale: PixelScale, targets: Array
    ) -> None:
        self.network = network
        self._like = like
        # Evenly spread, for rows may be sorted by their digits.
        chosen = np.unique(np.linspace(0, len(rows) - 1, ROWS).astype(np.intp))
        pixels = np.empty((len(chosen), network.widths[0]), np.uint8)
        rows.gather(chosen, pixels)
        self._workspace = Workspace.for_rows(network, len(chosen))
        scale.apply(pixels, self._workspace.trace[0])
        self._y = targets[rows.labels[chosen]]

    def __call__(self) -> list[tuple[float, float]]:
        """Of each layer i, the saturated share of x_i, and the root mean square of ∂E/∂W_i."""
        network = self._like
        copy_without_dropout(self.network, network)
        network.forward(self._workspace.trace)
        shares = [
            float(layer.activation.saturated(x).mean())
            for layer, x in zip(network.layers, self._workspace.trace[1:], strict=True)
        ]
        gradients = network.views(network.gradient(self._y, self._workspace))
        return [
            (share, kept * float(np.sqrt(np.mean(np.square(weights, dtype=np.float64)))))
            for share, kept, (weights, _) in zip(shares, network.kept[:-1], gradients, strict=True)
        ]


def copy_without_dropout(network: Network, into: Network) -> None:
    """Let another network of the same kind propagate forward to what this one predicts.

    To shrink a layer's weights is to shrink its inputs, as prediction does for dropout.

    Args:
        network: As it is in training.
        into: Its parameters are overwritten.
    """
    into.parameters[...] = network.parameters
    for layer, kept in zip(into.layers, into.kept[:-1], strict=True):
        np.multiply(layer.weights, kept, out=layer.weights)
