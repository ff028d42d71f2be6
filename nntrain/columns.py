"""Names and sentences that fit the columns of a terminal, and whether it can be drawn on."""

import os
import shutil
from collections.abc import Sequence
from typing import IO

from rich.cells import cell_len, set_cell_size

from nntrain.errors import printable

ELLIPSIS = "…"
INDENT = "  "


def can_redraw(stream: IO[str]) -> bool:
    """Whether lines on a stream can be drawn again, as progress bars are.

    That is so in a terminal. A command after `!` in a notebook has one, too, but its output is kept
    as it was written, by a kernel that has JPY_PARENT_PID in its environment.
    """
    return (
        stream.isatty() and "JPY_PARENT_PID" not in os.environ and os.environ.get("TERM") != "dumb"
    )


def shorten(name: str, cells: int) -> str:
    """Replace the middle of a name by an ellipsis where it is wider than so many cells, ≥ 3.

    Runs and files are told apart by the beginnings and the ends of their names.
    """
    if cell_len(name) <= cells:
        return name
    end = set_cell_size(name[::-1], (cells - 1) // 2).rstrip()[::-1]
    begin = set_cell_size(name, cells - 1 - cell_len(end))
    return f"{begin}{ELLIPSIS}{end}"


def shorten_all(names: Sequence[str], cells: int) -> list[str]:
    """Shorten names to so many cells, or to as many more as keep different names different."""
    different = len(set(names))
    widest = max(map(cell_len, names), default=0)
    for allowed in range(cells, widest):
        short = [shorten(name, allowed) for name in names]
        if len(set(short)) == different:
            return short
    return list(names)


def named_lines(name: str, text: str, stream: IO[str]) -> list[str]:
    """Write "name: text"; in a terminal where that is too long, the name on a line of its own.

    The text below it is broken after commas only, so that a command in it stays whole. Unprintable
    characters are escaped.

    Args:
        name: The name of a file or a run, which is shortened if it is wider than the terminal.
        text: What is said of it.
        stream: Where it is printed; nothing is broken or shortened for a pipe or a file.
    """
    name, text = printable(name), printable(text)
    line = f"{name}: {text}"
    columns = shutil.get_terminal_size().columns
    if not stream.isatty() or cell_len(line) <= columns:
        return [line]
    lines = [f"{shorten(name, max(3, columns - 1))}:"]
    below = INDENT
    for part in text.split(", "):
        longer = f"{below}, {part}" if below.strip() else f"{below}{part}"
        if below.strip() and cell_len(longer) >= columns:
            lines.append(f"{below},")
            longer = f"{INDENT}{part}"
        below = longer
    return [*lines, below]
