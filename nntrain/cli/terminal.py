"""Tables made for a terminal: in colour where there is one, plain and whole where there is none."""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console, RenderHook
    from rich.table import Table

GAP = 2  # blanks between two columns


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


def console() -> "Console":
    """Standard output; where it is no terminal, lines are as long as they need to be."""
    from rich.console import Console

    # Without colours rich would still print bold, by the escape codes that NO_COLOR is to avoid.
    found = Console(
        color_system=None if os.environ.get("NO_COLOR") else "auto",
        highlight=False,
        markup=False,
        emoji=False,
    )
    if not found.is_terminal:
        found.width = 10_000
        found.push_render_hook(_trimming(found))
    return found


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
