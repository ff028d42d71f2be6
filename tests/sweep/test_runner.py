"""A sweep has the same trials in whatever order they end, and wherever it is interrupted."""

import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from optuna.trial import TrialState

from nntrain.cluster.dispatcher import Dispatcher
from nntrain.config import FileFinder
from nntrain.errors import CheckpointError
from nntrain.sweep.ranking import committee, ranking
from nntrain.sweep.runner import SAVE_INTERVAL, SweepCallback, run_sweep
from nntrain.sweep.spec import load_sweep
from nntrain.sweep.trials import Trials, open_trials, read_trials
from tests.support.examples import examples
from tests.support.sweeps import InlineDispatcher, Killed, outcome, swept, variant


def test_trials_are_ordinary_runs_ranked_by_their_accuracy(finished: Trials) -> None:
    ranked = ranking(finished)
    assert len(ranked) == 6
    whole = [one for one in ranked if one.state == TrialState.COMPLETE]
    early = [one for one in ranked if one.state == TrialState.PRUNED]
    assert ranked == whole + early
    assert len(whole) >= 2
    assert len(early) >= 1
    accuracies = [one.accuracy or 0 for one in whole]
    assert accuracies == sorted(accuracies, reverse=True)
    for one in ranked:
        history = one.run.history()
        assert one.accuracy == max(record.val_accuracy for record in history)
        assert one.epochs == len(history)
        assert (len(history) == 4) == (one.state == TrialState.COMPLETE)
        config = one.run.config()
        assert config.training.batch_size == one.values["training.batch_size"]
        assert config.network[0].neurons == one.values["network[0].dense"]
        rate = config.training.optimizer.learning_rate
        assert rate == one.values["training.optimizer.learning_rate"]
    assert committee(ranked, 2) == [one.run for one in whole[:2]]


def test_neither_order_nor_interruptions_nor_segments_matter(finished: Trials) -> None:
    undisturbed = outcome(finished)

    @examples(2, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        seed=st.integers(0, 2**32),
        workers=st.integers(1, 4),
        kills=st.lists(st.integers(1, 12), min_size=1, max_size=2),
    )
    def run_in_any_order(seed: int, workers: int, kills: list[int]) -> None:
        shutil.rmtree("runs/other", ignore_errors=True)
        for waits in kills:
            # A segment is one epoch.
            dispatcher = InlineDispatcher(workers, seed + waits, seconds=0, killed_after=waits)
            with suppress(Killed):
                swept(dispatcher, "runs/other")
        last = swept(InlineDispatcher(workers=workers, seed=seed), "runs/other")
        assert outcome(last) == undisturbed

    run_in_any_order()


def test_a_finished_sweep_trains_nothing_again_and_grows(finished: Trials) -> None:
    first = outcome(finished)
    again = InlineDispatcher()
    assert outcome(swept(again, "runs/s")) == first
    assert again.segments == 0
    variant("sweep.yaml", ("trials: 6", "trials: 8"))
    grown = outcome(swept(InlineDispatcher(), "runs/s"))
    assert len(grown) == 8
    assert all(one in grown for one in first)


def test_a_failed_trial_is_shown_with_its_reason_and_stops_no_other(one_epoch: None) -> None:
    variant(
        "s.yaml",
        ("training.optimizer.learning_rate", "training.optimizer"),
        ("{log: [1e-4, 1]}", "{choice: [adam, {name: sgd, learning_rate: 3e38}]}"),
    )
    text = Path("tiny.yaml").read_text()
    Path("tiny.yaml").write_text(text.replace("{name: adam, learning_rate: 0.02}", "adam"))

    errors = []

    class Callback(SweepCallback):
        def on_trial_end(
            self, name: str, state: TrialState, accuracy: Any, error: str | None
        ) -> None:
            if error:
                errors.append(error)

    ranked = ranking(swept(InlineDispatcher(), "runs/s", "s.yaml", Callback()))
    failed = [one for one in ranked if one.state == TrialState.FAIL]
    assert 0 < len(failed) < 6
    assert len(errors) == len(failed)
    assert all("training has diverged; lower" in one.outcome for one in failed)
    assert all("nntrain-" not in one.outcome for one in failed)  # no worker's temporary folder
    assert ranked[-len(failed) :] == failed


def test_values_that_contradict_each_other_fail_only_their_trial(sweep_folder: Path) -> None:
    Path("clash.yaml").write_text(
        "config: tiny.yaml\nstrategy: grid\nspace:\n  training.epochs: {choice: [1, 4]}\n"
        "  training.schedule: {choice: [constant, {name: cosine, warmup: 3}]}\n"
    )
    ranked = ranking(swept(InlineDispatcher(), "runs/s", "clash.yaml"))
    outcomes = [one.outcome for one in ranked]
    assert outcomes[:3] == ["", "", ""]
    assert "warmup: must be at most training.epochs (1), not 3" in outcomes[3]


