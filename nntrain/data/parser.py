"""Parses the rows of a CSV.

Quotes, blank lines and the number of cells per line are handled here, so that pandas only has to
convert plain cells to numbers, in blocks of some thousand rows. A block that does not yield whole
numbers in range is parsed again cell by cell, to locate the first invalid one.
"""

import io
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nntrain.data.cells import format_cell, is_id, parse_uint, quoted
from nntrain.data.dataset import Annotations, RowBlocks
from nntrain.data.header import Layout
from nntrain.data.lines import Line, stray_quote, unquote
from nntrain.errors import DataError

BLOCK_CELLS = 2_500_000  # pandas needs 8 bytes for each, and is slower in smaller blocks
_BLANKS = " \t\v\f"  # what pandas ignores around a number


class _Row(NamedTuple):
    number: int  # among the rows of data, from 1
    line: int  # in the file, from 1
    text: bytes


class _Block(NamedTuple):
    values: NDArray[np.uint8]  # (rows, columns); zeros where the ids are
    ids: list[str]  # (rows,), or empty without an id column


@dataclass(frozen=True)
class RowParser:
    """Parser of the rows below the header; labels are 0 … `classes` − 1."""

    source: str
    names: list[str]
    layout: Layout
    classes: int

    @property
    def limits(self) -> NDArray[np.uint8]:
        """Greatest number allowed in each column."""
        limits = np.full(len(self.names), 255, np.uint8)
        if self.layout.label is not None:
            limits[self.layout.label] = self.classes - 1
        return limits

    def parse(self, lines: Iterable[Line]) -> RowBlocks:
        """Parse all rows in blocks; the annotations decide on an undecided first column.

        Raises:
            DataError: If there is no row, or one has a wrong number of cells or an invalid cell.
        """
        label_blocks: list[NDArray[np.uint8]] = []
        ids: list[str] = []
        count = 0
        rows = self._rows(lines)
        while block := list(islice(rows, max(1, BLOCK_CELLS // len(self.names)))):
            values, block_ids = self._parse_with_pandas(block) or self._parse_cell_by_cell(block)
            yield values.take(self.layout.pixels, axis=1)
            count += len(values)
            if self.layout.label is not None:
                label_blocks.append(values[:, self.layout.label].copy())
            ids += block_ids
        if not count:
            raise DataError(f"{self.source}: has a header but no rows; give a file with rows")
        labels = np.concatenate(label_blocks) if label_blocks else None
        label, identifier = self.layout.label, self.layout.id
        if self.layout.undecided and (labels := self._as_labels(ids)) is not None:
            label, identifier = identifier, None
        if labels is None:
            self._check_ids(ids)
        return Annotations(
            labels=labels,
            ids=None if identifier is None else np.array(ids, np.str_),
            label_column=None if label is None else self.names[label],
            id_column=None if identifier is None else self.names[identifier],
        )

    def _as_labels(self, cells: list[str]) -> NDArray[np.uint8] | None:
        """The cells as labels; None if one of them is no class."""
        labels = [parse_uint(cell, self.classes - 1) for cell in cells]
        return None if None in labels else np.array(labels, np.uint8)

    def _check_ids(self, ids: list[str]) -> None:
        text, times = Counter(ids).most_common(1)[0] if ids else ("", 0)
        if times < 2:
            return
        name = self.names[self.layout.id or 0]
        if self.layout.undecided:
            row, cell = next(
                (row, cell)
                for row, cell in enumerate(ids, 1)
                if parse_uint(cell, self.classes - 1) is None
            )
            raise DataError(
                f"{self.source}: row {row}, column {quoted(name)}: {format_cell(cell)} is not a "
                f"digit 0–{self.classes - 1}, and with {times} times {format_cell(text)} the "
                "column holds no ids either; correct it or say what the column is"
            )
        first = ids.index(text)
        second = ids.index(text, first + 1)
        raise DataError(
            f"{self.source}: row {second + 1}, column {quoted(name)}: id {format_cell(text)} is "
            f"also that of row {first + 1}; each row of a test file needs its own"
        )

    def _rows(self, lines: Iterable[Line]) -> Iterator[_Row]:
        """Lines that are not blank; checks their number of cells."""
        width = len(self.names)
        number = 0
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

    def _parse_with_pandas(self, rows: list[_Row]) -> _Block | None:
        """Parse a block quickly; None if any of its cells is unusual."""
        import pandas as pd  # takes a third of a second, not needed for a cached CSV

        text = b"\n".join([row.text for row in rows])
        if b"\0" in text or b"\r" in text:  # may end a cell, and ends a line
            return None
        identifier = self.layout.id
        try:
            frame = pd.read_csv(
                io.BytesIO(text),
                header=None,
                dtype=None if identifier is None else {identifier: str},
                na_filter=False,  # a blank or NaN is an error, and the check costs time
                skip_blank_lines=False,
                low_memory=False,
            )
        except ValueError:
            return None
        ids: list[str] = []
        if identifier is not None:
            ids = frame[identifier].str.strip(_BLANKS).tolist()
            frame[identifier] = 0
        values = frame.to_numpy()
        if values.dtype.kind not in "iuf" or not all(map(is_id, ids)):
            return None
        with np.errstate(invalid="ignore"):
            octets = values.astype(np.uint8, order="C")
        # A number that a byte represents exactly is a whole number from 0 to 255.
        fits = (octets == values) & (octets <= self.limits)
        return _Block(octets, ids) if fits.all() else None

    def _parse_cell_by_cell(self, rows: list[_Row]) -> _Block:
        """Parse a block in plain Python: slower, but locates invalid cells."""
        limits = self.limits.tolist()
        values = np.zeros((len(rows), len(limits)), np.uint8)
        ids: list[str] = []
        for row, octets in zip(rows, values, strict=True):
            for column, cell in enumerate(row.text.decode(errors="replace").split(",")):
                text = cell.strip(_BLANKS)
                if column == self.layout.id:
                    ids.append(text)
                    good = is_id(text)
                else:
                    value = parse_uint(text, limits[column])
                    octets[column] = value or 0
                    good = value is not None
                if not good:
                    raise self._bad_cell(row, column, text)
        return _Block(values, ids)

    def _bad_cell(self, row: _Row, column: int, text: str) -> DataError:
        wanted = {
            self.layout.id: "a printable id",
            self.layout.label: f"a digit 0–{self.classes - 1}",
        }.get(column, "a pixel, a whole number 0–255")
        return DataError(
            f"{self._locate(row.line, row.number, column)}: {format_cell(text)} is not {wanted}; "
            "correct it or remove the row"
        )
