"""Pseudo-terminals: what a command shows in one."""

import os
import re
import threading
from collections.abc import Callable

Terminal = Callable[..., str]


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
