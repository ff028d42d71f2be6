"""Parses the rows of a CSV that consist of digits, commas and line ends only.

No cell is looked at on its own: a few NumPy operations treat all bytes of a block at once. As an
example, two rows of a label and two pixels, in which `;` stands for the line end:

    byte            7  ,  0  ,  2  5  5   ;  3  ,  1  8   ,  9  ;
    position        0  1  2  3  4  5  6   7  8  9 10 11  12 13 14
    digit           7  0  0  0  2  5  5   0  3  0  1  8   0  9  0    0 at the separators
    number before   .  7  .  0  .  .  . 255  .  3  .  .  18  .  9    only of use at the separators

The separators are at 1, 3, 7 and 9, 12, 14: a table of one row per line, if every third is a line
end. There stand the cells: 7, 0, 255 and 3, 18, 9. The number before a separator is
100 a + 10 b + c of the three digits before it, where a counts only if b is a digit, too.

Text with any other byte, an empty cell, a number above 255 among the pixels or a line of another
number of cells is left to `nntrain.data.parser`.
"""

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Octets: TypeAlias = NDArray[np.uint8]
Mask: TypeAlias = NDArray[np.bool_]

_BEFORE = 4  # bytes that tell a number: three digits, and one more to see that there are no more


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
    """Parse whole lines; None if they are not rows of digits as above.

    Args:
        text: The lines; only the last may lack its line end.
        width: The number of columns.
        pixels: The columns of pixels, in the order wanted.
        others: The other columns, whose cells may have any number of digits.
    """
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n")
    if not text.endswith(b"\n"):
        text += b"\n"
    octets = np.frombuffer(b"\n" * _BEFORE + text, np.uint8)
    digits = octets - ord("0")  # of a separator: far above 9, since bytes wrap around
    is_digit = digits <= 9
    ends = _cell_ends(octets, is_digit, width)
    if ends is None:
        return None
    values = _numbers_before(digits, is_digit).take(ends)[:, pixels]
    if values.max() > 255:
        return None
    return DigitRows(
        np.ascontiguousarray(values, np.uint8), [_cut(text, ends, column) for column in others]
    )


def _cell_ends(octets: Octets, is_digit: Mask, width: int) -> NDArray[np.intp] | None:
    """Positions of the separators in the text, `(rows, width)`; None if it is no such table."""
    is_separator = ~is_digit[_BEFORE - 1 :]
    if (is_separator[1:] & is_separator[:-1]).any():
        return None  # an empty cell
    separators = np.flatnonzero(is_separator[1:])
    if len(separators) % width:
        return None
    ends = separators.reshape(-1, width)
    expected = np.frombuffer(b"," * (width - 1) + b"\n", np.uint8)
    return ends if (octets[_BEFORE:].take(ends) == expected).all() else None


def _numbers_before(digits: Octets, is_digit: Mask) -> NDArray[np.uint16]:
    """The number before each byte of the text; above 999 if it has more than three digits."""
    digits = digits * is_digit
    hundreds = digits[1:-3] + 10 * (is_digit[:-4] & is_digit[1:-3]).view(np.uint8)
    hundreds *= is_digit[2:-2]
    numbers = 100 * hundreds.astype(np.uint16)
    numbers += 10 * digits[2:-2] + digits[3:-1]
    return numbers


def _cut(text: bytes, ends: NDArray[np.intp], column: int) -> list[bytes]:
    """The cells of a column."""
    stops = ends[:, column].tolist()
    before = ends[:, column - 1].tolist() if column else [-1, *ends[:-1, -1].tolist()]
    return [text[start + 1 : stop] for start, stop in zip(before, stops, strict=True)]
