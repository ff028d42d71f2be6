"""Demo digits: reproducible, framed like MNIST, varied, not too easy, and close to handwriting."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nntrain.data.demo import WAYS, demo_digits

Dataset = tuple[np.ndarray, np.ndarray]


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return demo_digits(7000, seed=1)


def classifier(pixels: np.ndarray, labels: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Linear softmax regression by full-batch gradient descent with momentum."""
    x, y = pixels.astype(np.float32) / 255, np.eye(10, dtype=np.float32)[labels]
    weights, velocity = np.zeros((2, 784, 10), np.float32)
    for _ in range(80):
        scores = x @ weights
        p = np.exp(scores - scores.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        velocity = 0.9 * velocity - 0.15 * x.T @ (p - y) / len(x)
        weights += velocity
    return lambda pixels: (pixels @ weights).argmax(axis=1)


def test_shapes_and_types(digits: Dataset) -> None:
    pixels, labels = digits
    assert pixels.shape == (7000, 784)
    assert labels.shape == (7000,)
    assert pixels.dtype == labels.dtype == np.uint8


@pytest.mark.parametrize("count", [0, 1, 499, 500, 501])
def test_fewer_digits_are_the_first_of_more(digits: Dataset, count: int) -> None:
    pixels, labels = demo_digits(count, seed=1)
    assert np.array_equal(pixels, digits[0][:count])
    assert np.array_equal(labels, digits[1][:count])


def test_another_seed_gives_other_digits() -> None:
    assert not np.array_equal(demo_digits(100, seed=0)[0], demo_digits(100, seed=1)[0])


def test_the_largest_seed_is_accepted() -> None:
    assert len(demo_digits(1, seed=2**64 - 1)[0]) == 1


def test_digits_are_balanced_and_in_random_order(digits: Dataset) -> None:
    labels = digits[1]
    assert np.bincount(labels).tolist() == [700] * 10
    same_as_next = np.mean(labels[1:] == labels[:-1])
    assert 0.05 < same_as_next < 0.15
    assert not np.array_equal(labels[:500], labels[500:1000])


def test_the_centre_of_mass_is_in_the_middle(digits: Dataset) -> None:
    images = digits[0].reshape(-1, 28, 28).astype(float)
    mass = images.sum(axis=(1, 2))
    assert mass.min() > 10 * 255
    for axis in (1, 2):
        centre = images.sum(axis=3 - axis) @ np.arange(28) / mass
        assert np.abs(centre - 14).max() < 0.75
        assert abs(centre.mean() - 14) < 0.05


def test_digits_fill_a_box_of_20_pixels(digits: Dataset) -> None:
    images = digits[0].reshape(-1, 28, 28)
    profiles = np.stack([images.max(axis=1), images.max(axis=2)]) > 127
    extents = 28 - profiles.argmax(axis=2) - profiles[:, :, ::-1].argmax(axis=2)
    longer = extents.max(axis=0)
    assert np.mean(longer <= 21) > 0.998
    assert longer.max() <= 22
    assert longer.min() >= 16
    assert 18.5 < longer.mean() < 20.5


def test_edges_are_soft_and_the_paper_is_white(digits: Dataset) -> None:
    pixels = digits[0]
    grey = np.mean((pixels > 25) & (pixels < 230), axis=1) / np.mean(pixels > 25, axis=1)
    assert 0.4 < np.median(grey) < 0.7
    assert np.mean(pixels == 0) > 0.7
    assert np.mean(pixels.max(axis=1) > 200) > 0.98


def test_no_two_digits_are_alike(digits: Dataset) -> None:
    assert len(np.unique(digits[0], axis=0)) == 7000


def test_every_digit_can_be_written_in_several_ways() -> None:
    assert list(WAYS) == list(range(10))
    assert min(len(set(ways)) for ways in WAYS.values()) >= 8


@pytest.mark.slow
def test_a_linear_network_finds_them_neither_trivial_nor_hopeless(digits: Dataset) -> None:
    pixels, labels = digits
    predict = classifier(pixels[:6000], labels[:6000])
    assert 0.8 < np.mean(predict(pixels[6000:]) == labels[6000:]) < 0.97


@pytest.mark.slow
@pytest.mark.skipif("NNTRAIN_MNIST" not in os.environ, reason="NNTRAIN_MNIST names no folder")
def test_the_nearest_demo_digit_reads_real_mnist(digits: Dataset) -> None:
    train = pd.read_csv(Path(os.environ["NNTRAIN_MNIST"]) / "train.csv.gz", nrows=4000)
    labels, pixels = train.iloc[:, 0].to_numpy(), train.iloc[:, 1:].to_numpy(np.float32)
    demo = digits[0].astype(np.float32)
    distance = (demo**2).sum(axis=1) - 2 * pixels @ demo.T
    assert np.mean(digits[1][distance.argmin(axis=1)] == labels) >= 0.8
