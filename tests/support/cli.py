"""Run commands, in this process or in another, and compare the files they write."""

import json
import os
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
    """Run a command that fails, and return its error line."""
    result = run(*arguments)
    assert result.exit_code == status, result.output
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    return result.stderr.splitlines()[-1]


# Runs commands, each a list of arguments, and ends at the first that fails.
ONE_BY_ONE = """
import json, sys
from nntrain.__main__ import main

for arguments in json.loads(sys.argv[1]):
    sys.argv[1:] = arguments
    try:
        main()
    except SystemExit as end:
        if end.code:
            sys.exit(f"{arguments}: {end.code}")
    sys.stdout.flush()
    sys.stdout.buffer.write(b"\x1e")
    sys.stdout.buffer.flush()
"""


def succeed_in_one_process(
    *commands: str, before: str = "", **environment: str
) -> tuple[list[str], str]:
    """Run commands in another process, one after the other, which need not be started for each.

    Args:
        commands: The commands, whose arguments hold no blanks.
        before: A program that runs first.
        environment: Environment variables to set.

    Returns:
        What each command prints to standard output, and what all print to standard error.
    """
    arguments = json.dumps([command.split() for command in commands])
    done = subprocess.run(
        [sys.executable, "-c", f"{before}\n{ONE_BY_ONE}", arguments],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding=environment.get("PYTHONIOENCODING", "utf-8"),
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    *printed, rest = done.stdout.split("\x1e")
    assert rest == ""
    return printed, done.stderr


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
    """Return all files and links below a folder with their contents."""
    return {
        str(path): str(path.readlink()) if path.is_symlink() else path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


def line_of_refusal(status: int, *arguments: str) -> str:
    """Run a command that fails without changing any file, and return its error line."""
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
    """Run a command in a process that waits for a line of input before the nth call of a function.

    Args:
        folder: Working directory.
        owner: "fit", "checkpoint" or "RunFolder", where the function is defined.
        name: Name of the function.
        arguments: The command.
        nth: The call that waits.
        then: Code that runs before the call goes ahead.
        inherit: A file descriptor that the process inherits.
    """
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", PAUSING, owner, name, str(nth), then, *arguments],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        pass_fds=[inherit],
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "here\n"
        yield child
        child.kill()
