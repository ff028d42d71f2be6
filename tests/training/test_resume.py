"""A run that was stopped and resumed ends as one that never was, bit for bit."""

import re
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nntrain.config import Config
from nntrain.data import cache, kaggle
from nntrain.errors import CheckpointError, DataError
from nntrain.training import checkpoint
from nntrain.training.fit import resume
from nntrain.training.inference import Predictor
from nntrain.training.progress import Progress
from nntrain.training.reporter import Reporter
from nntrain.training.run import RunFolder
from tests.support.examples import examples
from tests.support.training import (
    BATCHES,
    CONVOLUTIONAL,
    Interrupting,
    Listening,
    assert_same,
    start_run,
)
from tests.support.variants import slow_except

OPTIMIZERS = {
    "sgd": "{name: sgd, learning_rate: 0.5, weight_decay: 0.001}",
    "momentum": "{name: momentum, learning_rate: 0.05}",
    "adam": "{name: adam, learning_rate: 0.01}",
}

NETWORKS = {"dense": (), "pictures": (CONVOLUTIONAL,)}


@pytest.mark.parametrize("optimizer", slow_except({"momentum", "adam"}, OPTIMIZERS))
def test_interruption_at_any_batch_leaves_no_trace(
    make_config: Callable[..., Config], numbered: Callable[[], Path], optimizer: str
) -> None:
    config = make_config(
        f"training.optimizer={OPTIMIZERS[optimizer]}",
        "training.schedule={name: one_cycle, warmup: 0.5}",
    )
    undisturbed = start_run(config, numbered()).run

    @examples(8)
    @given(stops=st.lists(st.integers(1, BATCHES), min_size=1, max_size=3))
    def interrupt(stops: list[int]) -> None:
        outcome = start_run(config, numbered(), Interrupting(stops[0]))
        assert outcome.signal == (signal.SIGINT if stops[0] < BATCHES else None)
        for stop in stops[1:]:
            outcome = resume(config, outcome.run, Interrupting(stop))
        outcome = resume(config, outcome.run, Reporter())
        assert outcome.signal is None
        assert_same(outcome.run, undisturbed)

    interrupt()


@pytest.mark.parametrize("network", NETWORKS)
def test_dropout_distortion_and_averages_go_on_where_they_were(
    make_config: Callable[..., Config], numbered: Callable[[], Path], network: str
) -> None:
    config = make_config(
        "data.distortion={rotation: 20, shift: 1, elastic: {strength: 3, sigma: 1}}",
        *NETWORKS[network],
        "network[0].dropout=0.25",
        "training.input_dropout=0.1",
        "training.average=0.9",
        "training.clip_norm=0.5",
        "training.max_norm=1.5",
        "training.l1=0.001",
        "training.label_smoothing=0.1",
        "training.mixup=0.4",
    )
    undisturbed = start_run(config, numbered()).run

    @examples(8)
    @given(stop=st.integers(1, BATCHES - 1), threads=st.integers(1, 2))
    def interrupt(stop: int, threads: int) -> None:
        outcome = start_run(config, numbered(), Interrupting(stop))
        outcome = resume(config, outcome.run, Reporter(), threads)
        assert_same(outcome.run, undisturbed)

    interrupt()
    plain = start_run(make_config(*NETWORKS[network]), numbered()).run
    assert not np.array_equal(
        checkpoint.load(plain.last_file).parameters,
        checkpoint.load(undisturbed.last_file).parameters,
    )


def test_patience_counts_on_after_a_resume(
    make_config: Callable[..., Config], numbered: Callable[[], Path]
) -> None:
    config = make_config(
        "training.epochs=50", "training.patience=3", "training.optimizer.learning_rate=1e-9"
    )
    undisturbed = start_run(config, numbered())
    assert len(undisturbed.history) == 4  # nothing is learnt: the first epoch stays the best
    outcome = start_run(config, numbered(), Interrupting(35))
    assert len(outcome.history) == 3
    outcome = resume(config, outcome.run, Reporter())
    assert len(outcome.history) == 4
    assert_same(outcome.run, undisturbed.run)


@pytest.mark.parametrize("patience", ["3", "null"])
def test_after_an_early_stop_more_patience_continues_as_if_it_had_been_there(
    make_config: Callable[..., Config], numbered: Callable[[], Path], patience: str
) -> None:
    slow = ["training.epochs=6", "training.optimizer.learning_rate=1e-9"]
    short = make_config(*slow, "training.patience=1")
    patient = make_config(*slow, f"training.patience={patience}")
    started = start_run(short, numbered())
    assert len(started.history) == 2
    resume(patient, started.run, Interrupting(5))
    outcome = resume(started.run.config(), started.run, Reporter())
    undisturbed = start_run(patient, numbered())
    assert len(undisturbed.history) == (4 if patience == "3" else 6)
    assert_same(outcome.run, undisturbed.run)


@pytest.mark.parametrize(
    ("epochs", "reason", "larger"),
    [
        (6, "1 epoch without a better validation accuracy", {"training.patience": 2}),
        (2, "and 2 of 2 epochs", {"training.epochs": 4, "training.patience": 2}),
    ],
)
def test_a_resume_that_has_nothing_to_do_says_why_and_what_would_be_enough(
    make_config: Callable[..., Config],
    numbered: Callable[[], Path],
    epochs: int,
    reason: str,
    larger: dict[str, int],
) -> None:
    early = ["training.patience=1", "training.optimizer.learning_rate=1e-9"]
    config = make_config(*early, f"training.epochs={epochs}")
    run = start_run(config, numbered()).run
    reporter = Listening()
    outcome = resume(config, run, reporter)
    assert len(outcome.history) == 2
    assert "finished already: stopped early: 1 epoch without" in reporter.heard
    assert reporter.heard.count(reason) == 1
    assert outcome.larger == larger
    for key in larger:
        others = [f"{other}={larger[other]}" for other in larger if other != key]
        outcome = resume(make_config(*early, f"training.epochs={epochs}", *others), run, Reporter())
        assert len(outcome.history) == 2
    raised = [f"{key}={value}" for key, value in larger.items()]
    outcome = resume(make_config(*early, f"training.epochs={epochs}", *raised), run, Reporter())
    assert len(outcome.history) == 3


