"""Predictions and statistics of networks with large outputs use few rows at a time."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nntrain.config import Config
from nntrain.config.build import build_rescale, initial_network
from nntrain.data.batches import one_hot
from nntrain.data.from_arrays import dataset_from_arrays
from nntrain.nn import Network
from nntrain.nn.arrays import Array
from nntrain.training import layer_stats, loop
from nntrain.training.layer_stats import LayerStats
from tests.support.tiny import stripes
from tests.support.training import CONVOLUTIONAL


def _listen(monkeypatch: pytest.MonkeyPatch, network: Network, name: str) -> list[int]:
    """The numbers of rows of each call of a method from now on."""
    sizes: list[int] = []
    method = getattr(network, name)

    def listening(x: Array) -> Any:
        sizes.append(len(x))
        return method(x)

    monkeypatch.setattr(network, name, listening)
    return sizes


def test_outputs_do_not_depend_on_how_many_rows_are_propagated_at_once(
    make_config: Callable[..., Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = make_config(CONVOLUTIONAL, "dtype=float64")
    network, rows = initial_network(config, 16), dataset_from_arrays(*stripes(101)).as_subset()
    x = np.empty((101, 16))
    build_rescale(config).apply(rows.dataset.pixels, x)
    expected = network.predict(x)
    sizes = _listen(monkeypatch, network, "predict")
    monkeypatch.setattr(loop, "_PREDICTION_OUTPUTS", 7 * max(network.widths))
    monkeypatch.setattr(loop, "PREDICTION_ROWS", 30)
    outputs = loop.outputs_for(network, rows, build_rescale(config), threads=2)
    np.testing.assert_allclose(outputs, expected, rtol=1e-12)
    assert max(sizes) == 7
    assert sum(sizes) == 101


def test_statistics_of_large_networks_take_fewer_images(
    make_config: Callable[..., Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = make_config(CONVOLUTIONAL)
    network, rows = initial_network(config, 16), dataset_from_arrays(*stripes(101)).as_subset()
    monkeypatch.setattr(layer_stats, "OUTPUTS", 5 * sum(network.widths))
    taken = _listen(monkeypatch, network, "forward")
    LayerStats(network, rows, build_rescale(config), one_hot(3, "float32")).compute()
    assert taken == [5]
