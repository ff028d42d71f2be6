"""kill -9 of a real process, at random times and before every step of writing a file."""

import itertools
import json
import random
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nntrain.training import checkpoint
from nntrain.training.run import RunFolder
from tests.support.cli import process, succeed
from tests.support.logs import assert_logged
from tests.support.training import CONVOLUTIONAL, assert_as_if_undisturbed, remains

# For each line of input, a number n and a command, the server forks a child that kills itself
# before its nth step of writing files, and prints the exit status of the child. It first runs a
# command itself, so that everything is imported and children start fast. fsync counts as a step
# but does nothing: the writes of a killed process persist anyway.
FORK_SERVER = """
import json, os, signal, sys
from pathlib import Path
from click.testing import CliRunner
from nntrain.cli import main

def killing(action):
    def wrapped(*arguments, **options):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return action(*arguments, **options)
    return wrapped

left = 0
os.fsync = killing(lambda descriptor: None)
for name in ("replace", "open", "mkdir"):
    setattr(Path, name, killing(getattr(Path, name)))
CliRunner().invoke(main, sys.argv[1:])
for line in sys.stdin:
    left, arguments = json.loads(line)
    child = os.fork()
    if child == 0:
        os._exit(CliRunner().invoke(main, arguments).exit_code)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


OVERRIDES = ["--set", "training.epochs=2", "--set", "training.average=0.9", "--log", "jsonl"]


@pytest.fixture(
    params=[
        pytest.param((), id="drawn"),
        pytest.param(("--init", "runs/old"), id="init", marks=pytest.mark.slow),
    ]
)
def init(folder: Path, request: pytest.FixtureRequest) -> list[str]:
    """Options for initial weights that are drawn, and for those of an old run."""
    options = list(request.param)
    if options:
        succeed("fit", "tiny.yaml", "--set", "training.average=0.8", "--run", "runs/old")
    return options


@pytest.fixture
def fork_server(folder: Path, init: list[str]) -> Iterator["subprocess.Popen[str]"]:
    uninterrupted = ["fit", "tiny.yaml", *OVERRIDES, "--run", "runs/uninterrupted", *init]
    command = [sys.executable, "-c", FORK_SERVER, *uninterrupted]
    with subprocess.Popen(
        command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        yield server
        server.stdin.close()  # type: ignore[union-attr]


def status_of(server: "subprocess.Popen[str]", step: int, arguments: list[str]) -> int:
    assert server.stdin is not None
    assert server.stdout is not None
    print(json.dumps([step, arguments]), file=server.stdin, flush=True)
    return int(server.stdout.readline())


@contextmanager
def without(run: Path) -> Iterator[None]:
    """Move a run away for a while, if it exists."""
    away = run.with_name("away")
    if run.exists():
        run.rename(away)
    yield
    if away.exists():
        away.rename(run)


def train(*arguments: str) -> None:
    succeed("fit", "tiny.yaml", *arguments)


def submission(run: Path) -> bytes:
    succeed("predict", str(run), "--out", "submission.csv")
    return Path("submission.csv").read_bytes()


def test_a_kill_before_any_step_of_writing_loses_nothing(
    folder: Path, init: list[str], fork_server: "subprocess.Popen[str]"
) -> None:
    for step in itertools.count(1):
        run = folder / "runs" / str(step)
        arguments = ["fit", "tiny.yaml", *OVERRIDES, "--run", str(run)]
        status = status_of(fork_server, step, [*arguments, *init])
        if status == 0:
            break
        assert status == -9
        for file in run.glob("*.npz"):
            checkpoint.load(file)
        if (run / "config.yaml").exists():
            with without(Path("runs/old")):
                succeed(*arguments, "--resume")
        else:  # killed before there was anything to resume
            shutil.rmtree(run, ignore_errors=True)
            succeed(*arguments, *init)
        assert_as_if_undisturbed(run, folder / "runs" / "uninterrupted")
        assert_logged(run)
    # Open, sync, rename, sync: of config.yaml, and in every epoch of metrics.csv and checkpoints.
    assert step > 4 * (1 + 2 * 3)


@pytest.mark.parametrize(
    "network",
    [
        pytest.param((), id="dense"),
        pytest.param(("--set", CONVOLUTIONAL), id="pictures", marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("kills", [2, pytest.param(200, marks=pytest.mark.slow)])
def test_kills_at_random_times_lose_nothing(
    folder: Path, kills: int, network: tuple[str, ...]
) -> None:
    rng = random.Random(kills)
    overrides = (*network, "--log", "jsonl")
    survived = inside = 0
    resuming: tuple[str, ...] = ()
    run = Path("runs/tiny")

    def longer() -> tuple[str, ...]:
        """Enough epochs that training does not finish before the next kill."""
        done = len(RunFolder(run).history())
        return (*overrides, "--set", f"training.epochs={done + 100}")

    # On a busy machine, the first kills may come before the first checkpoint.
    while survived < kills or not (run / "last.npz").exists():
        planned = longer()
        with process("fit", "tiny.yaml", *planned, *resuming, cwd=folder) as training:
            assert training.stderr is not None
            for line in training.stderr:
                if line.startswith("on "):  # the last line before training
                    break
            time.sleep(rng.uniform(0, 0.2))
            training.kill()
            rest = training.stderr.read()
        assert training.returncode == -9, rest
        survived += 1
        inside += remains(run) != []
        for file in run.glob("*.npz"):
            checkpoint.load(file)
        resuming = ("--resume",)
    told = succeed("fit", "tiny.yaml", *planned, "--resume").stderr
    resumed = re.search(r"going on after epoch (\d+)", told)
    assert resumed, "the kills came too late"
    train(*planned, "--run", "runs/uninterrupted")
    assert_as_if_undisturbed(run, folder / "runs" / "uninterrupted")
    assert_logged(run)
    assert submission(run) == submission(folder / "runs" / "uninterrupted")
    print(f"{survived} kills survived, {inside} of them inside the writing of a file")
