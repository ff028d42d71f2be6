import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nntrain.config import Config
from nntrain.config.build import initial_network
from nntrain.errors import DivergenceError
from nntrain.randomness import Purpose, generator
from nntrain.training import checkpoint
from nntrain.training.fit import fit
from nntrain.training.progress import Progress
from nntrain.training.reporter import Reporter
from nntrain.training.run import RunFolder
from tests.support.tiny import stripes


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
