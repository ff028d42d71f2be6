"""Pseudo-terminals: what a command shows in one."""

import io
import os
import re
import struct
import subprocess
import sys
import threading
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

Terminal = Callable[..., str]


class Screen(io.StringIO):
    """A stream that calls itself a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def width(text: str) -> int:
    """Columns of a text by annex 11 of Unicode, independently of what the program measures with."""
    return sum(
        2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in text
        if not unicodedata.combining(letter)
    )


def open_terminal(columns: int | None = None) -> tuple[int, int]:
    """Open a pseudo-terminal of 24 lines: its reader and its writer; None: it tells no size."""
    pty = pytest.importorskip("pty", reason="Windows has no pseudo-terminals")
    reader, writer = pty.openpty()
    if columns is not None:
        fcntl, termios = map(pytest.importorskip, ("fcntl", "termios"))
        fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    return reader, writer


def collect_output(reader: int) -> tuple[threading.Thread, list[bytes]]:
    """Read from a pseudo-terminal in a thread, so that its writer never blocks."""
    chunks: list[bytes] = []

    def collect() -> None:
        try:
            while data := os.read(reader, 65_536):
                chunks.append(data)
        except OSError:  # on Linux, how a terminal ends
            pass

    thread = threading.Thread(target=collect)
    thread.start()
    return thread, chunks


def shown_by(
    command: Sequence[str], environment: Mapping[str, str], cwd: Path, columns: int | None = None
) -> bytes:
    """What a real process of nntrain writes into a pseudo-terminal.

    Args:
        command: The arguments of nntrain.
        environment: The environment of the process.
        cwd: Its working directory.
        columns: The columns of the terminal; None: it says nothing of them.
    """
    reader, writer = open_terminal(columns)
    thread, chunks = collect_output(reader)
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "nntrain", *command],
        env=dict(environment),
        cwd=cwd,
        stdin=writer,
        stdout=writer,
        stderr=writer,
    ) as process:
        os.close(writer)
        assert process.wait() == 0
    thread.join()
    os.close(reader)
    return b"".join(chunks)


def visible_lines(text: str) -> list[str]:
    """Return the lines without escape codes."""
    return re.sub(r"\x1b\[[\d;]*m", "", text).splitlines()
