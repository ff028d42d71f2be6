"""Logs of a training: each epoch once, whatever happens to the training or to the log."""

import json
import math
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from nntrain.config import Config
from nntrain.errors import ConfigError
from nntrain.training.committee import fit_committee, resume_committee
from nntrain.training.fit import fit, resume
from nntrain.training.logs import JsonLinesLog, with_logs
from nntrain.training.progress import EpochRecord, Progress
from nntrain.training.reporter import Reporter, Reporters
from nntrain.training.run import RunFolder
from tests.support.logs import assert_logged, logged, unexpected
from tests.support.training import BATCHES, Interrupting, assert_same

MakeConfig = Callable[..., Config]
EPOCHS = [EpochRecord(number, 1.5, 0.1, 1 / number, 0.5, 2, 0.75) for number in range(1, 5)]


def log_to(warnings: list[str]) -> JsonLinesLog:
    return JsonLinesLog(warnings.append)


def test_a_training_that_is_interrupted_logs_each_epoch_once(
    make_config: MakeConfig, tmp_path: Path
) -> None:
    config, run = make_config(), RunFolder(tmp_path / "run")

    def reporter(*at: int) -> Reporter:
        return Reporters([Interrupting(*at), JsonLinesLog(unexpected)])

    outcome = fit(config, lambda: RunFolder.create(run.folder, config), reporter(3))
    assert not (run.folder / "log.jsonl").exists()
    for at in (9, BATCHES // 2):
        assert outcome.signal
        outcome = resume(config, run, reporter(at))
    resume(config, run, reporter())
    assert_logged(run.folder)
    assert [record.epoch for record in logged(run.folder)] == [1, 2, 3, 4]


def test_what_is_not_measured_is_null(tmp_path: Path) -> None:
    alone = EPOCHS[0]._replace(val_loss=math.nan, val_accuracy=math.nan)
    JsonLinesLog(unexpected).write(RunFolder(tmp_path), [alone])
    (line,) = (tmp_path / "log.jsonl").read_text().splitlines()
    assert json.loads(line, parse_constant=unexpected) == {
        "run": tmp_path.as_posix(),
        **alone._asdict(),
        "val_loss": None,
        "val_accuracy": None,
    }


@pytest.mark.parametrize(
    "damage",
    [
        lambda lines: lines[:-1],  # killed between the checkpoint and the log
        lambda lines: [*lines[:-1], lines[-1][:30]],  # killed while a line was written
        lambda lines: [*lines[:-1], lines[-1][:-1]],
        lambda lines: [*lines, lines[-1]],
        lambda lines: [*lines[:1], "?\n", *lines[1:]],
        lambda lines: [],
    ],
)
def test_a_log_that_is_behind_or_damaged_is_mended(
    tmp_path: Path, damage: Callable[[list[str]], list[str]]
) -> None:
    run, file = RunFolder(tmp_path), tmp_path / "log.jsonl"
    JsonLinesLog(unexpected).write(run, EPOCHS[:3])
    file.write_text("".join(damage(file.read_text().splitlines(keepends=True))))
    JsonLinesLog(unexpected).write(run, EPOCHS)
    assert logged(tmp_path) == EPOCHS


def test_a_program_that_follows_the_file_sees_each_epoch_appended(tmp_path: Path) -> None:
    run, log = RunFolder(tmp_path), JsonLinesLog(unexpected)
    log.write(run, EPOCHS[:1])
    with (tmp_path / "log.jsonl").open() as following:
        for count in range(1, 5):
            log.write(run, EPOCHS[:count])
            assert json.loads(following.read())["epoch"] == count
            assert following.read() == ""


@pytest.mark.parametrize(("key", "name"), [("members", "member-1"), ("folds", "fold-1")])
def test_each_member_and_each_fold_has_its_own_log(
    make_config: MakeConfig, tmp_path: Path, key: str, name: str
) -> None:
    config, run = make_config(f"{key}=2", "training.epochs=1"), RunFolder(tmp_path / "run")
    fit_committee(config, lambda: RunFolder.create(run.folder, config), JsonLinesLog(unexpected))
    for member in run.members():
        assert_logged(member.folder)
    (run.folder / name / "log.jsonl").unlink()
    resume_committee(config, run, JsonLinesLog(unexpected))
    assert_logged(run.folder / name)


def test_a_log_that_cannot_be_written_is_one_line_and_changes_nothing(
    make_config: MakeConfig, tmp_path: Path
) -> None:
    config, said = make_config(), list[str]()
    fit(config, lambda: RunFolder.create(tmp_path / "undisturbed", config), Reporter())
    run = RunFolder(tmp_path / "run")
    (run.folder / "log.jsonl").mkdir(parents=True)
    fit(config, lambda: run.initialize(config, None), log_to(said))
    assert said == [
        f"warning: {run}/log.jsonl: cannot be written: not a regular file; the training goes on, "
        "and the log is completed once it can be written"
    ]
    assert_same(run, RunFolder(tmp_path / "undisturbed"))


def test_a_disk_that_is_full_for_a_while_costs_one_line_and_no_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = list[str]()
    run, log = RunFolder(tmp_path), log_to(said)
    log.write(run, EPOCHS[:1])
    with monkeypatch.context() as patch:
        opened = Path.open
        patch.setattr(Path, "open", lambda path, mode: _Full(opened(path, mode)))
        log.write(run, EPOCHS[:2])
        log.write(run, EPOCHS[:3])
    (line,) = said
    assert line.startswith(f"warning: {run}/log.jsonl: cannot be written: No space left on device;")
    assert len((tmp_path / "log.jsonl").read_text().splitlines()) > 1, "a part was written"
    log.write(run, EPOCHS)
    assert logged(tmp_path) == EPOCHS


class _Full:
    """A file of which only a few bytes more can be written."""

    def __init__(self, file: Any) -> None:
        self.file = file

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)

    def __enter__(self) -> "_Full":
        return self

    def __exit__(self, *exception: object) -> None:
        self.file.close()

    def write(self, content: bytes) -> None:
        self.file.write(content[:20])
        raise OSError(28, os.strerror(28))


