"""Optimisers held against the papers' formulas, one parameter at a time in plain Python."""

import math
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from nntrain.nn.arrays import Array
from nntrain.optim import SGD, Adam, AdamW, Momentum, Nesterov, Optimizer

STEPS = 50
DECAY = 0.03
SIZE, WEIGHTS = 6, 4  # the last two are biases, which do not decay


def learning_rate(t: int) -> float:
    return 0.1 / (1 + 0.05 * t)


Slow = Callable[[float, Iterator[float], float], float]


def slow_sgd(w: float, gradients: Iterator[float], decay: float) -> float:
    for t, g in enumerate(gradients):
        w = w - learning_rate(t) * (g + decay * w)
    return w


def slow_momentum(w: float, gradients: Iterator[float], decay: float) -> float:
    v = 0.0
    for t, g in enumerate(gradients):
        v = 0.9 * v + g + decay * w
        w = w - learning_rate(t) * v
    return w


def slow_nesterov(w: float, gradients: Iterator[float], decay: float) -> float:
    v = 0.0
    for t, g in enumerate(gradients):
        decayed = g + decay * w
        v = 0.9 * v + decayed
        w = w - learning_rate(t) * (decayed + 0.9 * v)
    return w


def slow_adam(w: float, gradients: Iterator[float], decay: float) -> float:
    m = v = 0.0
    for t, g in enumerate(gradients):
        decayed = g + decay * w
        m = 0.9 * m + 0.1 * decayed
        v = 0.999 * v + 0.001 * decayed**2
        m_hat, v_hat = m / (1 - 0.9 ** (t + 1)), v / (1 - 0.999 ** (t + 1))
        w = w - learning_rate(t) * m_hat / (math.sqrt(v_hat) + 1e-8)
    return w


def slow_adamw(w: float, gradients: Iterator[float], decay: float) -> float:
    m = v = 0.0
    for t, g in enumerate(gradients):
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g**2
        m_hat, v_hat = m / (1 - 0.9 ** (t + 1)), v / (1 - 0.999 ** (t + 1))
        w = w - learning_rate(t) * decay * w
        w = w - learning_rate(t) * m_hat / (math.sqrt(v_hat) + 1e-8)
    return w


MAKERS: dict[str, tuple[Callable[[Array, float], Optimizer], Slow]] = {
    "sgd": (lambda w, decay: SGD(w, WEIGHTS, decay), slow_sgd),
    "momentum": (lambda w, decay: Momentum(w, WEIGHTS, 0.9, decay), slow_momentum),
    "nesterov": (lambda w, decay: Nesterov(w, WEIGHTS, 0.9, decay), slow_nesterov),
    "adam": (lambda w, decay: Adam(w, WEIGHTS, weight_decay=decay), slow_adam),
    "adamw": (lambda w, decay: AdamW(w, WEIGHTS, weight_decay=decay), slow_adamw),
}


@pytest.mark.parametrize("decay", [0.0, DECAY])
@pytest.mark.parametrize("name", MAKERS)
def test_fifty_steps_follow_the_formula(name: str, decay: float) -> None:
    make, slow = MAKERS[name]
    rng = np.random.default_rng(1)
    start, gradients = rng.normal(0, 1, SIZE), rng.normal(0, 1, (STEPS, SIZE))
    parameters = start.copy()
    optimizer = make(parameters, decay)
    for t in range(STEPS):
        optimizer.step(parameters, gradients[t].copy(), learning_rate(t))
    expected = [
        slow(start[i], iter(gradients[:, i].tolist()), decay if i < WEIGHTS else 0.0)
        for i in range(SIZE)
    ]
    np.testing.assert_allclose(parameters, expected, rtol=1e-12)


@pytest.mark.parametrize("name", MAKERS)
def test_state_alone_is_enough_to_go_on_exactly(name: str) -> None:
    make, _ = MAKERS[name]
    rng = np.random.default_rng(2)
    gradients = rng.normal(0, 1, (10, SIZE)).astype(np.float32)
    undisturbed = rng.normal(0, 1, SIZE).astype(np.float32)
    stopped = undisturbed.copy()

    optimizer = make(undisturbed, DECAY)
    for g in gradients:
        optimizer.step(undisturbed, g.copy(), 0.1)

    optimizer = make(stopped, DECAY)
    for g in gradients[:5]:
        optimizer.step(stopped, g.copy(), 0.1)
    saved = {key: array.copy() for key, array in optimizer.state.items()}
    optimizer = make(stopped, DECAY)
    for key, array in optimizer.state.items():
        array[...] = saved[key]
    for g in gradients[5:]:
        optimizer.step(stopped, g.copy(), 0.1)

    np.testing.assert_array_equal(stopped, undisturbed)
