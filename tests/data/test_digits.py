"""Rows of plain digits: what the fast way reads is what the careful way reads, of any bytes."""

import csv
import io
import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nntrain.data import lines, parser
from nntrain.data.digits import parse_digits
from nntrain.data.kaggle import read_csv
from nntrain.errors import DataError

FAULTS = [
    *(b" ", b"\t", b'"', b"\r", b"\n", b"\0", b",", b",,", b"-", b".", b"0", b"00", b"1"),
    *(b"256", b"999", b"1000", b"65536", "é".encode(), b"\xff", b"\r\n", b"\n\n", b"x"),
]
numbers = st.integers(0, 255).map(str) | st.sampled_from(["0", "00", "007", "010", "255"])
names = st.integers(0, 9).map(str) | st.sampled_from(["07", "00012", "12345", "300", "90000001"])


@st.composite
def contents(draw: st.DrawFn) -> bytes:
    """A CSV of digits, with up to three faults anywhere."""
    width, rows = draw(st.sampled_from([1, 4, 9])), draw(st.integers(1, 12))
    before = draw(st.sampled_from([[], ["label"], ["id"], ["id", "label"], [""]]))
    after = draw(st.sampled_from([[], ["label"]])) if "label" not in before else []
    header = [*before, *(f"pixel{n}" for n in range(width)), *after]
    table = [header] if draw(st.booleans()) else []
    for _ in range(rows):
        row = [draw(numbers) for _ in header]
        for column in (*range(len(before)), *range(len(header) - len(after), len(header))):
            row[column] = draw(names)
        table.append(row)
    end = draw(st.sampled_from(["\n", "\r\n"]))
    content = (end.join(map(",".join, table)) + draw(st.sampled_from(["", end]))).encode()
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(content)))
        stop = start + draw(st.integers(0, 3))
        content = content[:start] + draw(st.sampled_from(FAULTS)) + content[stop:]
    return content


def result(path: Path, block: int, fast: bool) -> list[Any]:
    """All of a dataset, or the error; in blocks of at least so many bytes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "BLOCK_BYTES", block)
        if not fast:
            patch.setattr(parser, "parse_digits", lambda *arguments: None)
        try:
            read = read_csv(path)
        except DataError as error:
            return [str(error)]
    labels, ids = (None if a is None else a.tolist() for a in (read.labels, read.ids))
    return [read.pixels.tolist(), labels, ids, read.classes, read.annotations.notes, read.digest]


@settings(max_examples=150)
@given(contents(), st.integers(1, 200))
@example(b"label,pixel0\n1,2\n3,256\n", 1)
@example(b"label,pixel0\n1,2\n3,4", 1)
@example(b"label,pixel0\n1,2\n\n3,4\n5,1000\n", 4)
def test_the_fast_and_the_careful_way_agree_on_any_bytes(content: bytes, block: int) -> None:
    path = Path.cwd() / "file.csv"
    path.write_bytes(content)
    careful = result(path, 1 << 20, fast=False)
    assert result(path, block, fast=True) == careful
    assert result(path, 1 << 20, fast=True) == careful


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@given(st.lists(st.lists(numbers, min_size=5, max_size=5), min_size=1, max_size=8), st.data())
def test_what_is_parsed_is_what_the_csv_module_reads(
    table: list[list[str]], data: st.DataObject
) -> None:
    end = data.draw(st.sampled_from(["\n", "\r\n"]))
    text = end.join(map(",".join, table)) + data.draw(st.sampled_from(["", end]))
    others = data.draw(st.lists(st.integers(0, 4), max_size=3, unique=True))
    pixels = data.draw(st.permutations(sorted(set(range(5)) - set(others))))
    parsed = parse_digits(text.encode(), 5, pixels, others)
    read = list(csv.reader(io.StringIO(text)))
    assert parsed is not None
    assert parsed.pixels.tolist() == [[int(row[column]) for column in pixels] for row in read]
    assert parsed.texts == [[row[column].encode() for row in read] for column in others]


def test_every_number_of_up_to_five_digits_is_parsed_or_left_to_the_careful_way() -> None:
    for digits in range(1, 6):
        for number in itertools.chain(range(0, 10**digits, 7 ** (digits - 1)), [10**digits - 1]):
            cell = f"{number:0{digits}}"
            parsed = parse_digits(f"1,{cell}\n".encode(), 2, [1], [0])
            if digits <= 3 and number <= 255:
                assert parsed is not None, cell
                assert parsed.pixels.tolist() == [[number]]
            else:
                assert parsed is None, cell


def test_long_ids_are_read_the_fast_way(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = "".join(f"{10_000_000 + n},{n % 256},{n // 256}\n" for n in range(2_000))
    Path("file.csv").write_text(f"id,pixel0,pixel1\n{rows}")
    monkeypatch.setattr(parser.RowParser, "_parse_with_pandas", None)
    read = read_csv("file.csv")
    assert read.ids is not None
    assert read.ids.tolist() == [str(10_000_000 + n) for n in range(2_000)]
    np.testing.assert_array_equal(
        read.pixels[:, 0] + 256 * read.pixels[:, 1].astype(int), range(2_000)
    )
