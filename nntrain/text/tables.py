"""Tables of rich that look alike everywhere."""

from rich import box
from rich.table import Table

COLUMN_GAP = 2  # blanks between two columns


def table(*columns: str, terminal: bool, gap: int = COLUMN_GAP) -> Table:
    """Create an empty table; a column whose name starts with ">" is aligned to the right.

    Cells that do not fit are folded, so that no digit is lost.

    Args:
        columns: Their names.
        terminal: Whether there is a line below the header; without, a pipe gets one line per row.
        gap: Blanks between two columns.
    """
    # The box adds a blank of its own between columns.
    style, padding = (box.SIMPLE_HEAD, gap - 1) if terminal else (None, gap)
    rows = Table(box=style, show_edge=False, pad_edge=False, padding=(0, padding, 0, 0))
    for name in columns:
        rows.add_column(
            name.removeprefix(">"),
            justify="right" if name.startswith(">") else "left",
            overflow="fold",
        )
    return rows
