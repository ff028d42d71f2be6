"""Output of the commands: lines and tables, with colours in a terminal and plain in a pipe.

Text from outside is escaped before it is printed, so that it cannot control the terminal.
"""

import math
import os
import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NoReturn

import click

from nntrain.errors import printable, status_after

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


def echo(text: str = "", *, err: bool = False, end: str = "\n", keep: str = "") -> None:
    """Print a line to standard output or standard error.

    Args:
        text: The line.
        err: Print to standard error.
        end: Printed after the text.
        keep: Unprintable characters not to escape, such as the newlines of several lines.
    """
    print(printable(text, keep=keep), end=end, file=sys.stderr if err else sys.stdout, flush=True)


def echo_about(name: str, text: str, *, err: bool = False) -> None:
    """Print "name: text"; a long name has a line of its own in a terminal, see `named_lines`."""
    from nntrain.columns import named_lines

    for line in named_lines(name, text, sys.stderr if err else sys.stdout):
        echo(line, err=err)


def exit_interrupted(signal: int, command: str) -> NoReturn:
    """End a command that a signal interrupted; `command` resumes what was saved.

    Raises:
        Exit: Always, with the status that shells give to the signal.
    """
    echo(f"interrupted and saved; resume with: {command}", err=True)
    raise click.exceptions.Exit(status_after(signal))


def percent(fraction: float, *, missing: str = "") -> str:
    """Format a fraction as a percentage with two decimals; NaN as `missing`."""
    return missing if math.isnan(fraction) else f"{fraction:.2%}"


def console(*, stderr: bool = False) -> "Console":
    """Create a rich console for standard output or error; in a pipe it never breaks a line."""
    from nntrain.text.console import PrintableConsole, TrailingBlanksHook

    out = PrintableConsole(
        stderr=stderr,
        # Without a colour system rich would still print bold text with NO_COLOR set.
        color_system=None if os.environ.get("NO_COLOR") else "auto",
        highlight=False,
        markup=False,
        emoji=False,
    )
    if not out.is_terminal:
        out.width = 10_000
        out.push_render_hook(TrailingBlanksHook(out))
    return out


def table(*columns: str) -> "Table":
    """Create an empty table for standard output; see `nntrain.text.tables.table`."""
    from nntrain.text import tables

    return tables.table(*columns, terminal=console().is_terminal)


def print_columns(
    name: str, first: Sequence[str], columns: Mapping[str, Sequence[str]], out: "Console"
) -> None:
    """Print a table, split into several tables where it is wider than the console.

    In a terminal, the names in the first column are shortened in the middle where the other columns
    need their room, but not to less than two fifths of a line.

    Args:
        name: Name of the first column, which is repeated in each table.
        first: Cells of the first column, names of runs.
        columns: Cells of the other columns by name, with ">" as in `table`.
        out: The console to print to.
    """
    from rich.cells import cell_len

    from nntrain.columns import shorten_all
    from nntrain.text.tables import COLUMN_GAP

    first = list(map(printable, first))
    shown = {title: list(map(printable, column)) for title, column in columns.items()}
    widths = {
        title: COLUMN_GAP + max(map(cell_len, [title.removeprefix(">"), *cells]))
        for title, cells in shown.items()
    }
    if out.is_terminal:
        first = shorten_all(first, max(out.width - sum(widths.values()), 2 * out.width // 5))
    first_width = max(map(cell_len, [name, *first]))
    blocks: list[dict[str, list[str]]] = []
    used = out.width
    for title, cells in shown.items():
        if used + widths[title] > out.width:
            blocks.append({})
            used = first_width
        blocks[-1][title] = cells
        used += widths[title]
    for number, block in enumerate(blocks):
        if number:
            out.print()
        rows = table(name, *block)
        for row in zip(first, *block.values(), strict=True):
            rows.add_row(*row)
        out.print(rows)


def short_names(keys: Sequence[str], taken: Iterable[str], out: "Console") -> list[str]:
    """Shorten dotted keys to their last parts for a terminal, as far as they stay unique.

    Args:
        keys: Keys of a configuration.
        taken: Names of other columns, from which the short names must differ.
        out: The console; if it is no terminal, the keys are returned unchanged.
    """
    if not out.is_terminal:
        return list(keys)
    suffixes = {}
    for key in keys:
        parts = re.split(r"(?<!\])\.", key)  # network[0].dense is one part
        suffixes[key] = [".".join(parts[-count:]) for count in range(1, len(parts) + 1)]
    counts = Counter(name.removeprefix(">") for name in taken)
    for candidates in suffixes.values():
        counts.update(candidates)
    return [
        next((name for name in candidates if counts[name] == 1), key)
        for key, candidates in suffixes.items()
    ]
