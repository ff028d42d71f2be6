"""The fast step is the pure gradient handed to the optimiser, however it is shared."""

from collections.abc import Sequence
from itertools import product

import numpy as np
import pytest

from nntrain.engine import Dropout, TrainStep, WorkerPool, buffers, step
from nntrain.nn import ACTIVATIONS, LOSSES, Conv, FlatDense, Layer, MaxPool, MeanPool, Network
from nntrain.nn.arrays import Array
from nntrain.optim import SGD, Adam, Momentum, Nesterov, Optimizer, Regularization
from tests.support.networks import (
    batch_for,
    gradient_of,
    network_of,
    numerical_gradient,
    relative_error,
    with_permutation,
)

WIDTHS = [13, 70, 7, 5]  # one of them wide enough to lie otherwise in memory


def optimizer_for(name: str, network: Network) -> Optimizer:
    common = network.parameters, network.weight_count
    optimizers: dict[str, Optimizer] = {
        "sgd": SGD(*common, 0.01),
        "momentum": Momentum(*common, 0.9, 0.01),
        "nesterov": Nesterov(*common, 0.9),
        "adam": Adam(*common, weight_decay=0.01),
    }
    return optimizers[name]


def trained(name: str, threads: int, batch_size: int = 6, steps: int = 5) -> tuple[Network, Array]:
    """The network after some steps, and the outputs before the last ones."""
    network = network_of(WIDTHS, ["tanh", "sigmoid", "softmax"], "cross_entropy")
    with WorkerPool(threads) as pool:
        fast = TrainStep(
            network,
            optimizer_for(name, network),
            batch_size,
            pool,
            dropout=Dropout([0.1, 0.5, 0.3], seed=7),
        )
        buffer = fast.buffer(12)
        for number in range(steps):
            x, y = batch_for(network, 2 * batch_size - 1, seed=number)
            buffer.x[: len(x)], buffer.y[: len(x)] = x, y
            fast.run(buffer, 0, batch_size, 0.1, epoch=0, batch=2 * number)
            fast.run(buffer, batch_size, len(x), 0.05, epoch=0, batch=2 * number + 1)  # smaller
        return network, buffer.outputs[: len(x)].copy()


@pytest.fixture
def always_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step, "WORTH_A_POOL", 0)
    monkeypatch.setattr(step, "WORTH_A_POOL_FOR_PICTURES", 0)
    monkeypatch.setattr(buffers, "CACHED_PARAMETERS", 10)


def gradient_with(network: Network, x: Array, y: Array, masks: Sequence[Array | None]) -> Array:
    """The gradient where what the layers read is multiplied by masks, from the pure formulas."""
    xs, read = [x], []
    for layer, mask in zip(network.layers, masks, strict=True):
        read.append(xs[-1] if mask is None else xs[-1] * mask)
        xs.append(layer.forward(read[-1]))
    deltas: list[Array] = [network.output_delta(xs[-1], y) / len(y)]
    for i in range(len(network.layers) - 1, 0, -1):
        error = network.layers[i].backward(deltas[0], read[i])
        mask = masks[i]
        error = error if mask is None else error * mask
        deltas.insert(0, network.layers[i - 1].activation.backward(error, xs[i]))
    vector = np.empty_like(network.parameters)
    for layer, delta, inputs, (weights, biases) in zip(
        network.layers, deltas, read, network.views(vector), strict=True
    ):
        weights[...], biases[...] = layer.gradient(delta, inputs)
    return vector


def masks_for(network: Network, dropout: Dropout | None, rows: int) -> list[Array | None]:
    """Those of epoch 2, batch 3."""
    if dropout is None:
        return [None] * len(network.layers)
    masks: list[Array | None] = [
        np.empty((rows, *shape)) if rate else None
        for shape, rate in zip(network.shapes, dropout.rates, strict=False)
    ]
    dropout.draw(masks, 2, 3)
    return masks


@pytest.mark.usefixtures("always_share")
@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("rates", [None, [0.0, 0.5, 0.0], [0.2, 0.5, 0.3]], ids=str)
@pytest.mark.parametrize(("activation", "loss"), list(product(ACTIVATIONS, LOSSES)))
def test_a_step_moves_by_the_pure_gradient(
    activation: str, loss: str, rates: list[float] | None, threads: int
) -> None:
    hidden = "tanh" if activation == "softmax" else activation
    network = network_of(WIDTHS, [hidden, hidden, activation], loss)
    before = network.parameters.copy()
    x, y = batch_for(network, 6)
    dropout = Dropout(rates, seed=1) if rates else None
    expected = gradient_with(network, x, y, masks_for(network, dropout, 6))
    if rates is None:
        np.testing.assert_array_equal(expected, gradient_of(network, x, y))
    with WorkerPool(threads) as pool:
        sgd = SGD(network.parameters, network.weight_count)
        fast = TrainStep(network, sgd, 6, pool, dropout=dropout)
        buffer = fast.buffer(12)
        buffer.x[6:], buffer.y[6:] = x, y
        fast.run(buffer, 6, 12, 0.1, epoch=2, batch=3)
    moved = (before - network.parameters) / 0.1
    assert relative_error(moved, expected) < 1e-10


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "scaled_tanh", "identity"])
def test_the_gradient_with_dropout_is_that_of_the_thinned_network(activation: str) -> None:
    network = network_of([7, 6, 5, 3], [activation, activation, "softmax"], "cross_entropy")
    x, y = batch_for(network, 4)
    masks = masks_for(network, Dropout([0.2, 0.5, 0.3], seed=1), 4)

    def error() -> float:
        read = x
        for layer, mask in zip(network.layers, masks, strict=True):
            read = layer.forward(read if mask is None else read * mask)
        return network.loss.value(read, y)

    numerical = numerical_gradient(error, network.parameters)
    assert relative_error(gradient_with(network, x, y, masks), numerical) < 1e-8


