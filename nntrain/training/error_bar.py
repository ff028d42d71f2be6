"""A progress bar that becomes the curve of the error, epoch by epoch."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

if TYPE_CHECKING:
    Bar = tqdm[Any]
else:
    Bar = tqdm  # which is generic for type checkers only

LEVELS = "▁▂▃▄▅▆▇█"
ASCII_LEVELS = "_-~=+*#@"  # no digits, as the curve stands between numbers

MIN_CELLS = 10
# What is left out where the bar would be shorter, in this order.
SHORTER_FORMATS = ("{l_bar}{bar}| {elapsed}<{remaining}", "{l_bar}{bar}|")

# Losses within a tenth of each other are drawn level: their differences are mostly noise.
SMALLEST_RANGE = math.log(1.1)


class ErrorBar(Bar):
    """tqdm's bar, with a sparkline of the finished epochs' errors in place of its blocks.

    Attributes:
        errors: The error of each finished epoch.
        epochs: The number of epochs that the whole bar stands for.
    """

    def __init__(self, *, epochs: int, **settings: Any) -> None:
        self.errors: list[float] = []
        self.epochs = epochs
        super().__init__(**settings)

    @property
    def levels(self) -> str:
        """The characters that the stream can show."""
        return ASCII_LEVELS if self.ascii is True else LEVELS

    def __str__(self) -> str:
        """The line that is drawn."""
        state = self.format_dict
        for bar_format in (state["bar_format"], *SHORTER_FORMATS):
            line = self.format_meter(**{**state, "bar_format": bar_format})
            if line.count("|") < 2:
                return line
            before, blocks, after = line.split("|", 2)
            if len(blocks) >= MIN_CELLS:
                break
        if not self.errors:
            return line
        done = state["n"] / state["total"]
        cells = sparkline(self.errors, self.epochs, len(blocks), done, self.levels)
        return f"{before}|{cells}|{after}"


def sparkline(
    errors: Sequence[float], epochs: int, cells: int, done: float = 0.0, levels: str = LEVELS
) -> str:
    """Draw the errors of the finished epochs, on a logarithmic scale from least to greatest.

    Args:
        errors: The error of each finished epoch; one that is not finite is drawn highest.
        epochs: The number of epochs that all cells stand for.
        cells: The number of characters.
        done: The finished share of the training, with the running epoch, which is dotted.
        levels: Characters from the least to the greatest error.
    """
    running = "." if levels.isascii() else "·"
    heights = _heights(errors)
    drawn = ""
    for cell in range(cells):
        first = cell * epochs // cells
        last = max(first + 1, (cell + 1) * epochs // cells)
        if last <= len(errors):
            mean = sum(heights[first:last]) / (last - first)
            drawn += levels[round(mean * (len(levels) - 1))]
        elif cell < done * cells:
            drawn += running
        else:
            drawn += " "
    return drawn


def _heights(errors: Sequence[float]) -> list[float]:
    """The place of each error between the least, 0, and the greatest, 1."""
    logarithms = [
        math.log(max(error, 1e-12)) if math.isfinite(error) else math.inf for error in errors
    ]
    finite = [value for value in logarithms if value < math.inf]
    high = max(finite, default=0.0)
    extent = max(high - min(finite, default=0.0), SMALLEST_RANGE)
    return [min(1 - (high - value) / extent, 1.0) for value in logarithms]
