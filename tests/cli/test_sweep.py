"""Sweeps as people run them: real processes, interrupted and resumed."""

import importlib.util
import io
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from optuna.trial import TrialState
from rich.console import Console

from nntrain.cli import sweep_progress
from nntrain.cli.sweep_progress import SweepProgress
from nntrain.cli.terminal import print_columns
from nntrain.config import load_config
from nntrain.data.kaggle import write_csv
from nntrain.sweep.ranking import ranking
from nntrain.sweep.spec import load_sweep
from nntrain.sweep.trials import open_trials
from nntrain.training.reporter import Reporter
from nntrain.training.rows import digest, read_data
from tests.support.cli import refuse, run
from tests.support.contrast import illegible
from tests.support.sweeps import InlineDispatcher, swept
from tests.support.terminal import Screen
from tests.support.tiny import stripes
from tests.support.variants import slow

SWEEP = """
config: long.yaml
space:
  training.optimizer.learning_rate: {log: [1e-3, 1e-1]}
  training.epochs: {choice: [3, 15]}
trials: 4
"""


@pytest.fixture
def long(sweep_folder: Path) -> Path:
    tiny = Path("tiny.yaml").read_text()
    Path("long.yaml").write_text(tiny.replace("epochs: 4", "epochs: 15"))
    Path("sweep.yaml").write_text(SWEEP)
    return sweep_folder


# How a sweep is ended, its exit status then, and the number of its workers.
End = tuple[Callable[["subprocess.Popen[str]"], None], int, str]
TERMINATE: End = (subprocess.Popen.terminate, 143, "1")
KILL: End = (subprocess.Popen.kill, -9, "2")


def sweep(folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "nntrain", "sweep", "sweep.yaml", *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.usefixtures("no_workers")  # in this process, where the sweep is finished
@pytest.mark.parametrize("ends", [(KILL,), *slow(((TERMINATE, KILL),))])
def test_an_interrupted_sweep_resumes_and_leaves_no_process_behind(
    long: Path, ends: tuple[End, ...]
) -> None:
    undisturbed = ranking(swept(InlineDispatcher(), "runs/undisturbed"))
    for end, status, workers in ends:
        with sweep(long, "--run", "runs/other", "--parallel", workers) as running:
            assert running.stderr is not None
            assert any("runs/other/trial-" in line for line in running.stderr)
            children = psutil.Process(running.pid).children(recursive=True)
            assert children
            end(running)
            error = running.communicate()[1]
        assert running.returncode == status, error
        assert "Traceback" not in error
        if status == 143:
            assert error.splitlines()[-1] == (
                "interrupted and saved; resume with: nntrain sweep sweep.yaml --run runs/other "
                "--parallel 1"
            )
        _, alive = psutil.wait_procs(children, timeout=30)
        assert alive == []

    ranked = ranking(swept(InlineDispatcher(), "runs/other"))
    assert [one[1:] for one in ranked] == [one[1:] for one in undisturbed]
    assert {one.epochs for one in ranked} == {3, 15}
    output = run("sweep", "sweep.yaml", "--run", "runs/other", "--parallel", "1").stdout
    shown = re.findall(r"^runs/other/trial-\d", output, re.MULTILINE)
    assert shown == [str(one.run) for one in ranked]


def test_a_sweep_is_run_by_one_process_only(long: Path) -> None:
    with open_trials(load_sweep(Path("sweep.yaml")), Path("runs/sweep")):
        result = run("sweep", "sweep.yaml")
    assert result.exit_code == 1
    assert "is being trained by another process" in result.stderr


def test_a_missing_library_is_reported_with_the_extra_that_installs_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "optuna" else found(name)
    )
    line = 'this needs optuna, which is not installed; pip install "nntrain[{}]"'
    assert refuse(1, "sweep", "sweep.yaml") == line.format("sweep")
    assert refuse(1, "sweep", "sweep.yaml", "--report") == line.format("sweep,report")


def test_a_sweep_is_not_resumed_with_other_rows(long: Path) -> None:
    definition = load_sweep(Path("sweep.yaml"))
    rows = read_data(definition.config({}), Reporter())
    with open_trials(definition, Path("runs/sweep")) as trials:
        trials.check_same_rows(digest(*rows))
    write_csv("data/train.csv", *stripes(199))
    assert refuse(1, "sweep", "sweep.yaml").splitlines()[-1] == (
        "data/train.csv: not the rows that runs/sweep was started with; restore them, or start a "
        "new sweep with --run"
    )


def test_a_sweep_without_successful_trials_has_no_best(
    sweep_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = Screen()
    terminal = Console(file=screen, force_terminal=True, color_system="256")
    monkeypatch.setattr(sweep_progress, "console", lambda stderr: terminal)
    with open_trials(load_sweep(Path("sweep.yaml")), Path("runs/s")) as trials:
        trials.tell(trials.ask([]), TrialState.FAIL, [], "diverged")
        with SweepProgress(trials):
            drawn = screen.getvalue()
            # A second Ctrl-C ends the process at once, and must not leave the cursor hidden.
            assert drawn.rindex("\x1b[?25h") > drawn.rindex("\x1b[?25l")
    assert "1/6" in drawn
    assert "best" not in drawn
    assert illegible(drawn) == set()


def test_a_narrow_terminal_shows_whole_names_and_wraps_long_reasons() -> None:
    screen = io.StringIO()
    reason = "failed: the loss became nan in epoch 1, batch 2: training has diverged"
    out = Console(file=screen, width=40)
    print_columns("run", ["runs/s/trial-1"], {"outcome": [reason]}, out)
    lines = screen.getvalue().splitlines()
    assert max(map(len, lines)) <= 40
    assert screen.getvalue().split() == ["run", "outcome", "runs/s/trial-1", *reason.split()]


def test_the_example_is_a_sweep_of_an_example(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parents[2])
    definition = load_sweep(Path("configs/sweep.yaml"))
    assert definition.config({}) == load_config("configs/quick.yaml")


def sweep_with_open_files(
    folder: Path, limit: int, timeout: float
) -> subprocess.CompletedProcess[str]:
    """Run the folder's sweep with two workers and a limit of open files."""
    pytest.importorskip("resource")
    limited = f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, ({limit}, {limit})); "
    code = f"{limited}from nntrain.__main__ import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, "sweep", "sweep.yaml", "--parallel", "2"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=timeout,
    )


@pytest.mark.slow
@pytest.mark.parametrize("limit", [14, 40])
def test_too_few_files_are_one_line(long: Path, limit: int) -> None:
    done = sweep_with_open_files(long, limit, timeout=30)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        f"only {limit} files may be open at a time, and 2 workers need 80; raise the limit with "
        "'ulimit -n 80', or take fewer with --parallel"
    )


@pytest.mark.slow
def test_the_required_number_of_open_files_is_enough(long: Path) -> None:
    Path("sweep.yaml").write_text(SWEEP.replace("trials: 4", "trials: 2"))
    done = sweep_with_open_files(long, 80, timeout=60)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("seconds", [1.2, *slow(0.3, 0.9)])
def test_sigterm_ends_a_sweep_that_is_being_started(long: Path, seconds: float) -> None:
    with sweep(long) as starting:
        time.sleep(seconds)  # in different phases of the start
        children = psutil.Process(starting.pid).children(recursive=True)
        starting.terminate()
        assert starting.wait(timeout=15) in (-15, 143)
        assert starting.stderr is not None
        assert "Traceback" not in starting.stderr.read()
    _, alive = psutil.wait_procs(children, timeout=10)
    assert not alive
