"""Digits drawn with characters: two pixels one above the other in each."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_BLOCKS = " ▄▀█"  # by whether the upper pixel, and then whether the lower one, is ink
_INK = 80  # the least grey value that counts as ink, where there are no colours
_SMALL = 14  # pixels; a digit can still be recognised
_STRIPS = 2
_NUMBERS = 40  # of a picture that cannot be drawn


def picture(pixels: NDArray[np.uint8], console: "Console") -> "Text":
    """A square picture, its side in columns and half of it in lines.

    In colour each character is a half block of two greys; without, pixels are ink or none.

    Args:
        pixels: Grey values 0–255, shape (side²,).
        console: Where it is going to be printed.
    """
    from rich.text import Text

    side = math.isqrt(len(pixels))
    rows = np.zeros((side + side % 2, side), np.uint8)
    rows[:side] = pixels.reshape(side, side)
    drawn = Text(no_wrap=True, overflow="crop")
    for number, (upper, lower) in enumerate(zip(rows[::2], rows[1::2], strict=True)):
        drawn.append("\n" if number else "")
        if console.color_system is None:
            kinds = 2 * (upper >= _INK) + (lower >= _INK)
            drawn.append("".join(_BLOCKS[kind] for kind in kinds))
        else:
            for above, below in zip(upper.tolist(), lower.tolist(), strict=True):
                drawn.append("▀", f"{_grey(above)} on {_grey(below)}")
    return drawn


def render_or_list(pixels: NDArray[np.uint8], console: "Console") -> "Text":
    """A picture if it is square; of any other, the grey values.

    Args:
        pixels: Grey values 0–255, shape (P,).
        console: Where it is going to be printed.
    """
    from rich.text import Text

    if math.isqrt(len(pixels)) ** 2 == len(pixels) > 1:
        return picture(pixels, console)
    values = " ".join(map(str, pixels[:_NUMBERS].tolist()))
    return Text(f"pixels {values}{' …' * (len(pixels) > _NUMBERS)}")


def show_pictures(pictures: NDArray[np.uint8], captions: Sequence[str], console: "Console") -> None:
    """Print square pictures side by side, as many as fit, each below its caption.

    Where they would fill more than two strips, they are made smaller.

    Args:
        pictures: Grey values 0–255, shape (N, side²).
        captions: N of them, shorter than the side.
        console: Where they are printed.
    """
    from rich.columns import Columns
    from rich.console import Group
    from rich.text import Text

    side = math.isqrt(pictures.shape[1])
    if math.ceil(len(pictures) / max(1, (console.width + 1) // (side + 1))) > _STRIPS:
        pictures = _shrunk(pictures, math.ceil(side / _SMALL))
    columns = [
        Group(Text(caption), picture(pixels, console))
        for pixels, caption in zip(pictures, captions, strict=True)
    ]
    console.print(Columns(columns, padding=(0, 1)))


def _shrunk(pictures: NDArray[np.uint8], factor: int) -> NDArray[np.uint8]:
    """The means of squares of `factor` × `factor` pixels; what is left over is filled with 0."""
    count, side = len(pictures), math.isqrt(pictures.shape[1])
    less = math.ceil(side / factor)
    filled = np.zeros((count, less * factor, less * factor))
    filled[:, :side, :side] = pictures.reshape(count, side, side)
    means = filled.reshape(count, less, factor, less, factor).mean(axis=(2, 4))
    return np.asarray(means.reshape(count, less * less), np.uint8)


def _grey(value: int) -> str:
    return f"rgb({value},{value},{value})"
