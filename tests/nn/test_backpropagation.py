"""Backpropagation held against three oracles: pencil, loops over columns, numerical gradients."""

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nntrain.nn import ACTIVATIONS, INITIALIZERS, LOSSES, LayerSpec, Network, Workspace
from nntrain.nn.arrays import Array
from tests.nn import lecture

HIDDEN = [name for name in ACTIVATIONS if name != "softmax"]
KINKED = ("relu", "leaky_relu")


def network_of(
    widths: list[int], activations: list[str], loss: str, seed: int = 0, dtype: str = "float64"
) -> Network:
    init = INITIALIZERS["lecun_normal"]
    layers = [LayerSpec(n, name, init) for n, name in zip(widths[1:], activations, strict=True)]
    network = Network(widths[0], layers, loss, dtype)
    rng = np.random.default_rng(seed)
    network.initialize(rng)
    for layer in network.layers:
        layer.biases[...] = rng.normal(0, 0.3, layer.biases.shape)
    return network


def batch_for(network: Network, rows: int, seed: int = 0) -> tuple[Array, Array]:
    """Inputs, and targets that lie between the classes and sum to 1, as after label smoothing."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1, 1, (rows, network.widths[0]))
    y = rng.dirichlet(np.ones(network.widths[-1]), rows)
    return x, y


def backpropagate(network: Network, x: Array, y: Array) -> tuple[Array, Workspace]:
    workspace = Workspace.for_rows(network, len(x))
    workspace.trace[0][...] = x
    network.forward(workspace.trace)
    return network.gradient(y, workspace), workspace


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
    return float(np.linalg.norm(a - b) / (np.linalg.norm(a) + np.linalg.norm(b)))


def distance_to_kink(workspace: Workspace, network: Network) -> float:
    """How far the nearest z of a relu is from 0, where σ′ jumps."""
    nearest = np.inf
    for layer, x in zip(network.layers, workspace.trace[:-1], strict=True):
        if layer.activation in (ACTIVATIONS["relu"], ACTIVATIONS["leaky_relu"]):
            z = x @ layer.weights.T + layer.biases
            nearest = min(nearest, float(np.abs(z).min()))
    return nearest


def smooth_network(activations: list[str], loss: str) -> tuple[Network, Array, Array]:
    """A network and a batch with no z near a kink, and outputs where the loss is smooth.

    The entropies need 0 < x_L < 1, so other outputs than softmax and sigmoid are brought there
    through the last layer's weights and biases.
    """
    widths = [4, *range(3 + len(activations) - 1, 2, -1)]
    for seed in range(10_000):
        network = network_of(widths, activations, loss, seed)
        if loss != "squared_error" and activations[-1] not in ("softmax", "sigmoid"):
            last = network.layers[-1]
            last.weights[...] *= 0.1
            last.biases[...] = 0.5
        x, y = batch_for(network, 3, seed)
        if distance_to_kink(backpropagate(network, x, y)[1], network) > 0.02:
            return network, x, y
    raise AssertionError("no smooth network found")


CASES = [
    (hidden * (depth - 1) + (last,), loss)
    for depth in (1, 2, 4)
    for hidden, last, loss in product([(name,) for name in HIDDEN], ACTIVATIONS, LOSSES)
    if depth > 1 or hidden == ("identity",)
]


@pytest.mark.parametrize(("activations", "loss"), CASES)
def test_numerical_gradient_agrees(activations: tuple[str, ...], loss: str) -> None:
    network, x, y = smooth_network(list(activations), loss)
    gradient = backpropagate(network, x, y)[0].copy()

    def error() -> float:
        return network.loss.value(network.predict(x), y)

    numerical = numerical_gradient(error, network.parameters)
    for ours, theirs in zip(network.views(gradient), network.views(numerical), strict=True):
        assert relative_error(ours[0], theirs[0]) < 1e-7
        assert relative_error(ours[1], theirs[1]) < 1e-7


@pytest.mark.parametrize("loss", ["cross_entropy", "binary_cross_entropy"])
@pytest.mark.parametrize("output", [-2.0, -0.5, -1e-9, 0.3, 0.999, 1.5, 40.0])
def test_entropies_have_their_exact_gradient_also_outside_0_to_1(loss: str, output: float) -> None:
    x, y, gradient = np.array([[output]]), np.array([[0.2]]), np.empty((1, 1))
    LOSSES[loss].gradient(x, y, gradient)
    step = min(abs(output), abs(1 - output)) * 1e-5
    value = LOSSES[loss].value
    slope = (value(x + step, y) - value(x - step, y)) / (2 * step)
    assert gradient[0, 0] == pytest.approx(slope, rel=1e-6)


@pytest.mark.parametrize("loss", LOSSES)
def test_losses_stay_finite_at_exactly_0_and_1(loss: str) -> None:
    x = np.array([[0, 1, 0, 1]], np.float32)
    y, gradient = np.array([[0, 1, 1, 0]], np.float32), np.empty_like(x)
    LOSSES[loss].gradient(x, y, gradient)
    assert np.isfinite(gradient).all()
    assert np.isfinite(LOSSES[loss].value(x, y))


@settings(max_examples=60, deadline=None)
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

    gradient, workspace = backpropagate(network, x, y)
    error = network.loss.value(workspace.trace[-1], y)

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
    gradient, workspace = backpropagate(network, x, y)
    assert network.loss.value(workspace.trace[-1], y) == 0.25
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


def test_a_smaller_batch_in_the_same_workspace_gives_the_same_gradient() -> None:
    network = network_of([5, 4, 3], ["tanh", "softmax"], "cross_entropy")
    x, y = batch_for(network, 3)
    expected = backpropagate(network, x, y)[0]
    small = Workspace.for_rows(network, 8).rows(slice(3))
    small.trace[0][...] = x
    network.forward(small.trace)
    np.testing.assert_array_equal(network.gradient(y, small), expected)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_precision_is_that_asked_for_throughout(dtype: str) -> None:
    network = network_of([5, 4, 3], ["sigmoid", "softmax"], "cross_entropy", dtype=dtype)
    x, y = (array.astype(dtype) for array in batch_for(network, 6))
    gradient, workspace = backpropagate(network, x, y)
    arrays = [network.parameters, gradient, *workspace.trace, *workspace.deltas[1:]]
    assert {array.dtype for array in arrays} == {np.dtype(dtype)}


def test_float32_gradient_is_the_float64_gradient_rounded() -> None:
    gradients = []
    for dtype in ("float32", "float64"):
        network = network_of([30, 20, 10], ["sigmoid", "softmax"], "cross_entropy", dtype=dtype)
        x, y = (array.astype(dtype) for array in batch_for(network, 16))
        gradients.append(backpropagate(network, x, y)[0])
    assert relative_error(*gradients) < 1e-6


@pytest.mark.parametrize("widths", [[3], [3, 0], [0, 2]])
def test_a_network_without_layers_or_neurons_is_refused(widths: list[int]) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        network_of(widths, ["sigmoid"] * (len(widths) - 1), "squared_error")
