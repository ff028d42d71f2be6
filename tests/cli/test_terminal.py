"""Tables in a terminal and in a pipe."""

import os
import struct
import subprocess
import sys

import pytest
from rich.cells import cell_len

from tests.support.cli import succeed
from tests.support.terminal import Terminal, collect_output, visible_lines

fcntl = pytest.importorskip("fcntl", reason="Windows has no pseudo-terminals")
pty = pytest.importorskip("pty")
termios = pytest.importorskip("termios")

ESCAPE = "\x1b"


def test_tables_are_coloured_only_in_a_terminal(trained_runs: None, terminal: Terminal) -> None:
    commands = [
        ("evaluate", "--data", "data/test_labelled.csv"),
        ("runs",),
        ("data", "check", "data/train.csv", "data/test.csv"),
    ]
    for command in commands:
        assert ESCAPE in terminal(*command)
        assert ESCAPE not in terminal(*command, NO_COLOR="1")
        assert ESCAPE not in terminal(*command, TERM="dumb")
        piped = succeed(*command).stdout
        assert ESCAPE not in piped
        assert all(line == line.rstrip() for line in piped.splitlines())


def test_a_terminals_own_width_is_used(trained_runs: None) -> None:
    reader, writer = pty.openpty()
    fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
    thread, chunks = collect_output(reader)
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "nntrain", "runs"],
        env=environment | {"TERM": "xterm"},
        stdin=writer,
        stdout=writer,
        stderr=writer,
    ) as process:
        os.close(writer)
        assert process.wait() == 0
    thread.join()
    os.close(reader)
    lines = visible_lines(b"".join(chunks).decode())
    assert 40 < max(map(cell_len, lines)) <= 60
