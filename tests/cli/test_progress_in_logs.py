"""What is written where nothing can be drawn again: at most one line an epoch, and no codes."""

import os
import re
import sys
from pathlib import Path
from typing import TextIO, cast

import pytest

import nntrain
from nntrain.cli import main
from nntrain.cli.sweep_progress import SweepProgress
from nntrain.cluster.dispatcher import Dispatcher
from nntrain.sweep.runner import run_sweep
from nntrain.sweep.spec import load_sweep
from nntrain.sweep.trials import open_trials
from tests.support.sweeps import InlineDispatcher, variant
from tests.support.terminal import Screen, shown_by

COMMITTEE = ("--set", "members=2", "--set", "training.epochs=1")
# What a kernel of Jupyter gives to the commands of a cell.
CELL = {"JPY_PARENT_PID": "1", "TERM": "xterm-color", "FORCE_COLOR": "1", "CLICOLOR_FORCE": "1"}


def assert_is_plain(text: str, epochs: int) -> None:
    """So many lines of epochs, each once, and nothing that moves a cursor."""
    assert "\r" not in text
    assert re.findall(r"\x1b\[[^m]*[A-Za-z]", text) == []
    assert len([line for line in text.splitlines() if line.startswith("epoch ")]) == epochs
    assert "|" not in text, "a bar"


def train(stream: TextIO, *overrides: str) -> None:
    """Train with this stream as standard output and standard error."""
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as end:
        patch.setattr(sys, "stdout", stream)
        patch.setattr(sys, "stderr", stream)
        main(["fit", "tiny.yaml", *overrides])
    assert not end.value.code


def test_a_command_in_a_notebooks_cell_writes_a_line_an_epoch(folder: Path) -> None:
    shown = shown_by(["fit", "tiny.yaml"], {**os.environ, **CELL}, folder)
    assert_is_plain(shown.decode().replace("\r\n", "\n"), 4)


def test_a_committee_writes_a_line_an_epoch_where_nothing_is_drawn_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("JPY_PARENT_PID", raising=False)
    for terminal, draws in (("xterm", True), ("dumb", False)):
        monkeypatch.setenv("TERM", terminal)
        train(screen := Screen(), *COMMITTEE)
        assert ("\r" in screen.getvalue()) == draws
    assert_is_plain(screen.getvalue(), 2)


def test_a_committee_writes_a_line_an_epoch_to_a_file(folder: Path) -> None:
    with Path("log.txt").open("w", encoding="utf-8") as log:
        train(log, *COMMITTEE)
    assert_is_plain(Path("log.txt").read_text("utf-8"), 2)


def test_a_sweep_in_a_cell_writes_lines_only(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**CELL, "COLUMNS": "200"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "stderr", cell := Screen())
    short = Path(variant("short.yaml", ("trials: 6", "trials: 2")))
    with (
        open_trials(load_sweep(short), Path("runs/sweep")) as trials,
        SweepProgress(trials) as progress,
    ):
        run_sweep(trials, cast(Dispatcher, InlineDispatcher()), progress)
    assert_is_plain(cell.getvalue(), 0)
    assert len(cell.getvalue().splitlines()) == 2 * 2, "of each trial's start and end"


def test_a_training_in_a_notebook_writes_a_line_an_epoch(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "ipykernel", sys)
    nntrain.fit("tiny.yaml")
    told = capsys.readouterr()
    assert_is_plain(told.out, 4)
    assert told.err == ""
