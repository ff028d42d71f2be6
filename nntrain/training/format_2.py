"""Converts checkpoints of format 2, which nntrain 0.1 wrote.

There are two differences. All weights were stored row by row; those of wide layers are now stored
column by column (`nntrain.nn.network.WIDE`). And dropout was not inverted: weights W behind a layer
of which the share p was kept had to be multiplied by p to predict. Today's W is that pW, so the
gradient with respect to it, and the optimiser's state made of gradients, is divided by p.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntrain.config import Config, parse_config
from nntrain.config.build import build_network, dropout_rates
from nntrain.config.layers import build_layers
from nntrain.nn import Network, parameter_count
from nntrain.nn.arrays import Array

# The power of p that each vector is multiplied by; other arrays are not changed.
_POWERS = {
    "parameters": 1,
    "average": 1,
    "velocity": -1,
    "first_moment": -1,
    "second_moment": -2,
}


def from_format_2(text: str, inputs: int, vectors: dict[str, Array]) -> dict[str, Array]:
    """Convert a checkpoint's arrays to the current order and to inverted dropout.

    Args:
        text: The configuration, as YAML.
        inputs: n_0.
        vectors: The network's parameters, the optimiser's state and the average, by name.

    Raises:
        ConfigError: If the configuration is invalid.
    """
    config = parse_config(text, "config")
    size = vectors["parameters"].size
    network = _network_of(config, inputs, size)
    if network is None:
        return vectors
    return {
        name: _converted(array, network, _kept(config), _POWERS[name])
        if name in _POWERS and array.shape == (size,)
        else array
        for name, array in vectors.items()
    }


def has_dropout(config: Config) -> bool:
    """Whether a resumed training of format 2 has another effective learning rate than before."""
    return any(kept < 1 for kept in _kept(config))


def _network_of(config: Config, inputs: int, size: int) -> Network | None:
    """The network; None if it has another number of parameters, which is an error found later."""
    expected = parameter_count((inputs,), build_layers(config))
    return build_network(config, inputs) if expected == size else None


def _kept(config: Config) -> list[float]:
    """The shares of x_0 … x_{L−1} that dropout keeps."""
    return [1 - rate for rate in dropout_rates(config)]


def _converted(vector: Array, network: Network, kept: list[float], power: int) -> Array:
    converted: NDArray[Any] = np.empty_like(vector)
    weights_at, biases_at = 0, network.weight_count
    for (weights, biases), share in zip(network.views(converted), kept, strict=True):
        rows = vector[weights_at : weights_at + weights.size].reshape(weights.shape)
        weights[...] = rows * share**power
        biases[...] = vector[biases_at : biases_at + biases.size]
        weights_at += weights.size
        biases_at += biases.size
    return converted
