"""Learning curves drawn with letters."""

import math
from collections.abc import Mapping, Sequence
from string import ascii_lowercase
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nntrain.text.colours import series_style

if TYPE_CHECKING:
    from rich.console import Console

MAX_CURVES = len(ascii_lowercase)
ROWS, MAX_COLUMNS, MARGIN = 12, 72, 9


def show_error_curves(accuracies: Mapping[str, Sequence[float]], console: "Console") -> None:
    """Print the error by epoch of several trainings, each as a letter, on a logarithmic axis.

    Args:
        accuracies: The accuracy after each epoch, by the name of the training; the first ones are
            drawn over the others.
        console: The console to print to.
    """
    from rich.text import Text

    shown = {name: values for name, values in accuracies.items() if len(values)}
    curves = dict(list(shown.items())[:MAX_CURVES])
    if not curves:
        return
    errors = [np.maximum(1 - np.asarray(values), 1e-4) for values in curves.values()]
    epochs = max(map(len, errors))
    width = max(10, min(MAX_COLUMNS, console.width - MARGIN - 1))
    low, high = min(error.min() for error in errors), max(error.max() for error in errors)
    cells = np.full((ROWS, width), -1)
    for number in reversed(range(len(errors))):
        _draw(errors[number], number, epochs, (low, high), cells)
    console.print("validation error by epoch, logarithmic")
    for line, error in zip(cells.tolist(), np.geomspace(high, low, ROWS), strict=True):
        text = Text(f"{error:>7.2%} ┤")
        for number in line:
            letter = " " if number < 0 else ascii_lowercase[number]
            text.append(letter, series_style(number, console) if number >= 0 else "")
        text.rstrip()
        console.print(text)
    console.print(f"{'└':>9}{'─' * width}")
    console.print(f"{'':9}1{epochs:>{width - 1}}" if epochs > 1 else f"{'':9}1")
    for letter, name in zip(ascii_lowercase, curves, strict=False):
        console.print(f"{letter} {name}", soft_wrap=True)
    if len(shown) > len(curves):
        console.print(f"… and {len(shown) - len(curves)} more")


def _draw(
    error: NDArray[np.float64],
    number: int,
    epochs: int,
    bounds: tuple[float, float],
    cells: NDArray[np.int_],
) -> None:
    """Write a curve's number into the cells that it passes."""
    rows, columns = cells.shape
    low, high = (math.log(bound) for bound in bounds)
    at = np.arange(len(error)) * (columns - 1) / max(1, epochs - 1)
    last = round(float(at[-1]))
    across = np.arange(last + 1)
    heights = np.interp(across, at, np.log(error))
    down = np.rint((high - heights) / max(high - low, 1e-9) * (rows - 1)).astype(int)
    cells[down, across] = number
