"""Penalties and limits, each against the formula written out."""

from itertools import pairwise

import numpy as np
import pytest

from nntrain.engine import TrainStep, WorkerPool
from nntrain.nn.arrays import Array
from nntrain.optim import Adam, Regularization
from tests.support.descent import START, WIDTHS, descended
from tests.support.networks import batch_for, gradient_of, network_of


def gradients(before: Array, number: int) -> Array:
    network = network_of(WIDTHS, ["tanh", "sigmoid", "softmax"], "cross_entropy")
    network.parameters[...] = before
    return gradient_of(network, *batch_for(network, 6, seed=number))


WEIGHTS = sum(a * b for a, b in pairwise(WIDTHS))


def test_l1_adds_the_sign_of_the_weights_to_their_gradient(threads: int) -> None:
    _, _, (first, second) = descended(Regularization(l1=0.01, weight_count=WEIGHTS), threads, 2)
    for before, after, number in ((START, first, 0), (first, second, 1)):
        g = gradients(before, number)
        g[:WEIGHTS] += 0.01 * np.sign(before[:WEIGHTS])
        np.testing.assert_allclose(after, before - 0.5 * g, rtol=1e-10, atol=1e-14)


def test_l1_is_part_of_the_gradient_that_the_optimizer_gets() -> None:
    network = network_of(WIDTHS, ["tanh", "sigmoid", "softmax"], "cross_entropy")
    optimizer = Adam(network.parameters, network.weight_count)
    fast = TrainStep(
        network, optimizer, 6, WorkerPool(1), Regularization(l1=0.01, weight_count=WEIGHTS)
    )
    buffer = fast.buffer(6)
    buffer.x[:6], buffer.y[:6] = batch_for(network, 6)
    fast.run(buffer, 0, 6, 0.1)
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
        fast = TrainStep(network, optimizer, 6, WorkerPool(1), Regularization(clip_norm=clip))
        buffer = fast.buffer(6)
        buffer.x[:6], buffer.y[:6] = batch_for(network, 6)
        fast.run(buffer, 0, 6, 0.1)
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


def test_a_gradient_whose_squares_overflow_is_shortened_all_the_same() -> None:
    gradient = np.full(100, 1e19, np.float32)
    Regularization(clip_norm=2.0).clip(gradient)
    np.testing.assert_allclose(gradient, np.full(100, 0.2), rtol=1e-6)