def test_a_pipe_in_the_place_of_a_log_does_not_stop_the_training(tmp_path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("Windows has no named pipes")
    os.mkfifo(tmp_path / "log.jsonl")
    said = list[str]()
    log_to(said).write(RunFolder(tmp_path), EPOCHS)
    assert len(said) == 1


def test_kinds_of_logs_and_callbacks_are_checked() -> None:
    with pytest.raises(ConfigError) as caught:
        with_logs(Reporter(), "tensorbord")
    assert str(caught.value) == "log: unknown kind 'tensorbord'; did you mean 'tensorboard'?"
    with pytest.raises(ConfigError) as caught:
        with_logs(Reporter(), ["jsonl"], ["jsonl"])  # type: ignore[list-item]
    assert str(caught.value) == ("callbacks: 'jsonl' is no function; give one that takes a record")


def test_callbacks_of_several_reporters_are_called_one_after_the_other() -> None:
    called: list[str] = []

    class Recording(Reporter):
        def __getattribute__(self, name: str) -> Any:
            return (lambda *arguments: called.append(name)) if name != "__class__" else Recording

    methods = [name for name in vars(Reporter) if name.startswith(("on_", "log", "__exit__"))]
    both: Reporter = Reporters([Recording(), Recording()])
    arguments: dict[str, Sequence[object]] = {
        "__exit__": (None, None, None),
        "log": ("text",),
        "log_about": ("name", "text"),
        "on_run_begin": (RunFolder(Path()), Progress()),
        "on_member_begin": ("member", 1, 2, "what"),
        "on_batch_end": (Progress(),),
    }
    for name in methods:
        getattr(both, name)(*arguments.get(name, (1, 2, 3)))
    assert called == [name for name in methods for _ in range(2)]
