"""A new run that begins with the weights of an old one."""

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from nntrain.config import Config
from nntrain.data.kaggle import write_csv
from nntrain.errors import CheckpointError, ConfigError, RunError
from nntrain.training import checkpoint, committee
from nntrain.training.committee import resume_committee
from nntrain.training.fit import resume
from nntrain.training.inference import Predictor
from nntrain.training.initial_weights import (
    can_begin_with,
    keep_initial_weights,
    read_initial_weights,
    weights_from,
)
from nntrain.training.origin import RunName
from nntrain.training.reporter import Reporter
from nntrain.training.run import RunFolder
from tests.support.tiny import stripes
from tests.support.training import Interrupting, Listening, assert_same, damage, start_run
from tests.support.variants import slow

MakeConfig = Callable[..., Config]
Numbered = Callable[[], Path]

OTHERWISE = ("training.optimizer.name=sgd", "training.optimizer.learning_rate=0.1", "seed=8")
STILL = ("training.optimizer={name: sgd, learning_rate: 1e-30}", "training.epochs=1")


def begin(
    config: Config, folder: Path, old: RunFolder, reporter: Reporter | None = None
) -> RunFolder:
    weights = weights_from(old.folder, config.members)
    arguments = (config, folder, RunName("name", None), reporter or Reporter(), 1)
    return committee.start(*arguments, init=weights).run


def trained(config: Config, folder: Path) -> RunFolder:
    return committee.start(config, folder, RunName("name", None), Reporter(), 1).run


def predicting(run: RunFolder) -> list[bytes]:
    return [Predictor(member).network.parameters.tobytes() for member in run.members()]


@pytest.mark.parametrize("average", ["null", "0.9"])
def test_training_begins_with_the_weights_that_the_old_run_predicts_with(
    make_config: MakeConfig, numbered: Numbered, average: str
) -> None:
    # Learning so fast that the last epoch is not the best one.
    fast = ("training.optimizer.learning_rate=0.5", f"training.average={average}", "seed=5")
    old = trained(make_config(*fast), numbered())
    best = Predictor(old)
    last = checkpoint.load(old.last_file)
    assert not np.array_equal(best.network.parameters, last.parameters)
    new = begin(make_config(*STILL, "seed=8"), numbered(), old)
    np.testing.assert_array_equal(Predictor(new).network.parameters, best.network.parameters)
    assert checkpoint.load(new.best_file).meta.init == f"{old}, epoch {best.epoch}"
    averaged = begin(make_config(*STILL, "seed=8", "training.average=0.5"), numbered(), old)
    np.testing.assert_allclose(Predictor(averaged).network.parameters, best.network.parameters)


def test_optimizer_epochs_and_schedule_begin_anew(
    make_config: MakeConfig, numbered: Numbered
) -> None:
    config = make_config("training.schedule=cosine")
    old = trained(config, numbered())
    new = begin(config, numbered(), old)
    assert [record.epoch for record in new.history()] == [1, 2, 3, 4]
    rates = [[record.learning_rate for record in run.history()] for run in (old, new)]
    assert rates[0] == rates[1]
    assert new.history()[0].train_loss < old.history()[0].train_loss
    assert checkpoint.load(new.last_file).optimizer_state["steps"] == 40
    assert new.config() == old.config()


@pytest.mark.parametrize("stop", [13, *slow(3, 30)])
def test_it_is_resumed_exactly_without_the_old_run(
    make_config: MakeConfig, numbered: Numbered, stop: int
) -> None:
    old = trained(make_config("training.average=0.9"), numbered())
    config = make_config(*OTHERWISE, "training.average=0.8")
    undisturbed = begin(config, numbered(), old)
    new = begin(config, numbered(), old, Interrupting(stop))
    shutil.rmtree(old.folder)
    resume(config, new, Reporter())
    assert_same(new, undisturbed)
    assert checkpoint.load(new.last_file).meta.init == f"{old}, epoch 4"


def test_a_run_without_a_checkpoint_begins_again_with_the_same_weights(
    make_config: MakeConfig, numbered: Numbered
) -> None:
    old = trained(make_config(), numbered())
    config = make_config(*OTHERWISE)
    weights = weights_from(old.folder, 1)
    killed = RunFolder.create(
        numbered(), config, None, partial(keep_initial_weights, weights, config, 16)
    )
    reporter = Listening()
    resume(config, killed, reporter)
    assert f"beginning again with the weights of {old}, epoch 4\n" in reporter.heard
    assert_same(killed, begin(config, numbered(), old))
    killed = RunFolder.create(
        numbered(), config, None, partial(keep_initial_weights, weights, config, 16)
    )
    damage(killed.init_file)
    with pytest.raises(CheckpointError, match=r"init\.npz: damaged.*; begin a new run with --init"):
        resume(config, killed, Reporter())


@pytest.mark.parametrize(
    ("overrides", "fault"),
    [
        (
            ["network[0].dense=9"],
            r"W_1 is of shape (8, 16), but is of shape (9, 16) in the new",
        ),
        (
            ["network=[{dense: 8, activation: relu}, {dense: 3, activation: relu}, "
             "{dense: 3, activation: softmax}]"],
            "W_3 does not exist, but is of shape (3, 3) in the new",
        ),
        (
            ["network=[{dense: 8, activation: softmax}]", "data.classes=8"],
            "W_2 is of shape (3, 8), but does not exist in the new",
        ),
        (["data.classes=5", "network[1].dense=5"], "(3, 8), but is of shape (5, 8)"),
        (["network[0].dense=9", "members=2"], "(8, 16), but is of shape (9, 16)"),
    ],
    ids=["width", "more layers", "fewer layers", "classes", "committee"],
)  # fmt: skip
def test_layers_of_other_shapes_are_refused_before_anything_is_made(
    make_config: MakeConfig, numbered: Numbered, overrides: list[str], fault: str
) -> None:
    old = trained(make_config(), numbered())
    folder = numbered()
    with pytest.raises(ConfigError) as raised:
        begin(make_config(*overrides), folder, old)
    assert str(raised.value).startswith(f"{old}, epoch 4: W_")
    assert fault in str(raised.value)
    assert not folder.exists()
    assert not can_begin_with(old, make_config(*overrides))
    assert can_begin_with(old, make_config(*OTHERWISE))


