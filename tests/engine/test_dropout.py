"""Dropout: the masks, and the networks that they stand for."""

from itertools import product

import numpy as np
import pytest

from nntrain.engine import Dropout
from tests.support.networks import (
    batch_for,
    network_of,
)


def test_a_linear_networks_prediction_is_the_mean_of_all_thinned_networks() -> None:
    network = network_of([5, 4, 2], ["identity", "identity"], "squared_error")
    x, _ = batch_for(network, 3)
    mean = np.zeros((3, 2))
    for bits in product((0.0, 1.0), repeat=9):
        inputs, hidden = np.array(bits[:5]), np.array(bits[5:])
        chance = 0.75 ** inputs.sum() * 0.25 ** (5 - inputs.sum()) * 0.5**4
        first, second = network.layers
        mean += chance * second.forward(first.forward(x * inputs / 0.75) * hidden / 0.5)
    np.testing.assert_allclose(network.predict(x), mean, rtol=1e-10)


def test_masks_keep_the_share_and_make_up_for_the_rest() -> None:
    mask = np.empty((500, 400))
    Dropout([0.3], seed=5).draw([mask], 0, 0)
    assert set(np.unique(mask).tolist()) == {0.0, 1 / 0.7}
    assert mask.mean() == pytest.approx(1, abs=0.01)
    again, other = np.empty_like(mask), np.empty_like(mask)
    Dropout([0.3], seed=5).draw([again], 0, 0)
    Dropout([0.3], seed=5).draw([other], 0, 1)
    np.testing.assert_array_equal(mask, again)
    assert (mask != other).any()
