"""Dropout, penalties, limits and averages, each against the formula written out."""

from itertools import pairwise, product

import numpy as np
import pytest

from nntrain.nn import (
    INITIALIZERS,
    SGD,
    Adam,
    Descent,
    LayerSpec,
    MovingAverage,
    Network,
    Regularization,
    Team,
    Workspace,
    descent,
)
from nntrain.nn.arrays import Array
from tests.nn.test_backpropagation import (
    backpropagate,
    batch_for,
    network_of,
    numerical_gradient,
    relative_error,
)

WIDTHS = [7, 6, 5, 3]


def dropping(shares: list[float], activation: str = "tanh", last: str = "softmax") -> Network:
    init = INITIALIZERS["lecun_normal"]
    layers = [
        LayerSpec(n, activation, init, share)
        for n, share in zip(WIDTHS[1:-1], shares[1:], strict=True)
    ]
    loss = "cross_entropy" if last == "softmax" else "squared_error"
    network = Network(
        WIDTHS[0], [*layers, LayerSpec(WIDTHS[-1], last, init)], loss, "float64", shares[0]
    )
    network.initialize(np.random.default_rng(0))
    return network


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "scaled_tanh", "identity"])
def test_the_gradient_with_dropout_is_that_of_the_thinned_network(activation: str) -> None:
    network = dropping([0.0, 0.5, 0.3], activation)
    x, y = batch_for(network, 4)
    rng = np.random.default_rng(1)
    masks: list[Array | None] = [
        *((rng.random((4, n)) < 0.6).astype(np.float64) for n in WIDTHS[1:-1]),
        None,
    ]
    workspace = Workspace.for_rows(network, 4)._replace(masks=masks)
    workspace.trace[0][...] = x

    def error() -> float:
        return network.loss.value(network.forward(workspace.trace, masks), y)

    numerical = numerical_gradient(error, network.parameters)
    error()
    assert relative_error(network.gradient(y, workspace), numerical) < 1e-8


def test_a_linear_networks_prediction_is_the_mean_of_all_thinned_networks() -> None:
    init = INITIALIZERS["lecun_normal"]
    layers = [LayerSpec(4, "identity", init, 0.5), LayerSpec(2, "identity", init)]
    network = Network(5, layers, "squared_error", "float64", 0.25)
    network.initialize(np.random.default_rng(0))
    x, _ = batch_for(network, 3)
    given = x.copy()
    mean = np.zeros((3, 2))
    for bits in product((0.0, 1.0), repeat=9):
        inputs, hidden = np.array(bits[:5]), np.array(bits[5:])
        chance = 0.75 ** inputs.sum() * 0.25 ** (5 - inputs.sum()) * 0.5**4
        trace = [x * inputs, np.empty((3, 4)), np.empty((3, 2))]
        mean += chance * network.forward(trace, [np.tile(hidden, (3, 1)), None])
    np.testing.assert_allclose(network.predict(x), mean, rtol=1e-10)
    np.testing.assert_array_equal(x, given)


def descended(
    rules: Regularization,
    threads: int = 1,
    steps: int = 3,
    average: float | None = None,
    learning_rate: float = 0.5,
) -> tuple[Network, MovingAverage | None, list[Array]]:
    """The network, its average and its parameters after each step."""
    network = network_of(WIDTHS, ["tanh", "sigmoid", "softmax"], "cross_entropy")
    follower = None if average is None else MovingAverage(network.parameters, average)
    optimizer = SGD(network.parameters, network.weight_count)
    history = []
    with Team(threads) as team:
        moving = Descent(network, optimizer, 6, team, rules, follower)
        block = moving.block(6)
        for step in range(steps):
            block.x[:6], block.y[:6] = batch_for(network, 6, seed=step)
            moving.step(block, 0, 6, learning_rate)
            history.append(network.parameters.copy())
    return network, follower, history


def gradients(before: Array, step: int) -> Array:
    network = network_of(WIDTHS, ["tanh", "sigmoid", "softmax"], "cross_entropy")
    network.parameters[...] = before
    return backpropagate(network, *batch_for(network, 6, seed=step))[0]


START = network_of(WIDTHS, ["tanh", "sigmoid", "softmax"], "cross_entropy").parameters.copy()
WEIGHTS = sum(a * b for a, b in pairwise(WIDTHS))