def test_pictures_of_another_size_are_a_layer_of_another_shape(
    make_config: MakeConfig, numbered: Numbered, train_csv: Path
) -> None:
    old = trained(make_config(), numbered())
    pixels, labels = stripes(200)
    write_csv(train_csv, np.hstack([pixels, pixels]), labels)
    folder = numbered()
    with pytest.raises(ConfigError, match=r"shape \(8, 16\), but is of shape \(8, 32\)"):
        begin(make_config(), folder, old)
    assert not folder.exists()
    assert not can_begin_with(old, make_config())


def test_another_number_type_and_other_activations_are_no_obstacle(
    make_config: MakeConfig, numbered: Numbered
) -> None:
    old = trained(make_config(), numbered())
    others = ("dtype=float64", "network[0].activation=relu", "training.average=0.5")
    new = begin(make_config(*STILL, *others), numbered(), old)
    parameters = Predictor(new).network.parameters
    assert parameters.dtype == np.float64
    np.testing.assert_allclose(parameters, Predictor(old).network.parameters)


@pytest.mark.parametrize("members", [1, 3])
def test_members_begin_with_one_network_or_with_the_member_of_the_same_number(
    make_config: MakeConfig, numbered: Numbered, members: int
) -> None:
    old = trained(make_config(f"members={members}"), numbered())
    new = begin(make_config(*STILL, "members=3"), numbered(), old)
    assert predicting(new) == predicting(old) * (3 // members)


@pytest.mark.parametrize(
    ("members", "what"), [(1, "a single network"), (2, "a committee of 2"), (4, "a committee of 4")]
)
def test_a_committee_of_another_size_is_refused(
    make_config: MakeConfig, numbered: Numbered, members: int, what: str
) -> None:
    old = trained(make_config("members=3", "training.epochs=1"), numbered())
    with pytest.raises(ConfigError) as raised:
        weights_from(old.folder, members)
    assert str(raised.value) == (
        f"{old}: a committee of 3 networks cannot be the beginning of {what}; "
        f"name one of them, such as {old}/member-1"
    )
    assert len(weights_from(old.members()[1].folder, members)) == members


@pytest.mark.parametrize("stop", [50, *slow(3, 95)])
def test_a_committee_is_resumed_exactly_without_the_old_one(
    make_config: MakeConfig, numbered: Numbered, stop: int
) -> None:
    old = trained(make_config("members=3", "training.epochs=2"), numbered())
    config = make_config(*OTHERWISE, "members=3")
    undisturbed = begin(config, numbered(), old)
    new = begin(config, numbered(), old, Interrupting(stop))
    shutil.rmtree(old.folder)
    resume_committee(config, new, Reporter())
    for ours, theirs in zip(new.members(), undisturbed.members(), strict=True):
        assert_same(ours, theirs)


def test_added_members_begin_with_the_weights_that_the_others_share(
    make_config: MakeConfig, numbered: Numbered
) -> None:
    old = trained(make_config(), numbered())
    four = make_config(*OTHERWISE, "members=4")
    undisturbed = begin(four, numbered(), old)
    new = begin(make_config(*OTHERWISE, "members=2"), numbered(), old)
    shutil.rmtree(old.folder)
    resume_committee(four, new, Reporter())
    for ours, theirs in zip(new.members(), undisturbed.members(), strict=True):
        assert_same(ours, theirs)


def test_no_members_are_added_to_those_that_began_differently(
    make_config: MakeConfig, numbered: Numbered
) -> None:
    old = trained(make_config("members=2"), numbered())
    new = begin(make_config("members=2"), numbered(), old)
    with pytest.raises(ConfigError, match="members cannot grow: each of its 2 members began with"):
        resume_committee(make_config("members=3"), new, Reporter())
    assert new.config().members == 2
    assert not (new.folder / "member-3").exists()


def test_a_run_that_is_none_or_has_no_epoch_yet_is_refused(
    make_config: MakeConfig, numbered: Numbered
) -> None:
    with pytest.raises(RunError, match="no such folder"):
        weights_from(numbered(), 1)
    begun = start_run(make_config(), numbered(), Interrupting(3)).run
    with pytest.raises(RunError, match="has not finished an epoch yet; resume with"):
        weights_from(begun.folder, 1)
    team = trained(make_config("members=2"), numbered())
    shutil.rmtree(team.members()[1].folder)
    with pytest.raises(RunError, match="1 of its 2 members are not finished yet"):
        weights_from(team.folder, 2)
    damage(team.members()[0].best_file)
    with pytest.raises(CheckpointError, match="damaged"):
        weights_from(team.members()[0].folder, 1)


def test_a_run_of_its_own_weights_keeps_none(make_config: MakeConfig, numbered: Numbered) -> None:
    run = trained(make_config(), numbered())
    assert read_initial_weights(run) is None
    assert checkpoint.load(run.last_file).meta.init == ""