def test_a_grid_tries_every_combination_once(one_epoch: None) -> None:
    Path("grid.yaml").write_text(
        "config: tiny.yaml\nstrategy: grid\nspace:\n  network[0].dense: {whole: [2, 4], step: 2}\n"
        "  network[0].activation: {choice: [sigmoid, relu]}\n"
    )
    trials = swept(InlineDispatcher(), "runs/grid", "grid.yaml")
    values = [tuple(one.values.values()) for one in ranking(trials)]
    assert sorted(values) == [(n, name) for n in (2, 4) for name in ("relu", "sigmoid")]


def test_layers_are_values_too(one_epoch: None) -> None:
    Path("layers.yaml").write_text(
        "config: tiny.yaml\nstrategy: grid\nspace:\n  network:\n    choice:\n"
        "      - [{dense: 3, activation: softmax}]\n"
        "      - [{dense: 5, activation: tanh}, {dense: 3, activation: softmax}]\n"
    )
    ranked = ranking(swept(InlineDispatcher(), "runs/layers", "layers.yaml"))
    assert sorted(len(one.run.config().network) for one in ranked) == [1, 2]


def test_hours_end_a_sweep_after_its_unfinished_trials(one_epoch: None) -> None:
    variant("s.yaml", ("trials: 6", "hours: 1e-7"))
    trials = swept(InlineDispatcher(), "runs/s", "s.yaml")
    assert trials.all() == []
    variant("s.yaml", ("trials: 6", "hours: 1e-4\ntrials: 1000"))
    trials = swept(InlineDispatcher(), "runs/t", "s.yaml")
    assert 0 < len(trials.all()) < 1000
    assert all(trial.state.is_finished() for trial in trials.all())


def test_a_sweep_that_now_asks_for_fewer_trials_than_it_has_is_finished(finished: Trials) -> None:
    first = outcome(finished)
    variant("sweep.yaml", ("trials: 6", "trials: 4"))
    assert outcome(swept(InlineDispatcher(killed_after=9), "runs/s")) == first


def test_time_is_saved_while_a_sweep_runs_and_when_it_is_interrupted(
    sweep_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, seen = 0.0, []
    monkeypatch.setattr(time, "monotonic", lambda: now)
    dispatcher, limit = InlineDispatcher(), 40

    def wait() -> list[Any]:
        nonlocal now
        now += 4
        seen.append(read_trials(Path("runs/s")).seconds)
        return []

    monkeypatch.setattr(dispatcher, "wait", wait)
    with open_trials(load_sweep(Path("sweep.yaml")), Path("runs/s")) as trials:
        run_sweep(trials, cast(Dispatcher, dispatcher), SweepCallback(), lambda: now > limit)
        assert trials.seconds == now == 44
        limit = 60
        run_sweep(trials, cast(Dispatcher, dispatcher), SweepCallback(), lambda: now > limit)
        assert trials.seconds == now
    assert seen == sorted(seen)
    # A kill would have cost no more than this.
    assert all(4 * n - noted <= 4 + SAVE_INTERVAL for n, noted in enumerate(seen))


def test_damaged_checkpoints_affect_only_their_trial(sweep_folder: Path) -> None:
    variant("sweep.yaml", ("trials: 6", "trials: 2"))
    undisturbed = outcome(swept(InlineDispatcher(), "runs/undisturbed"))
    with suppress(Killed):
        swept(InlineDispatcher(workers=1, seconds=0, killed_after=4), "runs/other")
    trial = Path("runs/other/trial-1")
    best = (trial / "best.npz").read_bytes()
    (trial / "last.npz").write_bytes(b"damaged")
    (trial / "best.npz").write_bytes(b"damaged")
    message = r"last\.npz: damaged.*; or remove runs/other/trial-1, and it is trained again$"
    with pytest.raises(CheckpointError, match=message):
        swept(InlineDispatcher(), "runs/other")
    shutil.copytree("runs/other", "runs/removed")
    shutil.rmtree("runs/removed/trial-1")
    assert outcome(swept(InlineDispatcher(), "runs/removed")) == undisturbed
    (trial / "best.npz").write_bytes(best)
    assert outcome(swept(InlineDispatcher(), "runs/other")) == undisturbed


@pytest.mark.slow
def test_a_sweep_is_resumed_from_another_folder(
    sweep_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    variant("sweep.yaml", ("trials: 6", "trials: 2"))
    undisturbed = outcome(swept(InlineDispatcher(), "runs/undisturbed"))
    with suppress(Killed):
        swept(InlineDispatcher(workers=1, seconds=0, killed_after=4), "runs/other")
    dispatcher = InlineDispatcher()
    (sweep_folder / "elsewhere").mkdir()
    monkeypatch.chdir(sweep_folder / "elsewhere")
    definition = load_sweep(Path("../sweep.yaml"), finder=FileFinder(print))
    with open_trials(definition, Path("../runs/other")) as trials:
        run_sweep(trials, cast(Dispatcher, dispatcher), SweepCallback())
    assert outcome(trials) == undisturbed
    assert {one.run.config().data.train for one in ranking(trials)} <= {
        "data/train.csv",
        str(sweep_folder / "data/train.csv"),
    }
