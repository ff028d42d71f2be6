"""Sweeps as people run them: real processes, interrupted and gone on with."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from nntrain.config import load_config
from nntrain.sweep.definition import load_sweep
from nntrain.sweep.ranking import ranking
from nntrain.sweep.trials import open_trials, read_trials
from tests.cli.test_commands import run
from tests.sweep.conftest import folder

__all__ = ["folder"]  # the fixture, which takes the place of this folder's own

SWEEP = """
config: long.yaml
space:
  training.optimizer.learning_rate: {log: [1e-3, 1e-1]}
  training.epochs: {choice: [6, 30]}
trials: 4
"""


@pytest.fixture
def long(folder: Path) -> Path:
    tiny = Path("tiny.yaml").read_text()
    Path("long.yaml").write_text(tiny.replace("epochs: 4", "epochs: 30"))
    Path("sweep.yaml").write_text(SWEEP)
    return folder


def sweep(folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "nntrain", "sweep", "sweep.yaml", *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def until(lines: Iterator[str], what: str) -> None:
    for line in lines:
        if what in line:
            return
    raise AssertionError(f"never said {what!r}")


def test_an_interrupted_sweep_goes_on_and_leaves_no_process_behind(long: Path) -> None:
    undisturbed = sweep(long, "--run", "runs/undisturbed", "--parallel", "1")
    assert undisturbed.wait() == 0
    shown = undisturbed.communicate()[0]

    for number, status in ((signal.SIGTERM, 143), (signal.SIGKILL, -9)):
        with sweep(long, "--run", "runs/other", "--parallel", "2") as going:
            assert going.stderr is not None
            until(iter(going.stderr), "runs/other/trial-")
            family = psutil.Process(going.pid).children(recursive=True)
            assert family
            going.send_signal(number)
            error = going.communicate()[1]
        assert going.returncode == status, error
        assert "Traceback" not in error
        if number == signal.SIGTERM:
            assert error.splitlines()[-1] == (
                "interrupted, and saved; go on with: nntrain sweep sweep.yaml --run runs/other "
                "--parallel 2"
            )
        _, alive = psutil.wait_procs(family, timeout=30)
        assert alive == []

    last = sweep(long, "--run", "runs/other", "--parallel", "2")
    output, error = last.communicate()
    assert last.returncode == 0, error
    assert output.split() == re.sub("runs/undisturbed", "runs/other", shown).split()
    both = [ranking(read_trials(Path(f"runs/{name}"))) for name in ("undisturbed", "other")]
    assert [one[1:] for one in both[0]] == [one[1:] for one in both[1]]
    assert {one.epochs for one in both[0]} == {6, 30}


def test_a_sweep_is_conducted_by_one_process_only(long: Path) -> None:
    with open_trials(load_sweep(Path("sweep.yaml")), Path("runs/sweep")):
        result = run("sweep", "sweep.yaml")
    assert result.exit_code == 1
    assert "is being trained by another process" in result.stderr


def test_the_example_is_a_sweep_of_an_example(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parents[2])
    definition = load_sweep(Path("configs/sweep.yaml"))
    assert definition.config({}) == load_config("configs/quick.yaml")
