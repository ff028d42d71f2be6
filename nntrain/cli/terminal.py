"""Tables made for a terminal: in colour where there is one, plain and whole where there is none."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


def table(*columns: str) -> "Table":
    """An empty table; a column whose name begins with ">" holds numbers and is set to the right.

    What does not fit a narrow terminal goes on in the next line: no digit is ever left out.
    """
    from rich import box
    from rich.table import Table

    made = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
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

    found = Console(highlight=False, markup=False, emoji=False)
    if not found.is_terminal:
        found.width = 10_000
    return found
