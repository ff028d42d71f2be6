"""Runs and committees in segments end as those that are trained here."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import cast

import pytest

from nntrain.cluster.dispatcher import Dispatcher
from nntrain.cluster.remote import train_remotely
from nntrain.config import Config, load_config
from nntrain.training.initial_weights import keep_initial_weights, weights_from
from nntrain.training.logs import JsonLinesLog
from nntrain.training.progress import is_finished
from nntrain.training.reporter import Reporter
from nntrain.training.run import RunFolder
from tests.support.cli import succeed
from tests.support.logs import assert_logged, unexpected
from tests.support.sweeps import InlineDispatcher, Killed
from tests.support.training import assert_same


def train(config: Config, run: RunFolder) -> None:
    """Train in segments of one epoch."""
    train_remotely(config, run, cast(Dispatcher, InlineDispatcher(seconds=0)), Reporter())


def set_options(overrides: Sequence[str]) -> list[str]:
    return [word for override in overrides for word in ("--set", override)]


def assert_all_same(run: RunFolder, name: str) -> None:
    for there, here in zip(run.members(), RunFolder(Path(name)).members(), strict=True):
        assert_same(there, here)


@pytest.mark.parametrize("members", [1, 2])
def test_segments_begin_with_the_weights_of_an_old_run(folder: Path, members: int) -> None:
    succeed("fit", "tiny.yaml", "--run", "runs/old")
    overrides = [f"members={members}", "training.optimizer.learning_rate=0.1"]
    config = load_config("tiny.yaml", overrides)
    weights = weights_from(Path("runs/old"), members)
    keep = partial(keep_initial_weights, weights, config.with_classes(("0", "1", "2")), 16)
    run = RunFolder.create(Path("runs/there"), config, None, keep)
    train(config, run)
    options = (*set_options(overrides), "--threads", "1")
    succeed("fit", "tiny.yaml", *options, "--init", "runs/old", "--run", "runs/here")
    assert_all_same(run, "runs/here")


@pytest.mark.parametrize("members", [1, 2])
def test_raised_patience_continues_after_an_early_stop(folder: Path, members: int) -> None:
    early = [f"members={members}", "training.optimizer.learning_rate=1e-9", "training.epochs=9"]
    short, patient = ([*early, f"training.patience={count}"] for count in (1, 3))
    config = load_config("tiny.yaml", short)
    run = RunFolder.create(Path("runs/there"), config)
    train(config, run)
    assert [len(member.history()) for member in run.members()] == [2] * members
    train(load_config("tiny.yaml", patient), run)
    assert all(is_finished(member.history(), 9, 3) for member in run.members())
    succeed("fit", "tiny.yaml", *set_options(patient), "--threads", "1", "--run", "runs/here")
    assert_all_same(run, "runs/here")


def test_logs_follow_the_segments_and_go_on_after_a_kill(folder: Path) -> None:
    config = load_config("tiny.yaml", ["members=2", "training.epochs=3"])
    run = RunFolder.create(Path("runs/there"), config)
    log = JsonLinesLog(unexpected)
    killed = InlineDispatcher(seconds=0, killed_after=4)
    with pytest.raises(Killed):
        train_remotely(config, run, cast(Dispatcher, killed), log)
    assert sum(len(member.history()) for member in run.members()) < 6
    assert any((member.folder / log.name).exists() for member in run.members())
    for member in run.members():
        if member.history():
            assert_logged(member.folder)
    train_remotely(config, run, cast(Dispatcher, InlineDispatcher(seconds=0)), log)
    for member in run.members():
        assert_logged(member.folder)
