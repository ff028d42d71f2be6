"""Backpropagation held against three oracles: pencil, loops over columns, numerical gradients."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nntrain.nn import ACTIVATIONS, LOSSES, Dense, parameter_count
from nntrain.nn.network import WIDE
from tests.support import lecture
from tests.support.examples import examples
from tests.support.networks import (
    HIDDEN,
    batch_for,
    gradient_of,
    network_of,
    numerical_gradient,
    relative_error,
    smooth_network,
)

CASES = [
    (hidden * (depth - 1) + (last,), loss)
    for depth in (1, 2)
    for hidden, last, loss in product([(name,) for name in HIDDEN], ACTIVATIONS, LOSSES)
    if depth > 1 or hidden == ("identity",)
]
# What lies between the hidden layers does not depend on the loss.
CASES += [((hidden,) * 4, "squared_error") for hidden in HIDDEN]
CASES += [((hidden,) * 3 + ("softmax",), "cross_entropy") for hidden in HIDDEN]


@pytest.mark.parametrize(("activations", "loss"), CASES, ids=str)
def test_numerical_gradient_agrees(activations: tuple[str, ...], loss: str) -> None:
    network, x, y = smooth_network(list(activations), loss)
    gradient = gradient_of(network, x, y)

    def error() -> float:
        return network.loss.value(network.predict(x), y)

    numerical = numerical_gradient(error, network.parameters)
    for ours, theirs in zip(network.views(gradient), network.views(numerical), strict=True):
        assert relative_error(ours[0], theirs[0]) < 1e-7
        assert relative_error(ours[1], theirs[1]) < 1e-7


@examples(60)
@given(
    widths=st.lists(st.integers(1, 6), min_size=2, max_size=5),
    rows=st.integers(1, 5),
    data=st.data(),
)
def test_vectorised_equals_column_by_column(
    widths: list[int], rows: int, data: st.DataObject
) -> None:
    depth = len(widths) - 1
    activations = [data.draw(st.sampled_from(HIDDEN)) for _ in range(depth - 1)]
    loss = data.draw(st.sampled_from(list(LOSSES)))
    inside = ["sigmoid", "softmax"] if widths[-1] > 1 else ["sigmoid"]
    last = inside if loss != "squared_error" else list(ACTIVATIONS)
    activations.append(data.draw(st.sampled_from(last)))
    network = network_of(widths, activations, loss, data.draw(st.integers(0, 99)))
    x, y = batch_for(network, rows, data.draw(st.integers(0, 99)))

    gradient = gradient_of(network, x, y)
    error = network.loss.value(network.predict(x), y)

    slow_error, slow_weights, slow_biases = lecture.gradient(
        [layer.weights.astype(np.float64) for layer in network.layers],
        [layer.biases.astype(np.float64)[:, None] for layer in network.layers],
        activations,
        loss,
        [(x[row][:, None], y[row][:, None]) for row in range(rows)],
    )
    assert error == pytest.approx(slow_error, rel=1e-12)
    for i, (weights, biases) in enumerate(network.views(gradient)):
        np.testing.assert_allclose(weights, slow_weights[i], rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(biases, slow_biases[i][:, 0], rtol=1e-9, atol=1e-12)


def test_one_update_of_the_lectures_3_4_2_network_by_hand() -> None:
    """The lecture's figure: 3-4-2, so 3·4 + 4·2 = 20 weights and 4 + 2 = 6 biases.

    All neurons are sigmoid, E = ½‖x_2 − y‖², α = 1, and the numbers are chosen for a pencil:

    x_0 = (1, 0, 1), y = (1, 0)
    W_1 has rows (1, 5, −1), (0, 7, 0), (2, 1, −2), (−1, 3, 1); b_1 = 0
        z_1 = W_1 x_0 + b_1 = (1−1, 0, 2−2, −1+1) = (0, 0, 0, 0)
        x_1 = σ(z_1) = (½, ½, ½, ½)
    W_2 has rows (2, −2, 4, −4), (1, 1, −1, −1); b_2 = 0
        z_2 = W_2 x_1 + b_2 = (½(2−2+4−4), ½(1+1−1−1)) = (0, 0)
        x_2 = σ(z_2) = (½, ½)
    E = ½((½−1)² + (½−0)²) = ½(¼ + ¼) = ¼
    σ′(0) = ½(1−½) = ¼
        δ_2 = (x_2 − y) ⊙ σ′(z_2) = (−½·¼, ½·¼) = (−⅛, ⅛)
        W_2ᵀ δ_2 = (−⅛·2 + ⅛·1, ⅛·2 + ⅛·1, −⅛·4 − ⅛·1, ⅛·4 − ⅛·1) = (−⅛, ⅜, −⅝, ⅜)
        δ_1 = W_2ᵀ δ_2 ⊙ σ′(z_1) = (−1/32, 3/32, −5/32, 3/32)
    ∂E/∂W_2 = δ_2 x_1ᵀ: rows −1/16 (four times) and 1/16 (four times);  ∂E/∂b_2 = δ_2
    ∂E/∂W_1 = δ_1 x_0ᵀ: row j is (δ_1j, 0, δ_1j);                       ∂E/∂b_1 = δ_1
    """
    network = network_of([3, 4, 2], ["sigmoid", "sigmoid"], "squared_error")
    first, second = network.layers
    first.weights[...] = [[1, 5, -1], [0, 7, 0], [2, 1, -2], [-1, 3, 1]]
    second.weights[...] = [[2, -2, 4, -4], [1, 1, -1, -1]]
    first.biases[...] = second.biases[...] = 0
    assert network.weight_count == 20
    assert network.parameters.size - network.weight_count == 6

    x, y = np.array([[1.0, 0, 1]]), np.array([[1.0, 0]])
    gradient = gradient_of(network, x, y)
    assert network.loss.value(network.predict(x), y) == 0.25
    network.parameters -= gradient

    np.testing.assert_array_equal(
        first.weights,
        [
            [1 + 1 / 32, 5, -1 + 1 / 32],
            [0 - 3 / 32, 7, 0 - 3 / 32],
            [2 + 5 / 32, 1, -2 + 5 / 32],
            [-1 - 3 / 32, 3, 1 - 3 / 32],
        ],
    )
    np.testing.assert_array_equal(first.biases, [1 / 32, -3 / 32, 5 / 32, -3 / 32])
    np.testing.assert_array_equal(
        second.weights,
        [
            [2 + 1 / 16, -2 + 1 / 16, 4 + 1 / 16, -4 + 1 / 16],
            [15 / 16, 15 / 16, -17 / 16, -17 / 16],
        ],
    )
    np.testing.assert_array_equal(second.biases, [1 / 8, -1 / 8])


def test_parameters_and_gradient_are_one_vector_each_with_views() -> None:
    network = network_of([3, 4, 2], ["sigmoid", "sigmoid"], "squared_error")
    network.parameters[...] = np.arange(26)
    np.testing.assert_array_equal(network.layers[0].weights, np.arange(12).reshape(4, 3))
    np.testing.assert_array_equal(network.layers[1].weights, np.arange(12, 20).reshape(2, 4))
    np.testing.assert_array_equal(network.layers[0].biases, np.arange(20, 24))
    np.testing.assert_array_equal(network.layers[1].biases, np.arange(24, 26))
    gradient = np.empty_like(network.parameters)
    for weights, biases in network.views(gradient):
        assert np.shares_memory(weights, gradient)
        assert np.shares_memory(biases, gradient)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_precision_is_that_asked_for_throughout(dtype: str) -> None:
    network = network_of([5, 4, 3], ["sigmoid", "softmax"], "cross_entropy", dtype=dtype)
    x, y = (array.astype(dtype) for array in batch_for(network, 6))
    xs = network.forward(x)
    deltas = network.backpropagate(xs, y)
    arrays = [network.parameters, network.gradient(xs, y), *xs, *deltas]
    assert {array.dtype for array in arrays} == {np.dtype(dtype)}


def test_float32_gradient_is_the_float64_gradient_rounded() -> None:
    gradients = []
    for dtype in ("float32", "float64"):
        network = network_of([30, 20, 10], ["sigmoid", "softmax"], "cross_entropy", dtype=dtype)
        x, y = (array.astype(dtype) for array in batch_for(network, 16))
        gradients.append(gradient_of(network, x, y))
    assert relative_error(*gradients) < 1e-6


@pytest.mark.parametrize("widths", [[3], [3, 0], [0, 2]])
def test_a_network_without_layers_or_neurons_is_refused(widths: list[int]) -> None:
    with pytest.raises(ValueError, match=r"needs a layer|cannot have inputs of shape"):
        network_of(widths, ["sigmoid"] * (len(widths) - 1), "squared_error")


def test_weights_of_wide_layers_lie_in_memory_by_inputs() -> None:
    network = network_of([3, WIDE, 2], ["tanh", "sigmoid"], "squared_error")
    wide, narrow = network.layers
    assert wide.weights.shape == (WIDE, 3)
    assert wide.weights.T.flags.c_contiguous
    assert narrow.weights.flags.c_contiguous
    assert np.shares_memory(wide.weights, network.parameters)


def test_parameters_are_counted_without_being_made() -> None:
    layers = [Dense(1_000_000, "relu"), Dense(10, "softmax")]
    assert parameter_count((784,), layers) == 785 * 1_000_000 + 1_000_001 * 10
