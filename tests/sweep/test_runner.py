"""A sweep gives the same trials however it goes: in whatever order, and interrupted wherever."""

import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from optuna.trial import TrialState
from sqlalchemy import Engine, event

from nntrain.cluster.dispatcher import Dispatcher
from nntrain.errors import CheckpointError, ConfigError, DataError, RunError
from nntrain.sweep.ranking import committee, ranking
from nntrain.sweep.runner import SAVE_INTERVAL, SweepCallback, run_sweep
from nntrain.sweep.search import propose
from nntrain.sweep.spec import load_sweep
from nntrain.sweep.trials import Trials, open_trials, read_trials
from tests.support.sweeps import outcome
from tests.sweep.conftest import SWEEP, Inline, Killed, swept

MakeDispatcher = Callable[..., Inline]


def variant(name: str, *changes: tuple[str, str]) -> str:
    text = SWEEP
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    Path(name).write_text(text)
    return name


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
        assert config.network[0].dense == one.values["network[0].dense"]
        rate = config.training.optimizer.learning_rate
        assert rate == one.values["training.optimizer.learning_rate"]
    assert committee(ranked, 2) == [one.run for one in whole[:2]]


def test_neither_order_nor_interruptions_nor_segments_matter(
    inline: MakeDispatcher, finished: Trials
) -> None:
    undisturbed = outcome(finished)

    @settings(
        max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(
        seed=st.integers(0, 2**32),
        workers=st.integers(1, 4),
        kills=st.lists(st.integers(1, 12), max_size=4),
    )
    def however(seed: int, workers: int, kills: list[int]) -> None:
        shutil.rmtree("runs/other", ignore_errors=True)
        for left in kills:
            # A segment is one epoch.
            dispatcher = inline(workers=workers, seed=seed + left, seconds=0, killed_after=left)
            with suppress(Killed):
                swept(dispatcher, "runs/other")
        last = swept(inline(workers=workers, seed=seed), "runs/other")
        assert outcome(last) == undisturbed

    however()


def test_a_finished_sweep_trains_nothing_again_and_grows(
    inline: MakeDispatcher, finished: Trials
) -> None:
    first = outcome(finished)
    again = inline()
    assert outcome(swept(again, "runs/s")) == first
    assert again.segments == 0
    variant("sweep.yaml", ("trials: 6", "trials: 8"))
    grown = outcome(swept(inline(), "runs/s"))
    assert len(grown) == 8
    assert all(one in grown for one in first)


def test_a_trial_that_fails_is_shown_with_its_reason_and_stops_no_other(
    inline: MakeDispatcher,
) -> None:
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

    ranked = ranking(swept(inline(), "runs/s", "s.yaml", Callback()))
    failed = [one for one in ranked if one.state == TrialState.FAIL]
    assert 0 < len(failed) < 6
    assert len(errors) == len(failed)
    assert all("training has diverged; lower" in one.outcome for one in failed)
    assert all("nntrain-" not in one.outcome for one in failed)  # no worker's temporary folder
    assert ranked[-len(failed) :] == failed


def test_values_that_do_not_go_together_fail_their_trial_alone(inline: MakeDispatcher) -> None:
    Path("clash.yaml").write_text(
        "config: tiny.yaml\nstrategy: grid\nspace:\n  training.epochs: {choice: [1, 4]}\n"
        "  training.schedule: {choice: [constant, {name: cosine, warmup: 3}]}\n"
    )
    ranked = ranking(swept(inline(), "runs/s", "clash.yaml"))
    outcomes = [one.outcome for one in ranked]
    assert outcomes[:3] == ["", "", ""]
    assert "warmup: must be at most training.epochs (1), not 3" in outcomes[3]


def test_a_grid_tries_every_combination_once(inline: MakeDispatcher) -> None:
    Path("grid.yaml").write_text(
        "config: tiny.yaml\nstrategy: grid\nspace:\n  network[0].dense: {whole: [2, 6], step: 2}\n"
        "  network[0].activation: {choice: [sigmoid, relu]}\n"
    )
    trials = swept(inline(), "runs/grid", "grid.yaml")
    values = [tuple(one.values.values()) for one in ranking(trials)]
    assert sorted(values) == [(n, name) for n in (2, 4, 6) for name in ("relu", "sigmoid")]


def test_layers_are_values_too(inline: MakeDispatcher) -> None:
    Path("layers.yaml").write_text(
        "config: tiny.yaml\nstrategy: grid\nspace:\n  network:\n    choice:\n"
        "      - [{dense: 3, activation: softmax}]\n"
        "      - [{dense: 5, activation: tanh}, {dense: 3, activation: softmax}]\n"
    )
    ranked = ranking(swept(inline(), "runs/layers", "layers.yaml"))
    assert sorted(len(one.run.config().network) for one in ranked) == [1, 2]


def test_hours_end_a_sweep_though_begun_trials_are_trained_to_their_end(
    inline: MakeDispatcher,
) -> None:
    variant("s.yaml", ("trials: 6", "hours: 1e-7"))
    trials = swept(inline(), "runs/s", "s.yaml")
    assert trials.all() == []
    variant("s.yaml", ("trials: 6", "hours: 1e-4\ntrials: 1000"))
    trials = swept(inline(), "runs/t", "s.yaml")
    assert 0 < len(trials.all()) < 1000
    assert all(trial.state.is_finished() for trial in trials.all())


def test_another_sweep_is_not_resumed(inline: MakeDispatcher, finished: Trials) -> None:
    variant("sweep.yaml", ("seed: 5", "seed: 6"), ("[8, 16]", "[8, 32]"))
    with pytest.raises(ConfigError, match=r"runs/s: belongs to another sweep.* in: space, seed"):
        swept(inline(), "runs/s")
    variant("sweep.yaml")
    Path("tiny.yaml").write_text(Path("tiny.yaml").read_text().replace("seed: 3", "seed: 4"))
    with pytest.raises(ConfigError, match=r"differs in: what tiny\.yaml says"):
        swept(inline(), "runs/s")


def test_a_folder_of_something_else_is_left_alone(inline: MakeDispatcher) -> None:
    with pytest.raises(RunError, match="data: exists already, but is no sweep"):
        swept(inline(), "data")
    with pytest.raises(RunError, match=r"data/train\.csv: a file; name a folder with --run"):
        swept(inline(), "data/train.csv")


def test_damaged_copies_of_the_inputs_are_repaired_by_copying_them_again(
    inline: MakeDispatcher,
) -> None:
    variant("sweep.yaml", ("trials: 6", "trials: 1"))
    first = outcome(swept(inline(), "runs/s"))
    for name, original in (("sweep.yaml", "sweep.yaml"), ("base.yaml", "tiny.yaml")):
        Path("runs/s", name).write_text("damaged")
        with pytest.raises(ConfigError, match=r"copy your .*, and tiny\.yaml to runs/s/base\.yaml"):
            swept(inline(), "runs/s")
        shutil.copy(original, Path("runs/s", name))
    assert outcome(swept(inline(), "runs/s")) == first


def test_a_sweep_that_now_asks_for_fewer_trials_than_it_has_is_finished(
    inline: MakeDispatcher, finished: Trials
) -> None:
    first = outcome(finished)
    variant("sweep.yaml", ("trials: 6", "trials: 4"))
    assert outcome(swept(inline(killed_after=9), "runs/s")) == first


def test_a_grid_may_have_more_trials_than_numbers_have_names(inline: MakeDispatcher) -> None:
    Path("grid.yaml").write_text(
        "config: tiny.yaml\nstrategy: grid\ntrials: 2\nspace:\n"
        "  training.epochs: {whole: [1, 9000000000000000]}\n"
        "  network[0].dense: {whole: [1, 9000000000000000]}\n"
    )
    sweep = load_sweep(Path("grid.yaml")).sweep
    assert [propose(sweep, number, []) for number in (0, 1, 9 * 10**15)] == [
        {"training.epochs": 1, "network[0].dense": 1},
        {"training.epochs": 1, "network[0].dense": 2},
        {"training.epochs": 2, "network[0].dense": 1},
    ]


def test_time_is_noted_while_a_sweep_runs_and_when_it_is_interrupted(
    inline: MakeDispatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, seen = 0.0, []
    monkeypatch.setattr(time, "monotonic", lambda: now)
    dispatcher, limit = inline(), 40

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


def test_damaged_checkpoints_cost_their_trial_alone(inline: MakeDispatcher) -> None:
    variant("sweep.yaml", ("trials: 6", "trials: 2"))
    undisturbed = outcome(swept(inline(), "runs/undisturbed"))
    with suppress(Killed):
        swept(inline(workers=1, seconds=0, killed_after=4), "runs/other")
    trial = Path("runs/other/trial-1")
    best = (trial / "best.npz").read_bytes()
    (trial / "last.npz").write_bytes(b"damaged")
    (trial / "best.npz").write_bytes(b"damaged")
    message = r"last\.npz: damaged.*; or remove runs/other/trial-1, and it is trained again$"
    with pytest.raises(CheckpointError, match=message):
        swept(inline(), "runs/other")
    shutil.copytree("runs/other", "runs/removed")
    shutil.rmtree("runs/removed/trial-1")
    assert outcome(swept(inline(), "runs/removed")) == undisturbed
    (trial / "best.npz").write_bytes(best)
    assert outcome(swept(inline(), "runs/other")) == undisturbed


def test_other_rows_than_those_it_was_begun_with_are_refused(inline: MakeDispatcher) -> None:
    for _ in range(2):
        with open_trials(load_sweep(Path("sweep.yaml")), Path("runs/s")) as trials:
            trials.check_same_rows("those")
    with (
        open_trials(load_sweep(Path("sweep.yaml")), Path("runs/s")) as trials,
        pytest.raises(DataError, match=r"data/train\.csv: not the rows that runs/s was begun with"),
    ):
        trials.check_same_rows("others")


@contextmanager
def room_for(pages: int) -> Iterator[None]:
    """SQLite finds the disk full when its file would get larger."""

    def limit(connection: Any, record: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages}")

    event.listen(Engine, "connect", limit)
    try:
        yield
    finally:
        event.remove(Engine, "connect", limit)


def test_a_full_disk_ends_a_sweep_in_one_line_and_it_goes_on_with_more_room(
    inline: MakeDispatcher, finished: Trials
) -> None:
    undisturbed = outcome(finished)
    pages = Path("runs/s/study.db").stat().st_size // 4096
    ends = 0
    for room in range(1, pages, pages // 5):
        with room_for(room):
            try:
                swept(inline(), "runs/other")
            except RunError as error:
                ends += 1
                assert str(error) == (
                    "runs/other/study.db: cannot be written: database or disk is full; free some "
                    "space, then repeat the command to continue"
                )
    assert ends >= 5
    assert outcome(swept(inline(), "runs/other")) == undisturbed


def test_a_damaged_record_is_rebuilt_from_the_trials(
    inline: MakeDispatcher, finished: Trials
) -> None:
    undisturbed = outcome(finished)
    record = Path("runs/s/study.db")
    content = record.read_bytes()
    line = r"^runs/s/study\.db: damaged \(.*\); remove it, and 'nntrain sweep SWEEP\.yaml' rebuilds"
    for damaged in (b"no database" * 999, content[:5_000], content[:4096].ljust(len(content))):
        record.write_bytes(damaged)
        with pytest.raises(RunError, match=line):
            swept(inline(), "runs/s")
        with pytest.raises(RunError, match=line):
            read_trials(Path("runs/s"))
    record.unlink()
    again = inline()
    assert outcome(swept(again, "runs/s")) == undisturbed
    assert again.segments == 0

    record.unlink()
    other = Path("runs/s/trial-2/config.yaml")
    other.write_text(other.read_text().replace("batch_size: ", "batch_size: 9"))
    with pytest.raises(RunError, match=r"runs/s/trial-2: not trained with the values that the swe"):
        swept(inline(), "runs/s")
    shutil.rmtree("runs/s/trial-2")
    assert outcome(swept(inline(), "runs/s")) == undisturbed


@pytest.mark.parametrize(
    "name", ["what?", "100%", "100%41", "a#b", "a b", "x?mode=memory", "{SCHEMA_VERSION}", "ü;&"]
)
def test_the_record_of_a_folder_of_any_name_is_within(inline: MakeDispatcher, name: str) -> None:
    before = {path.name for path in Path.cwd().iterdir()}
    trials = swept(inline(), f"runs/{name}")
    assert (Path("runs") / name / "study.db").stat().st_size > 0
    assert {path.name for path in Path.cwd().iterdir()} <= before | {"runs"}
    assert outcome(read_trials(Path("runs") / name)) == outcome(trials)
    again = inline()
    swept(again, f"runs/{name}")
    assert again.segments == 0


EDITS = (
    "UPDATE trials SET state = 'WAITING'",
    "UPDATE trials SET state = 'SLEEPING'",
    "UPDATE trials SET number = number + 1",
    "DELETE FROM trials WHERE number = 1",
    "UPDATE trial_values SET value = 7.5",
    "UPDATE trial_values SET value = 'much'",
    "DELETE FROM trial_values",
    "UPDATE trial_params SET param_value = 1e9",
    "UPDATE trial_params SET param_name = 'seed' WHERE param_name = 'training.batch_size'",
    "UPDATE trial_params SET distribution_json = '{'",
    """UPDATE trial_params SET distribution_json = '{"name": "Odd", "attributes": {}}'""",
    "DELETE FROM trial_params WHERE trial_id = 2",
    "UPDATE trial_intermediate_values SET intermediate_value = 'x'",
    "UPDATE trial_intermediate_values SET step = -step",
    "UPDATE study_user_attributes SET value_json = 'x' WHERE key = 'seconds'",
    "UPDATE study_user_attributes SET value_json = '\"x\"' WHERE key = 'seconds'",
    "UPDATE study_user_attributes SET value_json = 'NaN' WHERE key = 'seconds'",
    "UPDATE study_user_attributes SET value_json = '[' WHERE key = 'seconds'",
    "UPDATE study_directions SET direction = 'SIDEWAYS'",
    "DROP TABLE trial_params",
    "UPDATE alembic_version SET version_num = 'x'",
)


@pytest.mark.parametrize("edit", EDITS)
def test_an_edited_record_is_told_in_one_line(
    inline: MakeDispatcher, finished: Trials, edit: str
) -> None:
    record = Path("runs/s/study.db")
    with closing(sqlite3.connect(record)) as connection, connection:
        assert connection.execute(edit).rowcount
    attempts: list[Callable[[], object]] = [
        lambda: swept(inline(), "runs/s"),
        lambda: read_trials(Path("runs/s")),
    ]
    for attempt in attempts:
        with pytest.raises(RunError) as told:
            attempt()
        assert str(told.value).startswith("runs/s/study.db: damaged (")
        assert "\n" not in str(told.value)
        assert str(told.value).endswith(
            "); remove it, and 'nntrain sweep SWEEP.yaml' rebuilds it from the trials' folders"
        )
