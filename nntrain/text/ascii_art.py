"""Images drawn with characters, each of which shows two pixels, one above the other."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rich.columns import Columns
from rich.console import Console, Group
from rich.text import Text

from nntrain.text.colours import has_fixed_colours

BLOCKS = " ▄▀█"  # index: 2 · (upper pixel is ink) + (lower pixel is ink)
INK_THRESHOLD = 80  # grey value; used without greys
MIN_SIDE = 14  # pixels of an image that is shrunk, so that a digit is still legible
MAX_STRIPS = 2
MAX_NUMBERS = 40  # printed of an image that is not square


def picture(pixels: NDArray[np.uint8], console: Console) -> Text:
    """Draw a square image: side/2 lines of as many characters as the side.

    With 256 colours, each character is a half block in two greys; else a pixel is ink or blank.

    Args:
        pixels: Grey values 0–255, shape (side²,).
        console: The console it will be printed to.
    """
    side = math.isqrt(len(pixels))
    rows = np.zeros((side + side % 2, side), np.uint8)
    rows[:side] = pixels.reshape(side, side)
    text = Text(no_wrap=True, overflow="crop")
    for number, (upper, lower) in enumerate(zip(rows[::2], rows[1::2], strict=True)):
        text.append("\n" if number else "")
        if not has_fixed_colours(console):
            indices = 2 * (upper >= INK_THRESHOLD) + (lower >= INK_THRESHOLD)
            text.append("".join(BLOCKS[index] for index in indices))
        else:
            for above, below in zip(upper.tolist(), lower.tolist(), strict=True):
                text.append("▀", f"rgb({above},{above},{above}) on rgb({below},{below},{below})")
    return text


def render_or_list(pixels: NDArray[np.uint8], console: Console) -> Text:
    """Draw a square image, and list the grey values of any other.

    Args:
        pixels: Grey values 0–255, shape (P,).
        console: The console it will be printed to.
    """
    if math.isqrt(len(pixels)) ** 2 == len(pixels) > 1:
        return picture(pixels, console)
    values = " ".join(map(str, pixels[:MAX_NUMBERS].tolist()))
    return Text(f"pixels {values}{' …' * (len(pixels) > MAX_NUMBERS)}")


def side_by_side(pictures: NDArray[np.uint8], captions: Sequence[str], console: Console) -> Columns:
    """Draw square images side by side below their captions, shrunk if they need many strips.

    Args:
        pictures: Grey values 0–255, shape (N, side²).
        captions: N captions, shorter than the side.
        console: The console they will be printed to.
    """
    side = math.isqrt(pictures.shape[1])
    per_strip = max(1, (console.width + 1) // (side + 1))
    if len(pictures) > MAX_STRIPS * per_strip:
        pictures = _shrink(pictures, math.ceil(side / MIN_SIDE))
    columns = [
        Group(Text(caption), picture(pixels, console))
        for pixels, caption in zip(pictures, captions, strict=True)
    ]
    return Columns(columns, padding=(0, 1))


def _shrink(pictures: NDArray[np.uint8], factor: int) -> NDArray[np.uint8]:
    """Average squares of `factor` × `factor` pixels; the margin is padded with 0."""
    count, side = len(pictures), math.isqrt(pictures.shape[1])
    padding = -side % factor
    images = np.pad(pictures.reshape(count, side, side), ((0, 0), (0, padding), (0, padding)))
    new_side = (side + padding) // factor
    means = images.reshape(count, new_side, factor, new_side, factor).mean(axis=(2, 4))
    return np.asarray(means.reshape(count, -1), np.uint8)
