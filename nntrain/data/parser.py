"""Parses the rows of a CSV.

Blocks of digits, commas and line ends only are parsed by `nntrain.data.digits`. In all others,
quotes, blank lines and the number of cells per line are handled here, so that pandas only has to
convert plain cells to numbers, in blocks of some thousand rows. A block that does not yield whole
numbers in range is parsed again cell by cell, to locate the first invalid one.
"""

import io
import math
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nntrain.data.ahead import map_ahead
from nntrain.data.annotations import Columns, annotate
from nntrain.data.cells import format_cell, parse_number, quoted
from nntrain.data.dataset import RowBlocks
from nntrain.data.digits import parse_digits
from nntrain.data.header import Layout
from nntrain.data.labels import Classes
from nntrain.data.lines import Block, Line, Lines, stray_quote, unquote
from nntrain.errors import DataError

BLOCK_CELLS = 2_500_000  # pandas needs 8 bytes for each, and is slower in smaller blocks
_DIGIT_THREADS = 2
_MOST_BLOCKS = 6  # of digits that are read but not yet parsed
_BLANKS = " \t\v\f"  # what pandas ignores around a number


class _Row(NamedTuple):
    number: int  # among the rows of data, from 1
    line: int  # in the file, from 1
    text: bytes


class _ParsedRows(NamedTuple):
    """Parsed rows."""

    pixels: NDArray[np.uint8]
    texts: list[list[bytes]]  # cells of each column of text
    lines: Sequence[int]  # their numbers in the file


class _Decoder(dict[bytes, str]):
    """Cells as text, without blanks around them; labels repeat, so one copy of each is kept."""

    def __missing__(self, cell: bytes) -> str:
        return self.setdefault(cell, cell.decode(errors="replace").strip(_BLANKS))


