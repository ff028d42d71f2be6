"""Pseudo-terminals: what a command shows in one."""

import io
import os
import re
import threading
import unicodedata
from collections.abc import Callable

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


def visible_lines(text: str) -> list[str]:
    """Return the lines without escape codes."""
    return re.sub(r"\x1b\[[\d;]*m", "", text).splitlines()
