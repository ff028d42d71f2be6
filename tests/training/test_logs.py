"""Logs of a training: each epoch once, whatever happens to the training or to the log."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from nntrain.config import Config
from nntrain.training.fit import fit, resume
from nntrain.training.logs import JsonLinesLog, make_logs
from nntrain.training.progress import EpochRecord
from nntrain.training.reporter import Reporter, Reporters
from nntrain.training.run import RunFolder
from tests.support.training import BATCHES, Interrupting, assert_same

MakeConfig = Callable[..., Config]


def warned(text: str) -> None:
    raise AssertionError(text)


def trained(
    config: Config, folder: Path, *at: int, warn: Callable[[str], None] = warned
) -> RunFolder:
    """Train a run with a JSON log, interrupt it after these batches, and resume it each time."""
    run = RunFolder(folder)
    outcome = fit(config, lambda: RunFolder.create(folder, config), _reporters(warn, at[:1]))
    for batch in at[1:]:
        assert outcome.signal
        outcome = resume(config, run, _reporters(warn, [batch]))
    while outcome.signal:
        outcome = resume(config, run, _reporters(warn, []))
    return run


def _reporters(warn: Callable[[str], None], at: Sequence[int]) -> Reporter:
    return Reporters([Interrupting(*at), JsonLinesLog(warn)])


def logged(run: RunFolder) -> list[EpochRecord]:
    """The epochs in a run's log.jsonl."""
    lines = (run.folder / "log.jsonl").read_text().splitlines()
    records = []
    for line in lines:
        values = json.loads(line)
        assert values.pop("run") == run.folder.as_posix()
        records.append(EpochRecord(**values))
    return records


def test_the_log_has_the_numbers_of_the_metrics(make_config: MakeConfig, tmp_path: Path) -> None:
    run = trained(make_config(), tmp_path / "run")
    assert logged(run) == run.history()


def test_what_is_not_measured_is_null(make_config: MakeConfig, tmp_path: Path) -> None:
    run = trained(make_config("data.validation=0"), tmp_path / "run")
    assert [record.val_loss for record in logged(run)] == [None] * 4
    assert [record[:5] for record in logged(run)] == [record[:5] for record in run.history()]


def test_a_training_that_is_interrupted_logs_each_epoch_once(
    make_config: MakeConfig, tmp_path: Path
) -> None:
    run = trained(make_config(), tmp_path / "run", 3, 9, BATCHES // 2)
    assert logged(run) == run.history()
    assert [record.epoch for record in logged(run)] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    "damage",
    [
        lambda lines: lines[:-1],  # killed between the checkpoint and the log
        lambda lines: [*lines[:-1], lines[-1][:30]],  # killed while a line was written
        lambda lines: [*lines, lines[-1]],
        lambda lines: [*lines[:1], "?\n", *lines[1:]],
        lambda lines: [],
    ],
)
def test_a_log_that_is_behind_or_damaged_is_mended_by_a_resume(
    make_config: MakeConfig, tmp_path: Path, damage: Callable[[list[str]], list[str]]
) -> None:
    run = trained(make_config(), tmp_path / "run")
    log = run.folder / "log.jsonl"
    log.write_text("".join(damage(log.read_text().splitlines(keepends=True))))
    resume(make_config("training.epochs=5"), run, JsonLinesLog(warned))
    assert [record.epoch for record in logged(run)] == [1, 2, 3, 4, 5]
    assert logged(run) == run.history()


def test_a_log_that_cannot_be_written_is_one_line_and_changes_nothing(
    make_config: MakeConfig, tmp_path: Path
) -> None:
    config, said = make_config(), list[str]()
    undisturbed = trained(config, tmp_path / "undisturbed")
    (tmp_path / "run").mkdir()
    (tmp_path / "run/log.jsonl").mkdir()
    run = RunFolder(tmp_path / "run")
    fit(config, lambda: run.initialize(config, None), JsonLinesLog(said.append))
    assert said == [
        f"warning: {run}/log.jsonl: cannot be written: not a regular file; the training goes on "
        "without this log; remove or rename what is in its place"
    ]
    assert_same(run, undisturbed)


def test_kinds_that_are_named_twice_are_one_log() -> None:
    assert [type(log) for log in make_logs(["jsonl", "jsonl"], warned)] == [JsonLinesLog]