@pytest.fixture(params=[1, 3])
def threads(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(descent, "WORTH_A_TEAM", 0)
    monkeypatch.setattr(descent, "CACHED_PARAMETERS", 10)
    return int(request.param)


def test_l1_adds_the_sign_of_the_weights_to_their_gradient(threads: int) -> None:
    _, _, (first, second) = descended(Regularization(l1=0.01, weight_count=WEIGHTS), threads, 2)
    for before, after, step in ((START, first, 0), (first, second, 1)):
        g = gradients(before, step)
        g[:WEIGHTS] += 0.01 * np.sign(before[:WEIGHTS])
        np.testing.assert_allclose(after, before - 0.5 * g, rtol=1e-10, atol=1e-14)


def test_l1_is_part_of_the_gradient_whatever_factor_the_optimizer_gives_it() -> None:
    network = network_of(WIDTHS, ["tanh", "sigmoid", "softmax"], "cross_entropy")
    optimizer = Adam(network.parameters, network.weight_count)
    moving = Descent(network, optimizer, 6, Team(1), Regularization(l1=0.01, weight_count=WEIGHTS))
    block = moving.block(6)
    block.x[:6], block.y[:6] = batch_for(network, 6)
    moving.step(block, 0, 6, 0.1)
    g = gradients(START, 0)
    g[:WEIGHTS] += 0.01 * np.sign(START[:WEIGHTS])
    np.testing.assert_allclose(optimizer.state["first_moment"], 0.1 * g, rtol=1e-9, atol=1e-15)


def test_a_gradient_too_long_is_shortened_and_another_is_not(threads: int) -> None:
    norm = float(np.linalg.norm(gradients(START, 0)))
    for longest, shortened in ((norm / 3, 1 / 3), (norm * 1.01, 1.0)):
        _, _, (after,) = descended(Regularization(clip_norm=longest), threads, 1)
        expected = START - 0.5 * shortened * gradients(START, 0)
        np.testing.assert_allclose(after, expected, rtol=1e-10, atol=1e-14)


def test_clipping_measures_the_gradient_and_not_what_the_optimizer_makes_of_it() -> None:
    networks = []
    for clip in (None, 1e-3):
        network = network_of(WIDTHS, ["tanh", "sigmoid", "softmax"], "cross_entropy")
        optimizer = Adam(network.parameters, network.weight_count)
        moving = Descent(network, optimizer, 6, Team(1), Regularization(clip_norm=clip))
        block = moving.block(6)
        block.x[:6], block.y[:6] = batch_for(network, 6)
        moving.step(block, 0, 6, 0.1)
        networks.append(optimizer.state["first_moment"])
    assert np.linalg.norm(networks[1]) == pytest.approx(1e-3 * 0.1)
    np.testing.assert_allclose(
        networks[1] / np.linalg.norm(networks[1]), networks[0] / np.linalg.norm(networks[0])
    )


def test_no_neurons_weights_are_longer_than_max_norm(threads: int) -> None:
    free, _, _ = descended(Regularization(), threads, 1)
    held, _, _ = descended(Regularization(max_norm=0.8), threads, 1)
    lengthened = 0
    for ours, theirs in zip(held.layers, free.layers, strict=True):
        np.testing.assert_array_equal(ours.biases, theirs.biases)
        for w, w_free in zip(ours.weights, theirs.weights, strict=True):
            norm = float(np.linalg.norm(w_free))
            lengthened += int(norm > 0.8)
            np.testing.assert_allclose(w, w_free * min(1, 0.8 / norm), rtol=1e-12)
    assert 0 < lengthened < sum(WIDTHS[1:]), "both kinds occur"


def test_the_average_follows_as_the_formula_says(threads: int) -> None:
    _, follower, history = descended(Regularization(), threads, 30, average=0.75)
    assert follower is not None
    average = START.copy()
    for t, parameters in enumerate(history, 1):
        decay = min(0.75, (1 + t) / (10 + t))
        average = decay * average + (1 - decay) * parameters
    np.testing.assert_allclose(follower.parameters, average, rtol=1e-12)
    assert float(follower.state["average_steps"]) == 30


def test_a_gradient_whose_squares_overflow_is_shortened_all_the_same() -> None:
    gradient = np.full(100, 1e19, np.float32)
    Regularization(clip_norm=2.0).clip(gradient, 0.5)
    np.testing.assert_allclose(gradient, np.full(100, 0.1), rtol=1e-6)


def test_the_answer_cannot_be_dropped() -> None:
    init = INITIALIZERS["zeros"]
    with pytest.raises(ValueError, match="answer"):
        Network(4, [LayerSpec(2, "softmax", init, 0.5)], "cross_entropy")
