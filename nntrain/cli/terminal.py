"""What commands print: lines, and tables in colour where there is a terminal, else plain and whole.

Whatever comes from outside is made printable here, on its way to either stream.
"""

import os
import re
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

from nntrain.errors import printable

if TYPE_CHECKING:
    from rich.console import Console, RenderHook
    from rich.table import Table

GAP = 2  # blanks between two columns


def echo(text: str = "", *, err: bool = False, end: str = "\n", keep: str = "") -> None:
    """Print a line, which cannot command the terminal, to standard output or error.

    Args:
        text: The line.
        err: To standard error.
        end: What is printed behind it.
        keep: As `printable` has it; line ends, where the text is one of several lines.
    """
    print(printable(text, keep=keep), end=end, file=sys.stderr if err else sys.stdout, flush=True)


def table(*columns: str) -> "Table":
    """An empty table; a column whose name begins with ">" holds numbers and is set to the right.

    For a terminal the names are underlined; elsewhere each line is a row, for programs to read.
    What does not fit a narrow terminal goes on in the next line: no digit is ever left out.
    """
    from rich import box
    from rich.table import Table

    # The box has a blank of its own between columns.
    style, padding = (box.SIMPLE_HEAD, GAP - 1) if console().is_terminal else (None, GAP)
    made = Table(box=style, show_edge=False, pad_edge=False, padding=(0, padding, 0, 0))
    for name in columns:
        made.add_column(
            name.removeprefix(">"),
            justify="right" if name.startswith(">") else "left",
            overflow="fold",
        )
    return made


def console(*, stderr: bool = False) -> "Console":
    """Standard output, or error; where it is no terminal, lines are as long as they need to be."""
    from rich.console import Console
    from rich.segment import Segment
    from rich.text import Text

    class PrintableConsole(Console):
        def render_str(self, text: str, **options: Any) -> Text:
            # Here the width is measured, so that columns stay straight.
            return super().render_str(printable(text, keep="\n"), **options)

        def render(self, *given: Any) -> Iterator[Segment]:
            for segment in super().render(*given):
                if segment.control:  # the console's own
                    yield segment
                else:
                    yield Segment(printable(segment.text, keep="\n"), segment.style)

    # Without colours rich would still print bold, by the escape codes that NO_COLOR is to avoid.
    found = PrintableConsole(
        stderr=stderr,
        color_system=None if os.environ.get("NO_COLOR") else "auto",
        highlight=False,
        markup=False,
        emoji=False,
    )
    if not found.is_terminal:
        found.width = 10_000
        found.push_render_hook(_trimming(found))
    return found


def print_columns(
    name: str, first: Sequence[str], columns: Mapping[str, Sequence[str]], out: "Console"
) -> None:
    """Print a table; where it is too wide, in blocks one below the other.

    Args:
        name: Of the first column, which each block has.
        first: Its cells.
        columns: The others' cells by their names, as `table` has them.
        out: Where.
    """
    for number, block in enumerate(_blocks([name, *first], columns, out.width)):
        if number:
            out.print()
        rows = table(name, *block)
        for column in rows.columns[1:-1]:
            column.no_wrap = True
        # A name cut short would name no folder; one that is short gives no room to what is long.
        rows.columns[0].no_wrap = _width([name, *first]) <= out.width // 2
        for cells in zip(first, *(columns[title] for title in block), strict=True):
            rows.add_row(*(printable(cell) for cell in cells))
        out.print(rows)


def short_names(keys: Sequence[str], taken: Iterable[str], out: "Console") -> list[str]:
    """For a terminal the last parts of dotted keys, elsewhere all of each.

    Args:
        keys: Of a configuration.
        taken: Names of other columns, from which they must be told, too.
        out: Where they are to be shown.
    """
    if not out.is_terminal:
        return list(keys)
    endings = []
    for key in keys:
        parts = re.split(r"(?<!\])\.", key)  # network[0].dense stays together
        endings.append([".".join(parts[-count:]) for count in range(1, len(parts) + 1)])
    counts = Counter(chain((name.strip(">") for name in taken), *endings))
    return [next((name for name in own if counts[name] == 1), own[-1]) for own in endings]


def _blocks(
    first: Sequence[str], columns: Mapping[str, Sequence[str]], width: int
) -> Iterator[list[str]]:
    """The names of the columns, as many together as fit beside the first one, at least one."""
    start = used = _width(first)
    block: list[str] = []
    for name, cells in columns.items():
        needed = GAP + _width([name.removeprefix(">"), *cells])
        if block and used + needed > width:
            yield block
            block, used = [], start
        block.append(name)
        used += needed
    yield block


def _width(cells: Collection[str]) -> int:
    from rich.cells import cell_len

    return max(map(cell_len, cells))


def _trimming(found: "Console") -> "RenderHook":
    """Takes the blanks away that rich ends a table's lines with."""
    from rich.console import ConsoleRenderable, RenderHook
    from rich.text import Text

    class Trimming(RenderHook):
        def process_renderables(
            self, renderables: list[ConsoleRenderable]
        ) -> list[ConsoleRenderable]:
            lines = (line for each in renderables for line in found.render_lines(each, pad=False))
            return [Text("".join(segment.text for segment in line).rstrip()) for line in lines]

    return Trimming()
