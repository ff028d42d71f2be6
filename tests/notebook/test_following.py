"""Callbacks, logs and quietness of `nntrain.fit`, and what docs/python.md says of them."""

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import nntrain
from nntrain.training.progress import EpochRecord, Progress
from nntrain.training.reporter import Reporter
from nntrain.training.run import RunFolder
from tests.support.logs import assert_logged

PAGE = Path(__file__).parents[2] / "docs" / "python.md"
SECTION = "## Follow a training"


class EnoughError(Exception):
    """Raised by a callback."""


def stop_after(epoch: int, error: Exception) -> Callable[[EpochRecord], None]:
    def callback(record: EpochRecord) -> None:
        if record.epoch == epoch:
            raise error

    return callback


def test_callbacks_get_each_epoch_after_it_has_been_saved(folder: Path) -> None:
    got: list[EpochRecord] = []
    saved: list[list[EpochRecord]] = []
    run = nntrain.fit(
        "tiny.yaml", callbacks=[got.append, lambda _: saved.append(nntrain.load("tiny").history)]
    )
    assert got == run.history
    assert saved == [got[:count] for count in range(1, 5)]


@pytest.mark.parametrize("members", [1, 2])
def test_what_a_callback_raises_is_raised_unchanged_and_nothing_is_lost(
    folder: Path, members: int
) -> None:
    error = EnoughError("Genug.")
    overrides = {"members": members, "training.epochs": 2}
    more: dict[str, Any] = {"log": "jsonl", "overrides": overrides}
    with pytest.raises(EnoughError) as caught:
        nntrain.fit("tiny.yaml", callbacks=[stop_after(1, error)], **more)
    assert caught.value is error
    assert [record.epoch for record in nntrain.load("tiny").history] == [1]
    got: list[EpochRecord] = []
    run = nntrain.fit("tiny.yaml", resume=True, callbacks=[got.append], **more)
    assert got == run.history[1:]
    for member in RunFolder(run.folder).members():
        assert_logged(member.folder)


def test_a_reporter_is_told_of_each_member(folder: Path) -> None:
    told: list[tuple[str, int]] = []

    class Telling(Reporter):
        def on_run_begin(self, run: RunFolder, progress: Progress) -> None:
            self.name, self.progress = run.folder.name, progress

        def on_epoch_end(self, record: EpochRecord, epochs: int, is_best: bool) -> None:
            assert self.progress.history[-1] is record
            told.append((self.name, record.epoch))

    nntrain.fit("tiny.yaml", overrides={"members": 2, "training.epochs": 2}, callbacks=[Telling()])
    assert told == [("member-1", 1), ("member-1", 2), ("member-2", 1), ("member-2", 2)]


def test_a_quiet_training_says_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nntrain.fit("tiny.yaml", quiet=True)
    assert capsys.readouterr() == ("", "")


@pytest.fixture
def mlflow(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[dict[str, float]]]:
    """In place of MLflow; what was logged in each of its runs, in the order of the steps."""
    runs: dict[str, list[dict[str, float]]] = {}
    active: list[str] = []

    @contextmanager
    def start_run(run_id: str | None = None, *, run_name: str | None = None) -> Iterator[None]:
        assert run_name
        runs[run_name] = []
        active.append(run_name)
        yield
        active.pop()

    def log_metrics(metrics: dict[str, float], step: int | None = None) -> None:
        steps = runs[active[-1]]
        steps.append(metrics)
        assert step == len(steps)
        assert all(type(value) is float for value in metrics.values())

    module = ModuleType("mlflow")
    vars(module).update(start_run=start_run, log_metrics=log_metrics)
    monkeypatch.setitem(sys.modules, "mlflow", module)
    return runs


def test_the_examples_of_the_page_do_what_it_says(
    folder: Path,
    mlflow: dict[str, list[dict[str, float]]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("tensorboard")
    Path("configs").mkdir()
    Path("tiny.yaml").rename("configs/quick.yaml")
    section = PAGE.read_text("utf-8").split(f"{SECTION}\n")[1].split("\n## ")[0]
    tracked, stopped, told, logged = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    assert len([line for line in tracked.splitlines() if line]) <= 10
    names: dict[str, Any] = {}
    exec(tracked, names)
    history = names["run"].history
    assert mlflow == {
        "quick": [
            {name: value for name, value in record._asdict().items() if name != "epoch"}
            for record in history
        ]
    }
    exec(stopped, names)
    assert names["run"].history[-1].val_accuracy > 0.97
    assert 0 < len(names["run"].history) < 4
    capsys.readouterr()
    exec(told, names)
    lines = capsys.readouterr().out.splitlines()
    assert {line.split(":")[0] for line in lines} == {"member-1", "member-2"}
    assert re.fullmatch(r"member-1: [\d.]+% after epoch 1 of 4", lines[0])
    exec(logged, names)
    for file in re.findall(r"`(log\.jsonl|events[\w.]+)`", section):
        assert Path("runs/quick-4", file).is_file()
    assert_logged(Path("runs/quick-4"))
