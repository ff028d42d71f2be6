"""Checks before a run is resumed: checkpoints, configuration, rows and versions."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nntrain.config import Config
from nntrain.data.kaggle import write_csv
from nntrain.errors import CheckpointError, ConfigError, DataError
from nntrain.training import checkpoint
from nntrain.training.fit import resume
from nntrain.training.reporter import Reporter
from nntrain.training.run import RunFolder
from tests.support.tiny import stripes
from tests.support.training import (
    Interrupting,
    Listening,
    assert_same,
    damage,
    start_run,
    with_meta,
)


@pytest.mark.parametrize(
    "override",
    [
        "training.epochs=3",
        "training.patience=2",
        "training.batch_size=17",
        "seed=4",
        "training.optimizer={name: sgd, learning_rate: 1}",
        "network[0].dense=9",
        "data.validation=0.3",
    ],
)
def test_another_configuration_is_refused_and_nothing_is_touched(
    make_config: Callable[..., Config], numbered: Callable[[], Path], override: str
) -> None:
    run = start_run(make_config(), numbered(), Interrupting(15)).run
    before = {path.name: path.read_bytes() for path in run.folder.iterdir()}
    with pytest.raises(ConfigError, match="cannot be resumed with another configuration"):
        resume(make_config(override), run, Reporter())
    assert {path.name: path.read_bytes() for path in run.folder.iterdir()} == before


def test_other_training_rows_are_refused(
    make_config: Callable[..., Config], numbered: Callable[[], Path], train_csv: Path
) -> None:
    run = start_run(make_config(), numbered(), Interrupting(15)).run
    pixels, labels = stripes(200)
    write_csv(train_csv, np.bitwise_xor(pixels, 1, dtype=np.uint8), labels)
    with pytest.raises(DataError, match="not the rows that"):
        resume(make_config(), run, Reporter())


def test_other_validation_rows_are_refused_but_moved_files_are_not(
    make_config: Callable[..., Config], numbered: Callable[[], Path], tmp_path: Path
) -> None:
    validation, moved = tmp_path / "validation.csv", tmp_path / "moved.csv"
    pixels, labels = stripes(30, seed=1)
    write_csv(validation, pixels, labels)
    config = make_config(f"data.validation={validation}")
    run = start_run(config, numbered(), Interrupting(15)).run
    validation.rename(moved)
    resume(make_config(f"data.validation={moved}"), run, Interrupting(3))
    write_csv(moved, *stripes(30, seed=2))
    with pytest.raises(DataError, match="not the rows that"):
        resume(make_config(f"data.validation={moved}"), run, Reporter())


def test_without_a_checkpoint_the_runs_own_configuration_still_rules(
    make_config: Callable[..., Config], numbered: Callable[[], Path]
) -> None:
    killed = RunFolder.create(numbered(), make_config())
    with pytest.raises(ConfigError, match="cannot be resumed with another configuration"):
        resume(make_config("seed=77"), killed, Reporter())


@pytest.mark.parametrize("harm", [damage, Path.unlink], ids=["damaged", "removed"])
def test_without_its_last_checkpoint_a_run_goes_on_from_its_best(
    make_config: Callable[..., Config], numbered: Callable[[], Path], harm: Callable[[Path], None]
) -> None:
    config = make_config()
    run = start_run(config, numbered(), Interrupting(25)).run
    harm(run.last_file)
    reporter = Listening()
    outcome = resume(config, run, reporter)
    warning = f"warning: {run.last_file}: damaged; going on from {run.best_file}"
    assert (warning in reporter.heard.splitlines()) == (harm is damage)
    assert_same(outcome.run, start_run(config, numbered()).run)


@pytest.mark.parametrize("harm", [damage, Path.unlink], ids=["damaged", "removed"])
def test_a_run_that_has_lost_its_best_epoch_is_not_resumed_in_silence(
    make_config: Callable[..., Config], numbered: Callable[[], Path], harm: Callable[[Path], None]
) -> None:
    run = start_run(make_config(), numbered(), Interrupting(25)).run
    harm(run.best_file)
    with pytest.raises(CheckpointError, match="put a copy of") as caught:
        resume(make_config(), run, Reporter())
    assert str(caught.value).startswith(f"{run.best_file}: ")
    shutil.copy(run.last_file, run.best_file)
    assert len(resume(make_config(), run, Reporter()).history) == 4


def test_a_run_of_which_both_checkpoints_are_damaged_is_refused(
    make_config: Callable[..., Config], numbered: Callable[[], Path]
) -> None:
    run = start_run(make_config(), numbered(), Interrupting(25)).run
    damage(run.best_file)
    damage(run.last_file)
    with pytest.raises(CheckpointError, match="or begin a new run") as caught:
        resume(make_config(), run, Reporter())
    assert str(caught.value).startswith(f"{run.last_file}: damaged")


def test_another_number_of_threads_or_another_numpy_is_told(
    make_config: Callable[..., Config], numbered: Callable[[], Path]
) -> None:
    config = make_config()

    def told(threads: int, **versions: str) -> list[str]:
        run = start_run(config, numbered(), Interrupting(25)).run
        saved = checkpoint.load(run.last_file)
        checkpoint.save(run.last_file, with_meta(saved, versions=saved.meta.versions | versions))
        reporter = Listening()
        resume(config, run, reporter, threads)
        return [
            line for line in reporter.heard.splitlines() if "not the same to the last bit" in line
        ]

    assert told(1) == []
    (line,) = told(2)
    assert line.startswith("warning: trained by 1 thread and NumPy")
    assert "now by 2 and NumPy" in line
    (line,) = told(1, numpy="1.2.3")
    assert "by 1 thread and NumPy 1.2.3 so far, now by 1 and" in line
