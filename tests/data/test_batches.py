"""Batches: every row once per epoch, in an order that depends on the seed."""

import time

import numpy as np
import pytest

from nntrain.data.augment import Augmentation, Augmenter
from nntrain.data.batches import Batches, Rescale, mix, one_hot
from nntrain.engine import BatchBuffer
from nntrain.nn.arrays import Array
from tests.support.csvs import make_dataset
from tests.support.tiny import stripes


def batches_of(rows: int, batch_size: int) -> Batches:
    pixels, labels = stripes(rows)
    digits = make_dataset(pixels, labels)
    return Batches(
        digits.as_subset(),
        targets=one_hot(3, "float32"),
        batch_size=batch_size,
        scale=Rescale(0, 1),
        seed=1,
    )


def blocks_of(rows: int) -> list[BatchBuffer]:
    return [
        BatchBuffer(
            np.empty((rows, 16), np.float32),
            np.empty((rows, 3), np.float32),
            np.empty((rows, 3)),
            [],
        )
        for _ in range(2)
    ]


def test_every_row_is_seen_once_an_epoch_in_another_order_each_time() -> None:
    batches = batches_of(50, batch_size=4)
    orders = []
    for epoch in (0, 1):
        rows = []
        for block, labels in batches.epoch(epoch, 0, blocks_of(8)):
            count = len(labels)
            np.testing.assert_array_equal(block.y[:count].argmax(axis=1), labels)
            rows += [(x * 255).round().astype(np.uint8).tobytes() for x in block.x[:count]]
        orders.append(rows)
    pixels = batches.rows.dataset.pixels
    assert sorted(orders[0]) == sorted(orders[1]) == sorted(row.tobytes() for row in pixels)
    assert orders[0] != orders[1]


def test_an_epoch_taken_up_at_a_batch_deals_out_the_rest_of_the_same_order() -> None:
    batches = batches_of(50, batch_size=8)

    def dealt(start: int) -> list[Array]:
        return [
            block.x[: len(labels)].copy() for block, labels in batches.epoch(2, start, blocks_of(8))
        ]

    whole, rest = dealt(0), dealt(3)
    assert len(whole) == len(batches) == 7
    for ours, theirs in zip(rest, whole[3:], strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_block_stays_as_it_is_until_the_next_is_asked_for() -> None:
    for block, labels in batches_of(200, batch_size=8).epoch(0, 0, blocks_of(8)):
        before = block.x.copy(), block.y.copy()
        time.sleep(0.002)  # while the next block is being filled
        np.testing.assert_array_equal(block.x, before[0])
        np.testing.assert_array_equal(block.y.argmax(axis=1)[: len(labels)], labels)


def test_a_distortion_is_a_function_of_seed_epoch_and_batch() -> None:
    batches = batches_of(200, batch_size=8)
    batches.augmenter = Augmenter(
        Augmentation(rotation=30, elastic_strength=2, elastic_sigma=1), 16
    )

    def dealt(epoch: int, start: int, rows: int, workers: int) -> Array:
        batches.workers = workers
        blocks = [block for _ in range(workers) for block in blocks_of(rows)][: workers + 1]
        return np.concatenate(
            [block.x[: len(labels)].copy() for block, labels in batches.epoch(epoch, start, blocks)]
        )

    whole = dealt(1, 0, rows=8, workers=1)
    assert len(whole) == 200
    np.testing.assert_array_equal(dealt(1, 0, rows=64, workers=3), whole)
    np.testing.assert_array_equal(dealt(1, 7, rows=24, workers=2), whole[56:])
    other = dealt(2, 0, rows=8, workers=1)
    assert not np.array_equal(np.sort(other, axis=0), np.sort(whole, axis=0))


@pytest.mark.parametrize("alpha", [0.01, 0.4, 100])
def test_each_picture_is_mixed_with_another_one_by_the_shares_of_its_target(alpha: float) -> None:
    images, y = np.eye(50, 7, dtype=np.float32) * 255, np.eye(50, dtype=np.float32)
    mixed_images, mixed = images.copy(), y.copy()
    mix(mixed_images, mixed, alpha, np.random.default_rng(2))
    np.testing.assert_allclose(mixed_images, mixed @ images, atol=1e-3)
    np.testing.assert_allclose(mixed.sum(axis=1), 1, rtol=1e-6)
    assert (mixed >= 0).all()
    assert ((mixed > 0).sum(axis=1) <= 2).all()
    own = np.diagonal(mixed)
    assert (own >= 0.5).all()
    # Every picture is the other one of one picture.
    assert ((mixed - np.diag(own) > 0).sum(axis=0) <= 1).all()


def test_shares_have_the_distribution_of_the_paper() -> None:
    mixed = np.eye(2_000)
    mix(np.zeros((2_000, 1)), mixed, 0.4, np.random.default_rng(1))
    own = np.diagonal(mixed)
    # Beta(0.4, 0.4) has the variance 1 / (4 · 1.8), and λ and 1 − λ are as far from ½.
    assert np.mean((own[own < 1] - 0.5) ** 2) == pytest.approx(1 / 7.2, rel=0.05)


def test_mixing_is_a_function_of_seed_epoch_and_batch() -> None:
    batches = batches_of(200, batch_size=8)
    batches.mixup = 0.4

    def dealt(epoch: int, start: int, rows: int) -> Array:
        return np.concatenate(
            [
                np.concatenate([block.x, block.y], axis=1)[: len(labels)]
                for block, labels in batches.epoch(epoch, start, blocks_of(rows))
            ]
        )

    whole = dealt(1, 0, rows=8)
    np.testing.assert_array_equal(dealt(1, 7, rows=24), whole[56:])
    assert 0.5 < whole[:, 16:].max(axis=1).mean() < 1


def test_smoothed_targets_sum_to_one() -> None:
    targets = one_hot(10, "float32", 0.1)
    np.testing.assert_allclose(targets.sum(axis=1), 1, rtol=1e-6)
    assert targets[3, 3] == pytest.approx(0.91)
    assert targets[3, 4] == pytest.approx(0.01)
    np.testing.assert_array_equal(one_hot(3, "float64"), np.eye(3))


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-1, 1), (-0.1, 1.175)])
def test_pixel_scale_reaches_both_ends(low: float, high: float) -> None:
    x = np.empty((1, 3), np.float32)
    Rescale(low, high).apply(np.array([[0, 51, 255]], np.uint8), x)
    np.testing.assert_allclose(x, [[low, low + (high - low) / 5, high]], rtol=1e-6)
