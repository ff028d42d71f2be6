"""Committees: members that differ in their seed alone, and resuming that leaves no trace."""

import itertools
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nntrain.config import Config, dump_config
from nntrain.config.schema import SEEDS
from nntrain.data.kaggle import write_csv
from nntrain.errors import ConfigError, DataError, DivergenceError, NNTrainError
from nntrain.training import checkpoint, inference
from nntrain.training.committee import (
    CommitteeOutcome,
    fit_committee,
    member_config,
    resume_committee,
)
from nntrain.training.fit import fit, resume
from nntrain.training.reporter import Reporter
from nntrain.training.rows import read_data
from nntrain.training.run import RunFolder
from tests.support.tiny import stripes
from tests.support.training import BATCHES, Interrupting, Listening, assert_same
from tests.support.variants import slow

MakeConfig = Callable[..., Config]
Numbered = Callable[[], Path]


def begin(config: Config, folder: Path, reporter: Reporter | None = None) -> CommitteeOutcome:
    return fit_committee(config, lambda: RunFolder.create(folder, config), reporter or Reporter())


def assert_all_same(run: RunFolder, undisturbed: RunFolder) -> None:
    for ours, theirs in zip(run.members(), undisturbed.members(), strict=True):
        assert_same(ours, theirs)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_members_differ_in_their_seed_and_hold_out_the_same_rows(
    make_config: MakeConfig, numbered: Numbered
) -> None:
    config = make_config("members=3")
    run = begin(config, numbered()).run
    assert run.config() == config
    assert sorted(path.name for path in run.folder.iterdir()) == [
        ".lock",
        "config.yaml",
        "member-1",
        "member-2",
        "member-3",
        "origin.json",
    ]
    held_out = read_data(make_config(), Reporter())[1]
    assert held_out is not None
    saved = []
    for number, member in enumerate(run.members(), 1):
        assert sorted(path.name for path in member.folder.iterdir()) == [
            ".lock",
            "best.npz",
            "config.yaml",
            "last.npz",
            "layers.csv",
            "metrics.csv",
            "origin.json",
        ]
        its_config = member.config()
        assert its_config == make_config(f"seed={2 + number}", "data.split_seed=3")
        rows = read_data(its_config, Reporter())[1]
        assert rows is not None
        np.testing.assert_array_equal(rows.index, held_out.index)
        saved.append(checkpoint.load(member.last_file))
        assert saved[-1].meta.config == dump_config(its_config)
    assert len({checkpoint.meta.data_digest for checkpoint in saved}) == 1
    for one, other in itertools.combinations(saved, 2):
        assert not np.isclose(one.parameters, other.parameters).any()


def test_a_member_is_the_run_of_its_own_configuration(
    make_config: MakeConfig, numbered: Numbered
) -> None:
    member = begin(make_config("members=2"), numbered()).run.members()[1]
    config = member.config()
    alone = fit(config, lambda: RunFolder.create(numbered(), config), Reporter())
    assert_same(member, alone.run)


def test_the_first_member_is_the_run_without_a_committee(
    make_config: MakeConfig, numbered: Numbered
) -> None:
    member = begin(make_config("members=2"), numbered()).run.members()[0]
    alone = fit(make_config(), lambda: RunFolder.create(numbered(), make_config()), Reporter())
    assert_same(member, alone.run)


def test_a_split_seed_that_was_asked_for_is_kept(make_config: MakeConfig) -> None:
    config = member_config(make_config("members=2", "data.split_seed=8"), 2)
    assert (config.seed, config.data.split_seed, config.members) == (4, 8, 1)


def test_after_the_greatest_seed_comes_the_least(make_config: MakeConfig) -> None:
    config = make_config("members=2", f"seed={SEEDS - 1}")
    assert [member_config(config, number).seed for number in (1, 2)] == [SEEDS - 1, 0]


