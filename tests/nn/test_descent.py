"""A step shared among threads is the step that one thread takes."""

import threading

import numpy as np
import pytest

from nntrain.nn import SGD, Adam, Descent, Momentum, Nesterov, Optimizer, Team, descent
from nntrain.nn.arrays import Array
from nntrain.nn.network import Network
from tests.nn.test_backpropagation import backpropagate, batch_for, network_of

WIDTHS = [13, 9, 7, 5]


def optimizer_for(name: str, network: Network) -> Optimizer:
    common = network.parameters, network.weight_count
    optimizers: dict[str, Optimizer] = {
        "sgd": SGD(*common, 0.01),
        "momentum": Momentum(*common, 0.9, 0.01),
        "nesterov": Nesterov(*common, 0.9),
        "adam": Adam(*common, weight_decay=0.01),
    }
    return optimizers[name]


def descend(name: str, threads: int, batch_size: int = 6, steps: int = 5) -> tuple[Network, Array]:
    """Parameters, and the outputs before the last block's steps."""
    network = network_of(WIDTHS, ["tanh", "sigmoid", "softmax"], "cross_entropy")
    with Team(threads) as team:
        moving = Descent(network, optimizer_for(name, network), batch_size, team)
        block = moving.block(12)
        for step in range(steps):
            x, y = batch_for(network, 2 * batch_size - 1, seed=step)
            block.x[: len(x)], block.y[: len(x)] = x, y
            moving.step(block, 0, batch_size, 0.1)
            moving.step(block, batch_size, len(x), 0.05)  # a smaller last batch
        return network, block.outputs[: len(x)].copy()


@pytest.fixture
def always_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(descent, "WORTH_A_TEAM", 0)
    monkeypatch.setattr(descent, "CACHED_PARAMETERS", 10)


@pytest.mark.usefixtures("always_share")
@pytest.mark.parametrize("name", ["sgd", "momentum", "nesterov", "adam"])
@pytest.mark.parametrize("threads", [2, 3, 8])  # eight are more than there are rows or neurons
def test_any_number_of_threads_takes_the_same_steps(name: str, threads: int) -> None:
    shared, outputs = descend(name, threads)
    alone, outputs_alone = descend(name, 1)
    np.testing.assert_allclose(shared.parameters, alone.parameters, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(outputs, outputs_alone, rtol=1e-10)


@pytest.mark.usefixtures("always_share")
def test_one_number_of_threads_gives_the_same_bits_every_time() -> None:
    first = descend("adam", 3, steps=40)[0].parameters
    for _ in range(5):
        np.testing.assert_array_equal(descend("adam", 3, steps=40)[0].parameters, first)


@pytest.mark.parametrize("name", ["sgd", "momentum", "nesterov", "adam"])
def test_a_step_is_the_gradient_handed_to_the_optimizer(name: str) -> None:
    network, plain = (
        network_of(WIDTHS, ["tanh", "sigmoid", "softmax"], "cross_entropy") for _ in range(2)
    )
    x, y = batch_for(network, 6)
    moving = Descent(network, optimizer_for(name, network), 6, Team(1))
    block, optimizer = moving.block(12), optimizer_for(name, plain)
    for _ in range(3):
        block.x[:6], block.y[:6] = x, y
        moving.step(block, 0, 6, 0.1)
        optimizer.step(plain.parameters, backpropagate(plain, x, y)[0], 0.1)
    np.testing.assert_allclose(network.parameters, plain.parameters, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize(
    ("neurons", "batch_size", "threads", "blas_threads"),
    [(30, 10, 1, 1), (100, 128, 1, 2), (1000, 128, 2, 1)],
)
def test_threads_are_never_used_twice(
    neurons: int, batch_size: int, threads: int, blas_threads: int
) -> None:
    network = network_of([784, neurons, 10], ["sigmoid"] * 2, "squared_error")
    with Team(2) as team:
        moving = Descent(network, optimizer_for("sgd", network), batch_size, team)
    assert (moving.threads, moving.blas_threads) == (threads, blas_threads)


def test_a_team_does_every_part_and_passes_faults_on() -> None:
    done: list[int] = []
    with Team(4) as team:
        team.each(done.append)
        assert sorted(done) == [0, 1, 2, 3]

        def fail(number: int) -> None:
            if number == 2:
                raise ValueError("part 2")

        with pytest.raises(ValueError, match="part 2"):
            team.each(fail)
        team.each(done.append)  # and goes on
        assert len(done) == 8


def test_a_teams_threads_end_with_it() -> None:
    before = threading.active_count()
    with Team(5) as team:
        team.each(lambda number: None)
        assert threading.active_count() == before + 4
    assert threading.active_count() == before
