"""Blocks of digits: the same as the careful way, and the csv module, make of them."""

import csv
import io
import re
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from nntrain.data import dialect, kaggle, lines, parser
from nntrain.data.dataset import Dataset
from nntrain.data.digits import parse_digits
from nntrain.errors import DataError
from tests.support.examples import examples

FAULTS = [b"", b" ", b'"', b"\r", b"\n", b"\r\n", b"\n\n", b",", b"\0", "é".encode(), b"\xff"]
FAULTS += [b"-", b".", b"/", b":", b";", b"0", b"7", b"007", b"256", b"300", b"999", b"0255"]
FAULTS += [b"1" + b"0" * 30]
NO_TABLES = [b",2\n3,4\n", b"1,\n3,4\n", b"1,2\n,4\n", b"1,2\n3,\n", b"1,2\n\n3,4\n"]
NO_TABLES += [
    b"\n1,2\n",
    b"1,2\n\n",
    b"1\n2\n",
    b"1\n2,3,4\n",
    b"1,2,3\n4\n",
    b"1,2,3,4\n",
    b"1,2\n3",
]
NO_TABLES += [b"\n", b"\n\n", b",", b""]
SAME_FOR_ALL_EXAMPLES = [HealthCheck.function_scoped_fixture]
PIXELS = ["0", "00", "1", "007", "042", "99", "199", "255"]


@st.composite
def tables(draw: st.DrawFn) -> bytes:
    """A valid table of digits with a header: ids of any length, labels, pixels in any order."""
    width, rows = draw(st.sampled_from([1, 4, 9])), draw(st.integers(1, 12))
    ids = st.integers(0, 10**20).map(str)
    cells = {
        "id": draw(st.lists(ids, min_size=rows, max_size=rows, unique=True)),
        "label": draw(st.lists(st.sampled_from(["0", "9", "003"]), min_size=rows, max_size=rows)),
    }
    others = draw(st.sampled_from([[], ["label"], ["id"], ["id", "label"]]))
    names = [*others, *(f"pixel{number}" for number in range(width))]
    if draw(st.booleans()):
        names = draw(st.permutations(names))
    pixels = st.sampled_from(PIXELS)
    table = [
        [cells[name][row] if name in cells else draw(pixels) for name in names]
        for row in range(rows)
    ]
    end = draw(st.sampled_from(["\n", "\r\n"]))
    text = end.join(map(",".join, [names, *table])) + end * draw(st.integers(0, 1))
    return text.encode()


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A table with up to two faults, with a header or not."""
    content = draw(tables())
    if draw(st.booleans()):
        content = content.partition(b"\n")[2]
    for _ in range(draw(st.integers(0, 2))):
        fault = draw(st.sampled_from(FAULTS))
        if draw(st.booleans()):
            at = draw(st.integers(0, len(content)))
            content = content[:at] + fault + content[at:]
        else:
            cells = re.split(b"([,\n])", content)  # and what is between them
            cells[2 * draw(st.integers(0, len(cells) // 2))] = fault
            content = b"".join(cells)
    return content


@pytest.fixture
def few_rows_peeked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows that find separator and columns go to the parser in one block of their own."""
    monkeypatch.setattr(dialect, "LOOKAHEAD", 3)
    monkeypatch.setattr(kaggle, "PEEKED_ROWS", 2)


def outcome(read: Callable[..., Dataset], content: bytes, options: dict[str, Any]) -> object:
    """What reading returns, or the message of its error."""
    try:
        dataset = read(content, **options)
    except DataError as error:
        return str(error)
    assert dataset.pixels.flags.c_contiguous
    return dataset.pixels.tolist(), [
        (value.tolist(), value.dtype) if isinstance(value, np.ndarray) else value
        for value in dataset.annotations
    ]


@pytest.mark.usefixtures("few_rows_peeked_at")
@examples(150, suppress_health_check=SAME_FOR_ALL_EXAMPLES)
@given(
    damaged() | st.binary(max_size=200),
    st.integers(1, 60),
    st.integers(1, 60),
    st.sampled_from([{}, {"classes": None}, {"labels": "required"}, {"pixel_range": (0, 16)}]),
)
def test_any_bytes_are_read_as_the_careful_way_reads_them(
    read: Callable[..., Dataset],
    content: bytes,
    block_bytes: int,
    block_cells: int,
    options: dict[str, Any],
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "BLOCK_BYTES", block_bytes)
        patch.setattr(parser, "BLOCK_CELLS", block_cells)
        ours = outcome(read, content, options)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines.LineReader, "blocks", lines.Lines.blocks)  # none
        assert ours == outcome(read, content, options)


@pytest.mark.usefixtures("few_rows_peeked_at")
@examples(60, suppress_health_check=SAME_FOR_ALL_EXAMPLES)
@given(tables(), st.integers(1, 200))
def test_digits_are_those_of_the_csv_module_and_need_no_pandas(
    read: Callable[..., Dataset], content: bytes, block_bytes: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "BLOCK_BYTES", block_bytes)
        patch.setitem(sys.modules, "pandas", None)
        dataset = read(content)
    rows = list(csv.DictReader(io.StringIO(content.decode(), newline="")))
    pixels = sorted(name for name in rows[0] if name.startswith("pixel"))
    assert dataset.pixels.tolist() == [[int(row[name]) for name in pixels] for row in rows]
    for name, column in (("label", dataset.labels), ("id", dataset.ids)):
        assert (column is not None) == (name in rows[0])
        if column is not None:
            kind = int if name == "label" else str
            assert column.tolist() == [kind(row[name]) for row in rows]


def test_a_number_is_a_pixel_or_refused() -> None:
    for number in [*range(1_100), 2_000, 9_999, 10_000, 65_536, 65_636, 10**20]:
        for digits in {1, 3, 4}:
            cell = f"{number:0{digits}}"
            rows = parse_digits(f"12345,{cell},{cell}\n".encode(), 3, slice(1, 3), [0])
            if number > 255 or len(cell) > 3:
                assert rows is None
            else:
                assert rows is not None
                assert rows.pixels.tolist() == [[number, number]]
                assert rows.texts == [[b"12345"]]


@pytest.mark.parametrize("byte", range(256))
def test_any_other_byte_is_left_to_the_careful_way(byte: int) -> None:
    cell = bytes([byte])
    rows = parse_digits(b"1,2\n3," + cell + b"4\n", 2, slice(0, 2), [])
    assert (rows is not None) == cell.isdigit()
    rows = parse_digits(b"1,2\n3" + cell + b"4\n", 2, slice(0, 2), [])
    assert (rows is not None) == (byte == ord(","))


@pytest.mark.parametrize("rows", NO_TABLES)
def test_empty_and_missing_cells_are_left_to_the_careful_way(rows: bytes) -> None:
    assert parse_digits(rows, 2, slice(0, 2), []) is None
    assert parse_digits(rows, 2, slice(1, 2), [0]) is None


@pytest.mark.parametrize("before", [1, 1 << 18])
def test_a_line_of_digits_may_be_too_long(before: int) -> None:
    content = b"1,2\n" * (before // 4) + b"0," * (1 << 19) + b"0\n1,2\n"
    reader = lines.LineReader(io.BytesIO(b"a,b\n" + content), "file.csv")
    assert next(reader).text == b"a,b"
    taken: list[lines.Line] = []
    with pytest.raises(DataError, match=rf"file\.csv:{before // 4 + 2}: a line of more than"):
        for block in reader.blocks():
            taken += block.lines()
    assert taken == [(number, b"1,2") for number in range(2, before // 4 + 2)]
