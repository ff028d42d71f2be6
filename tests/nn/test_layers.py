"""Layers: which inputs they take, and kinds that the package does not have."""

import numpy as np
import pytest

from nntrain.nn import Dense, FlatDense, Network
from tests.support.networks import (
    batch_for,
    gradient_of,
    numerical_gradient,
    relative_error,
    with_permutation,
)


def test_inputs_that_are_no_row_are_refused() -> None:
    with pytest.raises(ValueError, match=r"10 neurons cannot have inputs of shape \(28, 28\)"):
        Network((28, 28), [Dense(10, "sigmoid")], "squared_error")


def test_a_flat_dense_layer_takes_the_numbers_of_a_picture_row_by_row() -> None:
    of_pictures = Network((2, 3, 2), [FlatDense(5, "sigmoid")], "squared_error")
    of_rows = Network((12,), [Dense(5, "sigmoid")], "squared_error")
    of_pictures.parameters[...] = of_rows.parameters[...] = np.linspace(-1, 1, 65)
    x = np.arange(24, dtype=np.float32).reshape(2, 12)
    assert of_pictures.predict(x).tolist() == of_rows.predict(x).tolist()


def test_a_layer_of_another_kind_is_propagated_through() -> None:
    network = with_permutation()
    assert network.shapes == [(4,), (6,), (2, 3), (6,), (3,)]
    x, y = batch_for(network, 5)

    def error() -> float:
        return network.loss.value(network.predict(x), y)

    numerical = numerical_gradient(error, network.parameters)
    assert relative_error(gradient_of(network, x, y), numerical) < 1e-8
