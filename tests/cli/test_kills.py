"""kill -9 in a real process, at random moments and at every step of every file's writing."""

import itertools
import json
import random
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from nntrain.training import checkpoint
from tests.support.cli import process, succeed
from tests.support.training import assert_as_if_undisturbed, remains

# For every line, a number and a command, it forks a child that kills itself before that one of the
# steps in which files are made; then it tells how the child ended. It has run the command that it
# was started with, and so imported everything, so that a child costs little. Syncing is a step, but
# left out: a killed process's writes stand whether or not the disk has them.
MORTALS = """
import json, os, signal, sys
from pathlib import Path
from click.testing import CliRunner
from nntrain.cli import main

def deadly(action):
    def wrapped(*arguments, **options):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return action(*arguments, **options)
    return wrapped

left = 0
os.fsync = deadly(lambda descriptor: None)
for name in ("replace", "open", "mkdir"):
    setattr(Path, name, deadly(getattr(Path, name)))
CliRunner().invoke(main, sys.argv[1:])
for line in sys.stdin:
    left, arguments = json.loads(line)
    child = os.fork()
    if child == 0:
        os._exit(CliRunner().invoke(main, arguments).exit_code)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


OVERRIDES = ["--set", "training.epochs=2", "--set", "training.average=0.9"]


@pytest.fixture
def mortals(folder: Path) -> Iterator["subprocess.Popen[str]"]:
    undisturbed = ["fit", "tiny.yaml", *OVERRIDES, "--run", "runs/undisturbed"]
    command = [sys.executable, "-c", MORTALS, *undisturbed]
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


def train(*arguments: str) -> None:
    succeed("fit", "tiny.yaml", *arguments)


def submission(run: Path) -> bytes:
    succeed("predict", str(run), "--out", "submission.csv")
    return Path("submission.csv").read_bytes()


def test_a_kill_before_any_step_of_any_writing_leaves_no_trace(
    folder: Path, mortals: "subprocess.Popen[str]"
) -> None:
    for step in itertools.count(1):
        run = folder / "runs" / str(step)
        arguments = ["fit", "tiny.yaml", *OVERRIDES, "--run", str(run)]
        status = status_of(mortals, step, arguments)
        if status == 0:
            break
        assert status == -9
        for file in run.glob("*.npz"):
            checkpoint.load(file)
        if (run / "config.yaml").exists():
            arguments.append("--resume")
        else:  # killed before there was anything to go on with
            shutil.rmtree(run, ignore_errors=True)
        succeed(*arguments)
        assert_as_if_undisturbed(run, folder / "runs" / "undisturbed")
    # Open, sync, rename, sync: of config.yaml, and in every epoch of metrics.csv and checkpoints.
    assert step > 4 * (1 + 2 * 3)


@pytest.mark.parametrize("kills", [3, pytest.param(200, marks=pytest.mark.slow)])
def test_kills_at_random_moments_leave_no_trace(folder: Path, kills: int) -> None:
    rng = random.Random(kills)
    # So many epochs that there is always something left to be killed.
    overrides = ("--set", f"training.epochs={25 * kills}")
    survived = inside = 0
    resuming: tuple[str, ...] = ()
    run = folder / "runs" / "tiny"
    while survived < kills:
        with process("fit", "tiny.yaml", *overrides, *resuming, cwd=folder) as training:
            assert training.stderr is not None
            for line in training.stderr:
                if line.startswith("on "):  # what follows is training
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
    with process("fit", "tiny.yaml", *overrides, "--resume", cwd=folder) as training:
        _, error = training.communicate()
    assert training.returncode == 0, error
    taken_up = re.search(r"going on after epoch (\d+)", error)
    assert taken_up, "the kills came too late"
    assert int(taken_up[1]) < 25 * kills
    train(*overrides, "--run", "runs/undisturbed")
    assert_as_if_undisturbed(run, folder / "runs" / "undisturbed")
    assert submission(run) == submission(folder / "runs" / "undisturbed")
    print(f"{survived} kills survived, {inside} of them inside the writing of a file")
