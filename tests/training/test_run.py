"""A run is locked where the file system has no locks, too."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytest.importorskip("fcntl", reason="locks are of another kind on Windows")

HOLDING = """
import errno, fcntl, os, pathlib, sys

def flock(*arguments):
    raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

fcntl.flock = flock

from nntrain.errors import RunError
from nntrain.training.run import RunFolder

try:
    with RunFolder(pathlib.Path(sys.argv[1])).lock():
        print("held", flush=True)
        sys.stdin.readline()
except RunError as error:
    print(error, flush=True)
"""


@contextmanager
def holding(folder: Path) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """A process that holds a run's folder until it reads a line, and what it said to that."""
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", HOLDING, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        yield process, process.stdout.readline()
        process.kill()


def test_without_locks_two_processes_do_not_train_one_run_and_a_dead_one_is_no_obstacle(
    tmp_path: Path,
) -> None:
    with holding(tmp_path) as (first, told):
        assert told == "held\n"
        with holding(tmp_path) as (_, told):
            assert "is being trained by another process" in told
        first.kill()
    with holding(tmp_path) as (third, told):
        assert told == "held\n"
        _, config_error = third.communicate("\n")
        assert (third.returncode, config_error) == (0, "")
