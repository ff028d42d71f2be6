"""The gradient of distillation, against differences of the paper's error."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nntrain.engine import Distillation, TrainStep, WorkerPool
from nntrain.nn.arrays import Array
from nntrain.optim import SGD
from tests.support.examples import examples
from tests.support.networks import network_of, numerical_gradient, relative_error

settings_of_distillation = st.builds(
    Distillation, st.floats(1, 20), st.one_of(st.just(0.0), st.just(1.0), st.floats(0, 1))
)
seeds = st.integers(0, 2**32 - 1)


def softmax(z: Array) -> Array:
    powers = np.exp(z - z.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def hinton(z: Array, y: Array, v: Array, temperature: float, weight: float) -> Array:
    """The paper's error of each sample, from the logits z of the student and v of the teacher."""
    hard = -(y * np.log(softmax(z))).sum(axis=1)
    soft = -(softmax(v / temperature) * np.log(softmax(z / temperature))).sum(axis=1)
    return np.asarray((1 - weight) * hard + weight * temperature**2 * soft)


def logits_and_labels(seed: int, rows: int = 4, classes: int = 5) -> tuple[Array, Array, Array]:
    rng = np.random.default_rng(seed)
    z, v = rng.normal(0, 3, (2, rows, classes))
    return z, v, np.eye(classes)[rng.integers(0, classes, rows)]


@given(settings_of_distillation, seeds)
def test_the_gradient_is_that_of_the_papers_error(distillation: Distillation, seed: int) -> None:
    z, v, y = logits_and_labels(seed)
    c = distillation.targets(y, softmax(v))
    out, scratch = np.empty_like(z), np.empty_like(z)
    delta = distillation.output_delta(softmax(z), c, out, scratch)
    assert delta is out
    flat = z.reshape(-1)
    measured = numerical_gradient(lambda: float(hinton(z, y, v, *distillation).sum()), flat)
    np.testing.assert_allclose(delta.reshape(-1), measured, rtol=1e-5, atol=1e-6)


@given(st.floats(0, 1), seeds)
def test_at_temperature_1_it_is_cross_entropy_with_mixed_targets(weight: float, seed: int) -> None:
    z, v, y = logits_and_labels(seed)
    distillation = Distillation(1.0, weight)
    mixed = (1 - weight) * y + weight * softmax(v)
    c = distillation.targets(y, softmax(v))
    np.testing.assert_allclose(c, mixed, atol=1e-12)
    delta = distillation.output_delta(softmax(z), c)
    np.testing.assert_allclose(delta, softmax(z) - mixed, atol=1e-12)


def test_probabilities_of_zero_neither_divide_nor_overflow() -> None:
    certain = np.eye(3, dtype=np.float32)
    distillation = Distillation(4.0, 0.9)
    with np.errstate(all="raise", under="ignore"):
        c = distillation.targets(certain, certain)
        delta = distillation.output_delta(certain, c)
    np.testing.assert_allclose(delta, 0, atol=1e-6)


@examples(20)
@given(settings_of_distillation, seeds)
def test_a_step_goes_down_the_gradient_of_the_whole_network(
    distillation: Distillation, seed: int
) -> None:
    network = network_of([4, 6, 5], ["sigmoid", "softmax"], "cross_entropy", seed=seed % 1000)
    _, v, y = logits_and_labels(seed, rows=8)
    x = np.random.default_rng(seed).uniform(-1, 1, (8, 4))

    def error() -> float:
        return float(hinton(np.log(network.predict(x)), y, v, *distillation).mean())

    gradient = numerical_gradient(error, network.parameters)
    before = network.parameters.copy()
    with WorkerPool(1) as pool:
        optimizer = SGD(network.parameters, network.weight_count)
        step = TrainStep(network, optimizer, 8, pool, distillation=distillation)
        buffer = step.buffer(8)
        buffer.x[...], buffer.y[...] = x, distillation.targets(y, softmax(v))
        step.run(buffer, 0, 8, 0.5)
    assert relative_error((before - network.parameters) / 0.5, gradient) < 1e-7