@pytest.mark.parametrize(
    "stops",
    [
        (BATCHES,),
        (5, BATCHES, 7, 30),
        *slow(((1,),), ((BATCHES - 1,),), ((BATCHES + 15,),), ((2 * BATCHES + 1,),)),
    ],
)
def test_interruption_anywhere_leaves_no_trace(
    make_config: MakeConfig, numbered: Numbered, stops: tuple[int, ...]
) -> None:
    config = make_config("members=3")
    undisturbed = begin(config, numbered()).run
    outcome = begin(config, numbered(), Interrupting(stops[0]))
    assert outcome.signal == signal.SIGINT
    assert not outcome.run.is_finished()
    for stop in stops[1:]:
        outcome = resume_committee(config, outcome.run, Interrupting(stop))
        assert outcome.signal == signal.SIGINT
    outcome = resume_committee(config, outcome.run, Reporter())
    assert outcome.signal is None
    assert outcome.run.is_finished()
    assert_all_same(outcome.run, undisturbed)


def test_a_signal_in_a_members_last_batch_ends_the_committee_there(
    make_config: MakeConfig, numbered: Numbered
) -> None:
    outcome = begin(make_config("members=3"), numbered(), Interrupting(BATCHES))
    assert len(outcome.members) == 1
    assert outcome.members[0].signal is None
    assert not outcome.run.members()[1].folder.exists()


def test_a_signal_in_the_very_last_batch_has_interrupted_nothing(
    make_config: MakeConfig, numbered: Numbered
) -> None:
    outcome = begin(make_config("members=2"), numbered(), Interrupting(2 * BATCHES))
    assert outcome.signal is None
    assert outcome.run.is_finished()


def test_finished_members_are_kept_and_more_are_made(
    make_config: MakeConfig, numbered: Numbered
) -> None:
    run = begin(make_config("members=2"), numbered()).run
    before = contents(run.members()[0].folder)
    outcome = resume_committee(make_config("members=3"), run, Reporter())
    assert contents(run.members()[0].folder) == before
    assert len(outcome.members) == 3
    assert run.config() == make_config("members=3")
    assert_all_same(run, begin(make_config("members=3"), numbered()).run)


def test_more_epochs_are_for_every_member(make_config: MakeConfig, numbered: Numbered) -> None:
    run = begin(make_config("members=2"), numbered()).run
    grown = make_config("members=2", "training.epochs=6")
    outcome = resume_committee(grown, run, Interrupting(3))
    assert len(run.unfinished()) == 2
    outcome = resume_committee(run.config(), run, Reporter())
    assert outcome.signal is None
    assert_all_same(run, begin(grown, numbered()).run)


def test_more_patience_is_for_every_member(make_config: MakeConfig, numbered: Numbered) -> None:
    early = ["members=2", "training.epochs=9", "training.optimizer.learning_rate=1e-9"]
    short, patient = (make_config(*early, f"training.patience={n}") for n in (1, 3))
    started = begin(short, numbered())
    assert [len(member.history) for member in started.members] == [2, 2]
    assert started.larger == {"training.patience": 2}
    reporter = Listening()
    assert resume_committee(short, started.run, reporter).larger == started.larger
    outcome = resume_committee(patient, started.run, Interrupting(35))
    assert outcome.larger == {}
    outcome = resume_committee(patient, started.run, Reporter())
    assert_all_same(started.run, begin(patient, numbered()).run)
    member = started.run.members()[0]
    resume(member_config(make_config(*early, "training.patience=null"), 1), member, Reporter())
    outcome = resume_committee(patient, started.run, Reporter())
    assert [len(member.history) for member in outcome.members] == [9, 4]
    assert outcome.larger == {"training.epochs": 18, "training.patience": 11}


@pytest.mark.parametrize("remains", ["configuration", "no metrics", *slow("nothing", "folder")])
def test_a_kill_at_any_moment_is_mended(
    make_config: MakeConfig, numbered: Numbered, remains: str
) -> None:
    config = make_config("members=2")
    undisturbed = begin(config, numbered()).run
    run = begin(config, numbered()).run
    second = run.members()[1]
    kept = {"configuration": ["config.yaml"], "no metrics": ["config.yaml", "best.npz", "last.npz"]}
    for file in second.folder.iterdir():
        if file.name not in kept.get(remains, []):
            file.unlink()
    if remains == "nothing":
        second.folder.rmdir()
    run.members()[0].metrics_file.write_text("scribbled over")
    resume_committee(config, run, Reporter())
    assert_all_same(run, undisturbed)