@dataclass(frozen=True)
class RowParser:
    """Parser of the rows below the header.

    Attributes:
        source: Path of the file, for messages.
        names: Names of all columns.
        has_header: Whether the names are the file's own.
        layout: What the columns hold.
        pixel_range: Numbers that become the pixels 0 and 255; None if the pixels are whole
            numbers from 0 to 255.
    """

    source: str
    names: list[str]
    has_header: bool
    layout: Layout
    pixel_range: tuple[float, float] | None

    def parse(self, lines: Lines, labels: str, classes: Classes) -> RowBlocks:
        """Parse all rows in blocks; arguments and further errors as in `annotate`.

        Raises:
            DataError: If there is no row, or one has a wrong number of cells or an invalid cell.
        """
        columns: dict[int, list[str]] = {column: [] for column in self._text_columns}
        line_numbers = array("q")
        decoder = _Decoder()
        for rows in self._parse_all(lines):
            yield rows.pixels
            for cells, texts in zip(columns.values(), rows.texts, strict=True):
                cells += map(decoder.__getitem__, texts)
            line_numbers.extend(rows.lines)
        if not line_numbers:
            raise DataError(f"{self.source}: has a header but no rows; give a file with rows")

        def locate(row: int, column: int) -> str:
            return self._locate(line_numbers[row], row + 1, column)

        found = Columns(self.source, self.names, self.has_header, columns, locate)
        return annotate(found, self.layout, labels, classes)

    @cached_property
    def _text_columns(self) -> list[int]:
        return sorted(set(range(len(self.names))) - set(self.layout.pixels))

    @cached_property
    def _pixel_columns(self) -> slice | list[int]:
        pixels = self.layout.pixels
        span = slice(pixels[0], pixels[0] + len(pixels))
        return span if pixels == list(range(span.start, span.stop)) else pixels

    def _parse_all(self, lines: Lines) -> Iterator[_ParsedRows]:
        """Parse blocks in which it is possible from their digits, and all other lines carefully."""
        parsed = 0  # rows
        tried = map_ahead(
            self._parse_digits, lines.blocks(), threads=_DIGIT_THREADS, most=_MOST_BLOCKS
        )
        for careful, group in groupby(tried, lambda pair: pair[1] is None):
            found: Iterator[_ParsedRows]
            if careful:
                left = (line for block, _ in group for line in block.lines())
                found = self._parse_carefully(left, parsed)
            else:
                found = (rows for _, rows in group if rows is not None)
            for rows in found:
                yield rows
                parsed += len(rows.pixels)
        yield from self._parse_carefully(lines, parsed)

    def _parse_digits(self, block: Block) -> _ParsedRows | None:
        if self.pixel_range is not None:
            return None
        rows = parse_digits(block.text, len(self.names), self._pixel_columns, self._text_columns)
        if rows is None:
            return None
        return _ParsedRows(*rows, range(block.number, block.number + len(rows.pixels)))

    def _parse_carefully(self, lines: Iterable[Line], parsed: int) -> Iterator[_ParsedRows]:
        """Parse lines below so many rows."""
        order = np.argsort(np.argsort(self.layout.pixels))
        in_order = bool((order == np.arange(len(order))).all())
        for block in _batches(self._rows(lines, parsed), max(1, BLOCK_CELLS // len(self.names))):
            divided = [_divide(row.text, self._text_columns, len(self.names)) for row in block]
            pixels = self._parse_with_pandas([numbers for _, numbers in divided])
            if pixels is None:
                pixels = self._parse_cell_by_cell(block)
            texts = [list(cells) for cells in zip(*(texts for texts, _ in divided), strict=True)]
            yield _ParsedRows(
                pixels if in_order else pixels.take(order, axis=1),
                texts,
                [row.line for row in block],
            )

    def _rows(self, lines: Iterable[Line], parsed: int) -> Iterator[_Row]:
        """Lines that are not blank; checks their number of cells."""
        width = len(self.names)
        number = parsed
        for line, raw in lines:
            if width > 1 and not raw.strip():
                continue
            number += 1
            text = unquote(raw)
            if b'"' in text:
                raise stray_quote(text, partial(self._locate, line, number))
            cells = text.count(b",") + 1
            if cells != width:
                end = (
                    f"ends before column {quoted(self.names[cells])}"
                    if cells < width
                    else "too long"
                )
                raise DataError(
                    f"{self.source}:{line}: row {number}: {cells} cells instead of {width} as in "
                    f"the first line, {end}; correct the row or remove it"
                )
            yield _Row(number, line, text)

    def _locate(self, line: int, number: int, column: int) -> str:
        name = self.names[min(column, len(self.names) - 1)]  # a row may be too long
        return f"{self.source}:{line}: row {number}, column {quoted(name)}"

    def _parse_with_pandas(self, rows: list[bytes]) -> NDArray[np.uint8] | None:
        """Parse pixels quickly, in the file's order; None if any of the cells is unusual."""
        import pandas as pd  # takes a third of a second, not needed for a cached CSV

        text = b"\n".join(rows)
        if b"\0" in text or b"\r" in text:  # may end a cell, and ends a line
            return None
        try:
            frame = pd.read_csv(
                io.BytesIO(text),
                header=None,
                na_filter=False,  # a blank or NaN is an error, and the check costs time
                skip_blank_lines=False,
                low_memory=False,
            )
        except ValueError:
            return None
        values = frame.to_numpy()
        if values.dtype.kind not in "iuf" or len(values) != len(rows):  # a blank last line
            return None
        values = self._scale(values)
        with np.errstate(invalid="ignore"):
            octets = values.astype(np.uint8, order="C")
        # A number that a byte represents exactly is a whole number from 0 to 255.
        return octets if (octets == values).all() else None

    def _scale(self, values: NDArray[Any]) -> NDArray[Any]:
        """Pixels for the numbers of the file; numbers outside the range stay outside."""
        if self.pixel_range is None:
            return values
        low, high = self.pixel_range
        with np.errstate(invalid="ignore", over="ignore"):
            scaled = (values - low) * (255 / (high - low))
            inside = (scaled >= 0) & (scaled <= 255)
        return np.where(inside, np.rint(scaled), np.nan)

    def _parse_cell_by_cell(self, rows: list[_Row]) -> NDArray[np.uint8]:
        """Parse pixels in plain Python: slower, but locates invalid cells."""
        columns = sorted(self.layout.pixels)
        octets = np.zeros((len(rows), len(columns)), np.uint8)
        for row, pixels in zip(rows, octets, strict=True):
            cells = [cell.strip(_BLANKS) for cell in row.text.decode(errors="replace").split(",")]
            numbers = [parse_number(cells[column]) for column in columns]
            values = self._scale(np.array(numbers))
            fits = (values >= 0) & (values <= 255) & (values == np.rint(values))
            if not fits.all():
                column = columns[int(fits.argmin())]
                raise self._bad_pixel(row, column, cells[column], numbers)
            pixels[:] = values
        return octets

    def _bad_pixel(self, row: _Row, column: int, text: str, numbers: list[float]) -> DataError:
        wanted, hint = "a pixel, a whole number 0–255", ""
        if self.pixel_range is not None:
            low, high = sorted(self.pixel_range)
            wanted = f"a number {low:g}–{high:g}, as data.pixel_range says"
        elif likely := _likely_range(numbers):
            hint = "; if pixels are numbers {0}–{1}, write data.pixel_range: [{0}, {1}]".format(
                *likely
            )
        return DataError(
            f"{self._locate(row.line, row.number, column)}: {format_cell(text)} is not {wanted}; "
            f"correct it or remove the row{hint}"
        )


def _batches(rows: Iterator[_Row], most: int) -> Iterator[list[_Row]]:
    """Rows in lists; if one is invalid, those before it come first, with their own errors."""
    batch: list[_Row] = []
    try:
        for row in rows:
            batch.append(row)
            if len(batch) == most:
                yield batch
                batch = []
    except DataError:
        if batch:
            yield batch
        raise
    if batch:
        yield batch


def _divide(text: bytes, text_columns: list[int], width: int) -> tuple[list[bytes], bytes]:
    """Divide a row into its cells in `text_columns`, and the text of the others."""
    match text_columns:
        case []:
            return [], text
        case [0]:
            cell, _, others = text.partition(b",")
            return [cell], others
        case [last] if last == width - 1:
            others, _, cell = text.rpartition(b",")
            return [cell], others
    cells = text.split(b",")
    texts = [cells[column] for column in text_columns]
    for column in reversed(text_columns):
        del cells[column]
    return texts, b",".join(cells)


def _likely_range(pixels: list[float]) -> tuple[int, int] | None:
    """The usual range of a row of numbers; None if no more than one is outside 0, 1 … 255."""
    unusual = sum(not (0 <= number <= 255 and number.is_integer()) for number in pixels)
    if unusual < 2 or not all(map(math.isfinite, pixels)):
        return None
    least, greatest = min(pixels), max(pixels)
    if least < 0:
        return (-1, 1) if least >= -1 and greatest <= 1 else None
    return next(((0, high) for high in (1, 16, 255, 65_535) if greatest <= high), None)
