"""What TensorBoard's own reader finds in the log of a training."""

import io
import math
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntrain.config import Config
from nntrain.training.fit import fit, resume
from nntrain.training.logs import JsonLinesLog
from nntrain.training.progress import EpochRecord
from nntrain.training.reporter import Reporters
from nntrain.training.run import RunFolder
from tests.support.logs import logged, unexpected
from tests.support.training import Interrupting

reading = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
writing = pytest.importorskip("tensorboard.summary.writer.record_writer")
log = pytest.importorskip("nntrain.training.tensorboard_log")

MakeConfig = Callable[..., Config]
NAME = "events.out.tfevents"
TAGS = {
    "accuracy/train": "train_accuracy",
    "accuracy/validation": "val_accuracy",
    "learning_rate": "learning_rate",
    "loss/train": "train_loss",
    "loss/validation": "val_loss",
    "seconds": "seconds",
}
EPOCHS = [EpochRecord(number, 1.5, 0.1, 1 / number, 0.5, 2, 0.75) for number in range(1, 5)]


def read(folder: Path) -> dict[str, list[Any]]:
    """The events of all tags."""
    accumulator = reading.EventAccumulator(str(folder))
    accumulator.Reload()
    return {tag: accumulator.Scalars(tag) for tag in accumulator.Tags()["scalars"]}


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """Steps and values of all tags."""
    return {
        tag: [(event.step, event.value) for event in events] for tag, events in read(folder).items()
    }


def expected(history: list[EpochRecord]) -> dict[str, list[tuple[int, float]]]:
    """The same of these epochs, rounded as TensorBoard's format does."""
    return {
        tag: [(one.epoch, float(np.float32(getattr(one, name)))) for one in history]
        for tag, name in TAGS.items()
    }


def test_the_scalars_of_a_resumed_training_are_the_numbers_of_its_metrics(
    make_config: MakeConfig, tmp_path: Path
) -> None:
    config, run = make_config(), RunFolder(tmp_path / "run")
    interrupted = Reporters([Interrupting(15), log.TensorBoardLog(unexpected)])
    fit(config, lambda: RunFolder.create(run.folder, config), interrupted)
    first = (run.folder / NAME).read_bytes()
    resume(config, run, log.TensorBoardLog(unexpected))
    assert (run.folder / NAME).read_bytes().startswith(first)
    assert [record.epoch for record in run.history()] == [1, 2, 3, 4]
    assert scalars(run.folder) == expected(run.history())


@pytest.mark.parametrize("lost", [1, 40, 250])
def test_half_an_event_is_mended_and_the_others_keep_their_times(tmp_path: Path, lost: int) -> None:
    run, file = RunFolder(tmp_path), tmp_path / NAME
    log.TensorBoardLog(unexpected).write(run, EPOCHS[:3])
    file.write_bytes(file.read_bytes()[:-lost])
    before = read(tmp_path)["seconds"]
    assert 0 < len(before) < 3
    log.TensorBoardLog(unexpected).write(run, EPOCHS)
    assert scalars(tmp_path) == expected(EPOCHS)
    assert read(tmp_path)["seconds"][: len(before)] == before


def record_of(content: bytes) -> bytes:
    """A record with valid checksums."""
    buffer = io.BytesIO()
    writing.RecordWriter(buffer).write(content)
    return buffer.getvalue()


@pytest.mark.parametrize("content", [b"", b"?" * 50, b"\0" * 50, record_of(b"no event")])
def test_a_file_of_another_kind_is_replaced(tmp_path: Path, content: bytes) -> None:
    (tmp_path / NAME).write_bytes(content)
    log.TensorBoardLog(unexpected).write(RunFolder(tmp_path), EPOCHS)
    assert scalars(tmp_path) == expected(EPOCHS)


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are Unicode elsewhere")
def test_a_folder_may_have_any_name(tmp_path: Path) -> None:
    odd = tmp_path / os.fsdecode(b"run \xff")
    odd.mkdir()
    for count in (3, 4):
        log.TensorBoardLog(unexpected).write(RunFolder(odd), EPOCHS[:count])
        JsonLinesLog(unexpected).write(RunFolder(odd), EPOCHS[:count])
    assert logged(odd) == EPOCHS
    shutil.copy(odd / NAME, tmp_path)
    assert scalars(tmp_path) == expected(EPOCHS)


def test_what_is_not_measured_is_left_out(tmp_path: Path) -> None:
    alone = [one._replace(val_loss=math.nan, val_accuracy=math.nan) for one in EPOCHS]
    log.TensorBoardLog(unexpected).write(RunFolder(tmp_path), alone)
    assert sorted(scalars(tmp_path)) == [tag for tag in TAGS if "validation" not in tag]


def test_epochs_of_a_training_that_went_back_are_not_logged_twice(tmp_path: Path) -> None:
    run, again = RunFolder(tmp_path), [EPOCHS[0], EPOCHS[1]._replace(train_loss=7)]
    writer = log.TensorBoardLog(unexpected)
    writer.write(run, EPOCHS)
    writer.write(run, again)
    assert scalars(tmp_path) == expected(again)