def test_an_early_stop_is_announced_with_what_would_be_enough(
    make_config: Callable[..., Config], numbered: Callable[[], Path]
) -> None:
    early = ["training.epochs=6", "training.optimizer.learning_rate=1e-9"]
    reporter = Listening()
    outcome = start_run(make_config(*early, "training.patience=2"), numbered(), reporter)
    assert "\nstopped early: 2 epochs without a better validation accuracy\n" in reporter.heard
    assert outcome.larger == {"training.patience": 4}
    outcome = resume(make_config(*early, "training.patience=4"), outcome.run, Reporter())
    assert len(outcome.history) == 5
    assert start_run(make_config(), numbered()).larger == {}


def test_more_epochs_may_be_asked_for_and_become_the_runs_own(
    make_config: Callable[..., Config], numbered: Callable[[], Path]
) -> None:
    run = start_run(make_config(), numbered()).run
    assert run.is_finished()
    grown = make_config("training.epochs=6")
    outcome = resume(grown, run, Interrupting(13))
    assert not run.is_finished()
    assert run.config() == grown
    outcome = resume(run.config(), run, Reporter())
    assert_same(outcome.run, start_run(make_config("training.epochs=6"), numbered()).run)


def test_a_stretched_schedule_is_announced(
    make_config: Callable[..., Config], numbered: Callable[[], Path]
) -> None:
    run = start_run(make_config("training.schedule=cosine"), numbered()).run
    reporter = Listening()
    resume(make_config("training.schedule=cosine", "training.epochs=5"), run, reporter)
    assert "the cosine schedule now ends with epoch 5" in reporter.heard


def test_a_run_killed_before_its_first_checkpoint_begins_again(
    make_config: Callable[..., Config], numbered: Callable[[], Path]
) -> None:
    config = make_config()
    killed = RunFolder.create(numbered(), config)
    outcome = resume(config, killed, Reporter())
    assert_same(outcome.run, start_run(config, numbered()).run)


@pytest.mark.parametrize("stop", [25, BATCHES])
def test_metrics_are_those_of_the_checkpoint_when_a_kill_fell_between_them(
    make_config: Callable[..., Config], numbered: Callable[[], Path], stop: int
) -> None:
    config = make_config()
    run = start_run(config, numbered(), Interrupting(stop)).run
    run.write_progress(Progress())  # as if it had been killed before metrics.csv was written
    outcome = resume(config, run, Reporter())
    assert_same(outcome.run, start_run(config, numbered()).run)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"parameters": np.zeros(1, np.float32)}, "parameters is of shape (1,) and float32, but"),
        ({"parameters": np.zeros(163, np.float64)}, "and float64, but its network's is of shape"),
        ({"optimizer_state": {}}, "first_moment is missing"),
    ],
    ids=["shape", "dtype", "state"],
)
def test_a_checkpoint_of_another_network_is_refused(
    make_config: Callable[..., Config],
    numbered: Callable[[], Path],
    change: dict[str, Any],
    fault: str,
) -> None:
    run = start_run(make_config(), numbered(), Interrupting(25)).run
    saved = checkpoint.load(run.last_file)
    assert saved.parameters.size == 163
    checkpoint.save(run.last_file, replace(saved, **change))
    with pytest.raises(CheckpointError, match=re.escape(fault)):
        resume(make_config(), run, Reporter())
    if "parameters" in change:
        checkpoint.save(run.best_file, replace(saved, **change))
        with pytest.raises(CheckpointError, match=re.escape(fault)):
            Predictor(run)


def test_a_checkpoint_that_claims_a_huge_network_is_refused_before_one_is_made(
    make_config: Callable[..., Config], numbered: Callable[[], Path]
) -> None:
    run = start_run(make_config("training.epochs=1"), numbered()).run
    saved = checkpoint.load(run.best_file)
    config = saved.meta.config.replace("dense: 8", "dense: 800000000")
    assert config != saved.meta.config
    meta = saved.meta.model_copy(update={"config": config})
    checkpoint.save(run.best_file, replace(saved, meta=meta))
    with pytest.raises(CheckpointError, match="parameters is of shape"):
        Predictor(run)


def test_mapped_rows_that_change_during_an_epoch_do_not_reach_a_checkpoint(
    make_config: Callable[..., Config],
    numbered: Callable[[], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NNTRAIN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(kaggle, "MIN_CACHED_BYTES", 0)
    monkeypatch.setattr(cache, "MIN_MAPPED_BYTES", 0)
    monkeypatch.setattr(kaggle, "MIN_LARGE_BYTES", (0, 0))

    class Scribbling(Reporter):
        count = 0

        def on_batch_end(self, progress: Progress) -> None:
            self.count += 1
            if self.count == 25:
                (file,) = tmp_path.rglob("pixels")
                with file.open("r+b") as pixels:
                    pixels.write(bytes(100))

    folder = numbered()
    with pytest.raises(DataError, match="was changed while it was used"):
        start_run(make_config(), folder, Scribbling())
    assert checkpoint.load(folder / "last.npz").progress.epoch == 2
    outcome = resume(make_config(), RunFolder(folder), Reporter())
    assert_same(outcome.run, start_run(make_config(), numbered()).run)
