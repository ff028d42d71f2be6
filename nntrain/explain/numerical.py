"""Numerical gradients, which check backpropagation without the chain rule.

E is computed with a parameter w a little increased and a little decreased:

    ∂E/∂w ≈ (E(w + ε) − E(w − ε)) / 2ε

The error of this central difference is ε²/6 · ∂³E/∂w³, plus the rounding error of E divided by ε
(Press et al., *Numerical Recipes*, 3rd ed. 2007, §5.7). Each parameter takes two forward passes,
while backpropagation takes one backward pass for all of them: fine for a check, too slow for
training.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nntrain.nn.activations import ACTIVATIONS
from nntrain.nn.arrays import Array
from nntrain.nn.convolution import MaxPool
from nntrain.nn.network import Network

KINKED = (ACTIVATIONS["relu"], ACTIVATIONS["leaky_relu"])  # whose σ′ jumps at z = 0


class Differences(NamedTuple):
    """Numerical derivatives by some of the parameters.

    Attributes:
        values: ∂E/∂w of each, shape (n,).
        at_kink: Whether a z crosses a kink of σ at 0 between w − ε and w + ε, or another pixel
            becomes the greatest of its window, so that the value means nothing; shape (n,).
    """

    values: Array
    at_kink: NDArray[np.bool_]


def central_differences(
    network: Network, x: Array, y: Array, positions: NDArray[np.intp], epsilon: float
) -> Differences:
    """∂E/∂w by central differences; E is the mean over a batch.

    Args:
        network: In float64; its parameters are changed and restored.
        x: Inputs, shape (B, n_0).
        y: Targets, shape (B, n_L).
        positions: Indices of the parameters w in `network.parameters`, shape (n,).
        epsilon: ε.
    """
    kinked = [i for i, layer in enumerate(network.layers, 1) if layer.activation in KINKED]
    pools = [i for i, layer in enumerate(network.layers, 1) if isinstance(layer, MaxPool)]
    values = np.empty(len(positions), x.dtype)
    at_kink = np.empty(len(positions), np.bool_)
    for n, position in enumerate(positions):
        w = network.parameters[position]
        above, below = w + epsilon, w - epsilon
        network.parameters[position] = above
        up = network.forward(x)
        network.parameters[position] = below
        down = network.forward(x)
        network.parameters[position] = w
        difference = network.loss.value(up[-1], y) - network.loss.value(down[-1], y)
        values[n] = difference / (above - below)  # 2ε, with its rounding error
        # For both σ with a kink, x > 0 exactly where z > 0.
        at_kink[n] = any(((up[i] > 0) != (down[i] > 0)).any() for i in kinked) or any(
            (_greatest(network, up, i) != _greatest(network, down, i)).any() for i in pools
        )
    return Differences(values, at_kink)


def _greatest(network: Network, xs: list[Array], i: int) -> Array:
    """Where the greatest values of the windows are that layer i takes."""
    return network.layers[i - 1].backward(np.ones_like(xs[i]), xs[i - 1])