@pytest.mark.parametrize(
    ("override", "fault"),
    [
        ("members=1", "members is 1 but was 3"),
        ("members=2", "members is 2 but was 3"),
        ("training.epochs=3", "training.epochs is 3 but was 4"),
        ("seed=4", "seed is 4 but was 3"),
        ("data.split_seed=4", "data.split_seed is 4 but was null"),
    ],
)
def test_another_configuration_is_refused_and_nothing_is_touched(
    make_config: MakeConfig, numbered: Numbered, override: str, fault: str
) -> None:
    run = begin(make_config("members=3"), numbered(), Interrupting(BATCHES + 5)).run
    before = contents(run.folder)
    with pytest.raises(ConfigError) as raised:
        resume_committee(make_config("members=3", override), run, Reporter())
    assert str(raised.value) == (
        f"{run}: cannot be resumed with another configuration: {fault} (only training.epochs, "
        "training.patience and members may grow)"
    )
    assert contents(run.folder) == before


def test_other_rows_are_refused_before_anything_is_touched(
    make_config: MakeConfig, numbered: Numbered, train_csv: Path
) -> None:
    run = begin(make_config("members=2"), numbered()).run
    before = contents(run.folder)
    write_csv(train_csv, *stripes(200, seed=1))
    with pytest.raises(DataError, match=r"not the rows that .*member-1 was trained"):
        resume_committee(make_config("members=3"), run, Reporter())
    assert contents(run.folder) == before


def test_a_member_that_was_trained_longer_by_itself_is_finished(
    make_config: MakeConfig, numbered: Numbered
) -> None:
    run = begin(make_config("members=2"), numbered()).run
    member = run.members()[0]
    longer = member_config(make_config("members=2", "training.epochs=6"), 1)
    resume(longer, member, Reporter())
    outcome = resume_committee(make_config("members=2"), run, Reporter())
    assert [len(member.history) for member in outcome.members] == [6, 4]


def test_the_rows_are_read_once(make_config: MakeConfig, numbered: Numbered) -> None:
    reporter = Listening()
    run = begin(make_config("members=3"), numbered(), reporter).run
    assert reporter.heard.count("200 rows") == 1
    assert reporter.heard.count("training on 150 rows, validating on 50") == 1
    reporter = Listening()
    resume_committee(make_config("members=5"), run, reporter)
    assert reporter.heard.count("200 rows") == 1


def test_bad_data_leave_no_folder(
    make_config: MakeConfig, numbered: Numbered, train_csv: Path
) -> None:
    config, folder = make_config("members=2"), numbered()
    train_csv.write_text("label,pixel0\n1,300\n")
    with pytest.raises(NNTrainError):
        begin(config, folder)
    assert not folder.exists()


def test_all_members_answer(make_config: MakeConfig, numbered: Numbered) -> None:
    run = begin(make_config("members=2"), numbered()).run
    models = inference.load_models([run])
    assert [model.run.folder for model in models] == [m.folder for m in run.members()]


def test_members_that_began_otherwise_are_not_mixed_with_others(
    make_config: MakeConfig, numbered: Numbered
) -> None:
    run = begin(make_config("members=2"), numbered()).run
    edited = make_config("members=3", "training.optimizer={name: adam, learning_rate: 0.5}")
    run.write_config(edited)  # as somebody may do by hand
    with pytest.raises(ConfigError, match=r"learning_rate is 0\.5 but was 0\.02") as caught:
        resume_committee(edited, run, Reporter())
    assert str(caught.value).startswith(f"{run.members()[0]}: ")
    assert not run.members()[2].folder.exists()


def test_a_member_that_diverges_is_named_and_the_others_may_vote(
    make_config: MakeConfig, numbered: Numbered
) -> None:
    wild = make_config("members=2", "training.optimizer={name: sgd, learning_rate: 3e38}")
    folder = numbered()
    with pytest.raises(DivergenceError, match="let the members that are finished vote") as caught:
        begin(wild, folder)
    assert str(caught.value).startswith(f"{folder / 'member-1'}: ")