@pytest.mark.usefixtures("always_share")
@pytest.mark.parametrize("threads", [1, 2])
def test_a_step_goes_through_a_layer_of_another_kind(threads: int) -> None:
    network = with_permutation()
    before, (x, y) = network.parameters.copy(), batch_for(network, 5)
    expected = gradient_of(network, x, y)
    with WorkerPool(threads) as pool:
        fast = TrainStep(network, SGD(network.parameters, network.weight_count), 5, pool)
        buffer = fast.buffer(5)
        buffer.x[...], buffer.y[...] = x, y
        fast.run(buffer, 0, 5, 0.1)
    np.testing.assert_allclose(network.parameters, before - 0.1 * expected, rtol=1e-12)


@pytest.mark.usefixtures("always_share")
@pytest.mark.parametrize("name", ["sgd", "momentum", "nesterov", "adam"])
@pytest.mark.parametrize("threads", [2, 3, 8])  # eight are more than there are rows or neurons
def test_any_number_of_threads_takes_the_same_steps(name: str, threads: int) -> None:
    shared, outputs = trained(name, threads)
    alone, outputs_alone = trained(name, 1)
    np.testing.assert_allclose(shared.parameters, alone.parameters, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(outputs, outputs_alone, rtol=1e-10)


@pytest.mark.usefixtures("always_share")
def test_one_number_of_threads_gives_the_same_bits_every_time() -> None:
    first = trained("adam", 3, steps=40)[0].parameters
    for _ in range(5):
        np.testing.assert_array_equal(trained("adam", 3, steps=40)[0].parameters, first)


@pytest.mark.parametrize("name", ["sgd", "momentum", "nesterov", "adam"])
def test_a_step_is_the_gradient_handed_to_the_optimizer(name: str) -> None:
    network, plain = (
        network_of(WIDTHS, ["tanh", "sigmoid", "softmax"], "cross_entropy") for _ in range(2)
    )
    x, y = batch_for(network, 6)
    fast = TrainStep(network, optimizer_for(name, network), 6, WorkerPool(1))
    buffer, optimizer = fast.buffer(12), optimizer_for(name, plain)
    for _ in range(3):
        buffer.x[:6], buffer.y[:6] = x, y
        fast.run(buffer, 0, 6, 0.1)
        optimizer.step(plain.parameters, gradient_of(plain, x, y), 0.1)
    np.testing.assert_allclose(network.parameters, plain.parameters, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize(
    ("neurons", "batch_size", "threads", "blas_threads"),
    [(30, 10, 1, 1), (100, 128, 1, 2), (1000, 128, 2, 1)],
)
def test_threads_are_never_used_twice(
    neurons: int, batch_size: int, threads: int, blas_threads: int
) -> None:
    network = network_of([784, neurons, 10], ["sigmoid"] * 2, "squared_error")
    with WorkerPool(2) as pool:
        fast = TrainStep(network, optimizer_for("sgd", network), batch_size, pool)
    assert (fast.threads, fast.blas_threads) == (threads, blas_threads)


@pytest.mark.parametrize(("batch_size", "threads"), [(8, 1), (32, 2)])
def test_a_pool_is_worth_it_for_smaller_batches_of_pictures(batch_size: int, threads: int) -> None:
    layers: list[Layer] = [Conv(16, 5, "relu"), MaxPool(2), FlatDense(10, "softmax")]
    network = Network((28, 28, 1), layers, "cross_entropy")
    with WorkerPool(2) as pool:
        fast = TrainStep(network, optimizer_for("sgd", network), batch_size, pool)
    assert (fast.threads, fast.blas_threads) == (threads, 1)


@pytest.mark.usefixtures("always_share")
@pytest.mark.parametrize("clip_norm", [None, 0.01])
@pytest.mark.parametrize("rates", [None, [0.2, 0.0, 0.3, 0.0, 0.1]], ids=str)
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_a_step_of_pictures_moves_by_the_pure_gradient(
    threads: int, rates: list[float] | None, clip_norm: float | None
) -> None:
    layers = [
        *(Conv(4, 3, "tanh"), MaxPool(2), Conv(3, 2, "sigmoid", padding=1), MeanPool(2)),
        FlatDense(5, "softmax"),
    ]
    network = Network((8, 8, 2), layers, "cross_entropy", "float64")
    network.parameters[...] = np.random.default_rng(0).normal(0, 0.3, network.parameters.size)
    before = network.parameters.copy()
    x, y = batch_for(network, 6)
    dropout = Dropout(rates, seed=1) if rates else None
    expected = gradient_with(network, x, y, masks_for(network, dropout, 6))
    rules = Regularization(clip_norm=clip_norm, max_norm=0.9)
    rules.clip(expected)
    with WorkerPool(threads) as pool:
        sgd = SGD(network.parameters, network.weight_count)
        fast = TrainStep(network, sgd, 6, pool, rules, dropout=dropout)
        buffer = fast.buffer(6)
        buffer.x[...], buffer.y[...] = x.reshape(6, -1), y
        fast.run(buffer, 0, 6, 0.5, epoch=2, batch=3)
    unlimited = before - 0.5 * expected
    limited = unlimited.copy()
    for weights, _ in network.views(limited):
        if weights.size:
            rules.limit(weights.reshape(len(weights), -1))
    assert np.count_nonzero(limited != unlimited) > 50
    np.testing.assert_allclose(limited, network.parameters, atol=1e-12)
