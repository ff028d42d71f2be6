"""Run commands in this process or another, and snapshot the folder."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from click.testing import CliRunner, Result

from nntrain.cli import main

PAUSING = """
import sys
from nntrain.cli import main
from nntrain.training import checkpoint, fit, run

module, name, nth, then = sys.argv[1:5]
del sys.argv[1:5]
owner = {"fit": fit, "checkpoint": checkpoint, "RunFolder": run.RunFolder}[module]
action = getattr(owner, name)
calls = 0

def pausing(*arguments, **options):
    global calls
    calls += 1
    if calls == int(nth):
        print("here", flush=True)
        sys.stdin.readline()
        exec(then)
    return action(*arguments, **options)

setattr(owner, name, pausing)
main()
"""


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments), catch_exceptions=False)


def succeed(*arguments: str) -> Result:
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result


def refuse(status: int, *arguments: str) -> str:
    """The single line of the error message."""
    result = run(*arguments)
    assert result.exit_code == status, result.output
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    return result.stderr.splitlines()[-1]


def process(*arguments: str, cwd: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "nntrain", *arguments],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(condition: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def everything(folder: Path = Path()) -> dict[str, bytes | str]:
    """Contents of all files and links below a folder."""
    return {
        str(path): str(path.readlink()) if path.is_symlink() else path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


def line_of_refusal(status: int, *arguments: str) -> str:
    """The only output line of a command that must not modify files."""
    before = everything()
    result = run(*arguments)
    assert result.exit_code == status, result.output
    assert result.stdout == ""
    assert everything() == before
    (line,) = result.stderr.splitlines()
    return line


@contextmanager
def paused(
    folder: Path,
    owner: str,
    name: str,
    *arguments: str,
    nth: int = 2,
    then: str = "",
    inherit: int = 2,
) -> Iterator["subprocess.Popen[str]"]:
    """Start a process that pauses at the nth call of a function until it reads a line."""
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", PAUSING, owner, name, str(nth), then, *arguments],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        pass_fds=[inherit],
    ) as waiting:
        assert waiting.stdout is not None
        assert waiting.stdout.readline() == "here\n"
        yield waiting
        waiting.kill()
