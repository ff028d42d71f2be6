import signal
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nntrain.config import Config
from nntrain.config.build import build_optimizer, build_rescale, build_schedule, initial_network
from nntrain.data.augment import Augmentation, Augmenter
from nntrain.data.batches import Batches, Rescale, one_hot
from nntrain.data.dataset import Dataset
from nntrain.engine import BatchBuffer
from nntrain.errors import DivergenceError
from nntrain.nn.arrays import Array
from nntrain.randomness import Purpose, generator
from nntrain.training import checkpoint
from nntrain.training.fit import fit
from nntrain.training.progress import Progress
from nntrain.training.reporter import Reporter
from nntrain.training.run import RunFolder
from tests.support.tiny import stripes


def batches_of(rows: int, batch_size: int) -> Batches:
    pixels, labels = stripes(rows)
    digits = Dataset(pixels, "train.csv", labels, None, "label", None)
    return Batches(
        digits.all(),
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
    pixels = batches.rows.digits.pixels
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
    batches.distorter = Augmenter(
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


def test_training_is_the_lectures_loop(make_config: Callable[..., Config], tmp_path: Path) -> None:
    """A second way to the same weights: the plain loop written out with the parts."""
    config = make_config(
        "training.optimizer={name: sgd, learning_rate: 0.5}",
        "training.schedule={name: exponential, decay: 0.5}",
        "data.validation=50",
        "training.epochs=2",
    )
    outcome = fit(config, lambda: RunFolder.create(tmp_path / "run", config), Reporter())

    pixels, labels = stripes(200)
    network = initial_network(config, 16)
    x, y = (pixels[:150] * np.float32(1 / 255)), np.eye(3, dtype=np.float32)[labels[:150]]
    first, second = network.layers
    for epoch in range(2):
        order = generator(config.seed, Purpose.SHUFFLE, epoch).permutation(150)
        losses = []
        for batch in range(10):
            rows = order[batch * 16 : (batch + 1) * 16]
            x_1 = 1 / (1 + np.exp(-(x[rows] @ first.weights.T + first.biases)))
            powers = np.exp(x_1 @ second.weights.T + second.biases)
            x_2 = powers / powers.sum(axis=1, keepdims=True)
            losses += [-np.log(x_2[y[rows] == 1])]
            delta_2 = (x_2 - y[rows]) / len(rows)
            delta_1 = delta_2 @ second.weights * x_1 * (1 - x_1)
            alpha = 0.5 * 0.5 ** (epoch + (batch + 0.5) / 10)
            second.weights[...] -= alpha * delta_2.T @ x_1
            second.biases[...] -= alpha * delta_2.sum(axis=0)
            first.weights[...] -= alpha * delta_1.T @ x[rows]
            first.biases[...] -= alpha * delta_1.sum(axis=0)
        assert outcome.history[epoch].train_loss == pytest.approx(
            np.concatenate(losses).mean(), rel=1e-4
        )
    trained = checkpoint.load(outcome.run.last_file).parameters
    np.testing.assert_allclose(trained, network.parameters, rtol=1e-3, atol=1e-5)


def test_divergence_at_once_is_stopped_before_any_checkpoint(
    make_config: Callable[..., Config], tmp_path: Path
) -> None:
    config = make_config(
        "training.optimizer={name: sgd, learning_rate: 1e30}",
        "network[1].activation=identity",
        "loss=squared_error",
    )
    run = tmp_path / "run"
    with pytest.raises(
        DivergenceError, match=r"diverged; lower training\.optimizer\.learning_rate"
    ):
        fit(config, lambda: RunFolder.create(run, config), Reporter())
    assert not (run / "last.npz").exists()


def test_an_interruption_never_saves_parameters_that_are_not_finite(
    make_config: Callable[..., Config], tmp_path: Path
) -> None:
    class Overflowing(Reporter):
        def on_batch_end(self, progress: Progress) -> None:  # the first update has just overflowed
            signal.raise_signal(signal.SIGINT)

    config = make_config(
        "training.optimizer={name: sgd, learning_rate: 3e38}",
        "network=[{dense: 3, activation: identity, init: {normal: 100}}]",
        "loss=squared_error",
    )
    with pytest.raises(DivergenceError, match="weights are no longer finite"):
        fit(config, lambda: RunFolder.create(tmp_path / "run", config), Overflowing())
    assert not (tmp_path / "run" / "last.npz").exists()


def test_divergence_late_in_training_keeps_the_epochs_before_it(
    make_config: Callable[..., Config], tmp_path: Path
) -> None:
    config = make_config(  # beyond the stable learning rate, but not by far: errors grow slowly
        "training.optimizer={name: sgd, learning_rate: 0.45}",
        "network=[{dense: 3, activation: identity}]",
        "loss=squared_error",
        "training.epochs=200",
    )
    with pytest.raises(DivergenceError):
        fit(config, lambda: RunFolder.create(tmp_path / "run", config), Reporter())
    saved = checkpoint.load(tmp_path / "run" / "last.npz")
    assert saved.progress.epoch >= 1
    assert np.isfinite(saved.parameters).all()
    assert RunFolder(tmp_path / "run").history() == saved.progress.history


def test_build_gives_every_optimizer_and_schedule(make_config: Callable[..., Config]) -> None:
    for name in ("sgd", "momentum", "nesterov", "adam", "adamw"):
        config = make_config(f"training.optimizer={{name: {name}, learning_rate: 0.1}}")
        network = initial_network(config, 16)
        optimizer = build_optimizer(config, network)
        assert type(optimizer).__name__.lower() == name
    for text, at_two in (
        ("constant", 1.0),
        ("{name: step, every: 1}", 0.01),
        ("{name: exponential, decay: 0.5}", 0.25),
        ("{name: cosine, final: 0.5}", 0.75),
        ("{name: one_cycle, peak_at: 0.5}", 1.0),
        ("{name: constant, warmup: 4}", 0.5),
    ):
        assert build_schedule(make_config(f"training.schedule={text}"))(2.0) == pytest.approx(
            at_two
        )
    assert build_rescale(make_config("data.input_range=[-1, 1]")).low == -1
