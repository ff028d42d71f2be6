"""Central differences, compared with the lecture's loops, and at kinks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nntrain.explain.numerical import central_differences
from nntrain.nn import ACTIVATIONS, LOSSES
from tests.support import lecture
from tests.support.examples import examples
from tests.support.networks import HIDDEN, KINKED, batch_for, network_of

NAMES = {id(activation): name for name, activation in ACTIVATIONS.items()}


@examples(40)
@given(
    hidden=st.sampled_from([name for name in HIDDEN if name not in KINKED]),
    loss=st.sampled_from(list(LOSSES)),
    seed=st.integers(0, 99),
)
def test_central_differences_agree_with_the_lecture(hidden: str, loss: str, seed: int) -> None:
    activations = [hidden, NAMES[id(LOSSES[loss].canonical)]]
    network = network_of([3, 4, 2], activations, loss, seed)
    x, y = batch_for(network, 2, seed)
    before = network.parameters.copy()
    positions = np.random.default_rng(seed).permutation(network.parameters.size)

    found = central_differences(network, x, y, positions, 1e-5)

    _, weights, biases = lecture.gradient(
        [layer.weights.astype(np.float64) for layer in network.layers],
        [layer.biases.astype(np.float64)[:, None] for layer in network.layers],
        activations,
        loss,
        [(x[row][:, None], y[row][:, None]) for row in range(2)],
    )
    vector = np.concatenate([array.ravel() for array in [*weights, *biases]])
    np.testing.assert_allclose(found.values, vector[positions], rtol=1e-6, atol=1e-9)
    assert not found.at_kink.any()
    np.testing.assert_array_equal(network.parameters, before)


@pytest.mark.parametrize("activation", KINKED)
def test_a_kink_is_found_exactly_where_a_z_crosses_0(activation: str) -> None:
    network = network_of([1, 3, 1], [activation, "identity"], "squared_error")
    first, second = network.layers
    epsilon = 1e-3
    first.weights[...] = [[0.5 * epsilon], [-0.5 * epsilon], [2 * epsilon]]
    first.biases.fill(0)
    second.weights[...] = 1
    x, y = np.array([[1.0]]), np.array([[3.0]])
    found = central_differences(network, x, y, np.arange(10), epsilon)
    assert found.at_kink.tolist() == [
        *(True, True, False),  # W_1: z_1 passes 0 but where it is 2ε away
        *(False, False, False),  # W_2: behind it
        *(True, True, False),  # b_1, as W_1
        False,  # b_2
    ]
