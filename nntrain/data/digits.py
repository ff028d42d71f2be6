"""Parses the rows of a CSV that consist of digits, commas and line ends only.

No cell is looked at on its own: a few NumPy operations treat all bytes of a block at once. For
rows of a label and two pixels, in which `;` stands for the line end:

    byte             7 , 0 , 2 5 5 ; 3 , 1 8 , 9 ;
    digit            7 0 0 0 2 5 5 0 3 0 1 8 0 9 0     0 at the separators
    number up to it  7 0 0 0 2 25 255 0 3 0 1 18 0 9 0 digit + 10 · the one before + 100 · …
    cells end at     1 3 7 9 12 14                     one row of this table per line
    cells            7 0 255 | 3 18 9                  the numbers at the bytes before

A number counts the second byte before it only if there is a digit between them. Blocks with any
other byte, with pixels of more than three digits or above 255, or with lines of another number of
cells are left to `nntrain.data.parser`.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Octets = NDArray[np.uint8]


class DigitRows(NamedTuple):
    """The cells of some rows.

    Attributes:
        pixels: Pixels, `(rows, P)`, contiguous.
        texts: The cells of each of the other columns.
    """

    pixels: Octets
    texts: list[list[bytes]]


def parse_digits(
    text: bytes, width: int, pixels: slice | list[int], others: Sequence[int]
) -> DigitRows | None:
    """Parse whole lines of `width` cells; None if they hold anything but digits and pixels.

    Args:
        text: The lines; only the last may lack its line end.
        width: The number of columns.
        pixels: The columns of pixels, in the order wanted.
        others: The other columns, whose cells may be empty or of any length.
    """
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n")
    if not text.endswith(b"\n"):
        text += b"\n"
    octets = np.frombuffer(text, np.uint8)
    ends = _cell_ends(octets, width)
    if ends is None:
        return None
    lengths = np.diff(ends.ravel(), prepend=-1).reshape(ends.shape) - 1
    digits = lengths[:, pixels]
    if digits.min() < 1 or digits.max() > 3:
        return None
    values = _numbers(octets).take(ends[:, pixels] - 1)
    if values.max() > 255:
        return None
    texts = [_cut(text, ends[:, column], lengths[:, column]) for column in others]
    return DigitRows(values.astype(np.uint8), texts)


def _cell_ends(octets: Octets, width: int) -> NDArray[np.intp] | None:
    """Positions of the separators, `(rows, width)`; None if a line has another number of cells."""
    if octets.max() > ord("9"):
        return None
    ends = np.flatnonzero(octets < ord("0"))
    if len(ends) % width:
        return None
    ends = ends.reshape(-1, width)
    separators = octets.take(ends)
    are_lines = (separators[:, -1] == ord("\n")).all() and (separators[:, :-1] == ord(",")).all()
    return ends if are_lines else None


def _numbers(octets: Octets) -> NDArray[np.uint16]:
    """The number that ends at each byte, of at most three digits."""
    is_digit = octets >= ord("0")
    ones = (octets - ord("0")) * is_digit
    numbers = ones.astype(np.uint16)
    numbers[1:] += 10 * ones[:-1]
    numbers[2:] += np.multiply(ones[:-2] * is_digit[1:-1], 100, dtype=np.uint16)
    return numbers


def _cut(text: bytes, ends: NDArray[np.intp], lengths: NDArray[np.intp]) -> list[bytes]:
    """The cells of one column."""
    return [
        text[end - length : end]
        for end, length in zip(ends.tolist(), lengths.tolist(), strict=True)
    ]
