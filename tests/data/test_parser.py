"""Parsing: round trips of all dialects, and the location of every invalid cell."""

import gzip
import random
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from nntrain.data import parser
from nntrain.data.dataset import Dataset
from nntrain.errors import DataError
from tests.support.csvs import (
    CORRUPTIBLE,
    PACKERS,
    PIXELS,
    TRAIN,
    cells_of,
    corrupted,
    dialects,
    refusal,
    rows_of,
    tables,
    written,
    zipped,
)
from tests.support.examples import examples


def locked(archive: bytes) -> bytes:
    content = bytearray(archive)  # both of the member's headers have the flag
    content[6] |= 1
    content[archive.index(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


def test_numbers_in_other_notations(read: Callable[..., Dataset]) -> None:
    digits = read(b"label,pixel0,pixel1\n 5,+5, 1e2\n3.0,\t7 ,0.0\n")
    assert digits.pixels.tolist() == [[5, 100], [7, 0]]
    assert digits.labels is not None
    assert digits.labels.tolist() == [5, 3]


def test_blank_lines_are_passed_over(read: Callable[..., Dataset]) -> None:
    digits = read(TRAIN.replace(b"\n", b"\r\n\r\n") + b"\n  \n")
    assert digits.pixels.tolist() == PIXELS


def test_many_blocks_are_one_table(
    read: Callable[..., Dataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parser, "BLOCK_CELLS", 15)  # three rows of five cells
    rows = [[row % 10, *range(row, row + 4)] for row in range(10)]
    text = "label,p0,p1,p2,p3\n" + "".join(",".join(map(str, row)) + "\n" for row in rows)
    digits = read(text.encode())
    assert digits.pixels.tolist() == [row[1:] for row in rows]
    assert digits.labels is not None
    assert digits.labels.tolist() == list(range(10))
    for wrong in ("3,3,4,5", "3,3,4,5,6,7", "3,3,4,5,x"):  # row 4 begins the second block
        message = refusal(read, text.replace("3,3,4,5,6", wrong).encode())
        assert "file.csv:5: row 4" in message


@examples(200)
@given(tables(), dialects(), st.randoms(use_true_random=False))
def test_every_dialect_of_a_table_reads_back_equal(
    read: Callable[..., Dataset],
    table: tuple[NDArray[np.uint8], list[int] | None, list[str] | None],
    dialect: dict[str, Any],
    chance: random.Random,
) -> None:
    pixels, labels, ids = table
    cells = cells_of(pixels, labels, ids, dialect["zero"])
    if not dialect["header"] and ids is None:
        cells = cells[1:]
    elif dialect["shuffled"]:
        order = chance.sample(range(len(cells[0])), len(cells[0]))
        cells = [[row[at] for at in order] for row in cells]
    digits = read(PACKERS[dialect["packing"]](written(cells, dialect)))
    assert np.array_equal(digits.pixels, pixels)
    assert (None if digits.labels is None else digits.labels.tolist()) == labels
    assert (None if digits.ids is None else digits.ids.tolist()) == ids


HUGE = "9" * 40


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        *[(cell, repr(cell)) for cell in ("10", "-1", "3.5", "seven", "NaN", "nan", "NA", "null")],
        *[(cell, repr(cell)) for cell in ("True", "0x3", "1_0", "٣", "inf", "1e400", "-", "3 4")],
        *[("", "a blank"), ("  ", "a blank"), ('""', "a blank"), (HUGE, "'9999"), ("1.5", "'1.5'")],
        *[("3\0", r"'3\x00'"), ("\x1b[2J", r"'\x1b[2J'"), ("3\r4", r"'3\r4'"), ("３", "'３'")],
    ],
)
@pytest.mark.parametrize("column", ["label", "pixel1"])
@pytest.mark.parametrize("header", [True, False])
def test_a_bad_cell_is_named(
    read: Callable[..., Dataset], cell: str, shown: str, column: str, header: bool
) -> None:
    if column == "pixel1" and cell == "10":
        cell, shown = "256", "'256'"
    row = [b"7", b"4", b"5", b"6", b"255"]
    row[0 if column == "label" else 2] = cell.encode()
    content = TRAIN.replace(b"7,4,5,6,255", b",".join(row))
    if header:
        place = f"file.csv:3: row 2, column '{column}': "
    else:
        content = content.partition(b"\n")[2]
        place = f"file.csv:2: row 2, column 'column {1 if column == 'label' else 3}': "
    wanted = "a digit 0–9" if column == "label" else "a pixel, a whole number 0–255"
    message = refusal(read, content, labels="required")
    assert f"{place}{shown}" in message
    assert f" is not {wanted}; correct it or remove the row" in message


def test_labels_follow_the_number_of_classes(read: Callable[..., Dataset]) -> None:
    assert read(TRAIN, classes=8).counts() == [("5", 1), ("7", 1)]
    assert "'7' is not a digit 0–6" in refusal(read, TRAIN, classes=7)


HEAD = b"label,pixel0,pixel1\n1,2,3\n"


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        # Rows of the wrong length, and quotes.
        (HEAD + b"4,5\n", [":3: row 2", "2 cells instead of 3", "column 'pixel1'"]),
        (HEAD + b"4,5,6,7\n", [":3: row 2", "4 cells instead of 3"]),
        (b"label,pixel0,pixel1\n4,5,6,7\n1,2,3,4\n", [":2: row 1", "4 cells instead of 3"]),
        (HEAD + b"4,5,6,\n", [":3: row 2", "4 cells instead of 3"]),
        (HEAD + b'4,"5,6\n7,8,9\n', [":3: row 2", "column 'pixel0'", "stray quote", "'\"5'"]),
        (HEAD + b'4,"5"6,7\n', [":3: row 2", "column 'pixel0'", "stray quote"]),
        (HEAD + b'"4,5,6\n', [":3: row 2", "column 'label'", "stray quote"]),
        (HEAD + b'"4","5","6"7"\n', [":3: row 2", "column 'pixel1'", "stray quote"]),
        (HEAD + b'"\n', [":3: row 2", "column 'label'", "stray quote"]),
        (HEAD + b'4,"5,6",7\n', [":3: row 2", "column 'pixel0'", "stray quote"]),
        (HEAD + b'"\n4,5,6\n"4,5,6\n', [":3: row 2", "stray quote"]),
        (HEAD + b'""\n', [":3: row 2", "1 cells instead of 3"]),
        (HEAD + b"4,5," + b"0" * (1 << 21) + b"\n", [":3: ", "a line of more than"]),
        # Columns.
        (b"label,pixel0,pixel2\n1,2,3\n", ["'pixel1' is missing"]),
        (b"label,pixel2,pixel3\n1,2,3\n", ["'pixel1' is missing"]),
        (b"label,pixel0,pixel1,pixel1\n1,2,3,4\n", ["'pixel1' appears 2 times"]),
        (b"label,pixel0,pixel01,pixel1\n1,2,3,4\n", ["'pixel1' appears 2 times"]),
        (b"label,left,left\n1,2,3\n", ["'left' appears 2 times"]),
        (b"label,pixel0,pixel1,weight\n1,2,3,4\n", ["'weight' is neither", "'pixel0'"]),
        (b"foo,pixel1,pixel2,pixel3\n1,2,3,4\n", ["'foo' is neither"]),
        (b"label,class,pixel0\n1,2,3\n", ["'label' and 'class'", "label_column"]),
        (b"label\n1\n2\n", ["no pixel columns"]),
        (b"1,2,3\n4,5,6\n", ["3 columns without a header"]),
        (b"1,2,3,4,5,6\n1,2,3,4,5,6\n", ["6 columns without a header"]),
        # Ids.
        (b"id,n1\na,1\n,2\n", [":3: row 2", "column 'id'", "a blank is not a printable id"]),
        (b"id,n1\na,1\n\x1b,2\n", [":3: row 2", "column 'id'", r"'\x1b'"]),
        (b"id,n1\na,1\n\xff,2\n", [":3: row 2", "column 'id'"]),
        (b"id,n1\na,1\nb\0c,2\n", [":3: row 2", "column 'id'"]),
        (b"id,n1\na,1\nb,2\na,3\n", ["row 3", "column 'id'", "'a'", "row 1"]),
        (b"3,1\n3,2\nx,3\n", ["row 3", "column 'column 1'", "'x' is not a digit 0–9"]),
        # A single column.
        (b"pixel0\n1\n\n2\n", [":3: row 2", "column 'pixel0'", "a blank"]),
        (b"pixel0\n1\n3\r4\n", [":3: row 2", "column 'pixel0'", r"'3\r4'"]),
        (b"pixel0\nTrue\nFalse\n", [":2: row 1", "column 'pixel0'", "'True'"]),
        # No rows.
        (b"", ["is empty"]),
        (b"\xef\xbb\xbf\r\n\n \n", ["is empty"]),
        (gzip.compress(b"", mtime=0), ["is empty"]),
        (b"label,pixel0\n", ["a header but no rows"]),
        (b"label,pixel0", ["a header but no rows"]),
        # Not a CSV.
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", ["is a PNG image"]),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", ["is a JPEG image"]),
        (b'{\n "cells": [],\n "nbformat": 4}', ["is JSON, perhaps a notebook"]),
        (b"<!DOCTYPE html>\n<html>", ["is a web page"]),
        ("label,pixel0\n1,2\n".encode("utf-16"), ["is UTF-16 text", "UTF-8"]),
        ("label,pixel0\n1,2\n".encode("utf-16-le"), [":1: NUL bytes, as in UTF-16"]),
        ("größe,pixel0\n1,2\n".encode("latin-1"), ["is not UTF-8 text"]),
        (bytes(range(256)), [":1: NUL bytes"]),
        (b"\xc3\x28\0\0", ["is not UTF-8 text"]),
        # Damaged archives.
        (zipped(TRAIN, "a.csv", "b.csv"), ["a .zip of 2 files, a.csv, b.csv; name one, such as"]),
        (zipped(TRAIN, "folder/"), ["a .zip of 0 files"]),
        (locked(zipped(TRAIN)), ["is locked with a password"]),
        *[(pack(TRAIN * 9)[:-9], ["damaged or truncated"]) for pack in list(PACKERS.values())[1:]],
        (gzip.compress(TRAIN, mtime=0) + b"trailing", ["damaged or truncated"]),
    ],
)
def test_a_bad_file_is_refused(
    read: Callable[..., Dataset], content: bytes, parts: list[str]
) -> None:
    message = refusal(read, content)
    for part in parts:
        assert part in message


def test_a_hundred_megabytes_in_one_line_are_refused_at_once(read: Callable[..., Dataset]) -> None:
    content = gzip.compress(b"0," * 50_000_000, 1)
    start = time.perf_counter()
    assert "a line of more than 1,048,576 bytes" in refusal(read, content)
    assert time.perf_counter() - start < 1


@examples(200)
@given(st.data())
def test_a_damaged_cell_is_refused_or_harmless(
    read: Callable[..., Dataset], data: st.DataObject
) -> None:
    rows = [[f"{row % 5}", *map(str, range(row, row + 4))] for row in range(12)]
    at = data.draw(st.integers(0, 11)), data.draw(st.integers(0, 4))
    text = data.draw(
        st.text(max_size=4)
        | st.text("0123456789.,-+eE \t\"'\r\n\0", max_size=6)
        | st.sampled_from(["256", "True", "NaN", "0x1", "1,000", "1e3", '"5"6', "5\n1,2,3,4,5"])
    )
    rows[at[0]][at[1]] = text
    header = data.draw(st.sampled_from(["", "label,n1,n2,n3,n4\n"]))
    content = header + "".join(",".join(row) + "\n" for row in rows)
    try:
        digits = read(content.encode(errors="surrogatepass"), labels="required")
    except DataError as error:
        assert str(error).isprintable()
        return
    assert digits.labels is not None
    got = np.column_stack([digits.labels, digits.pixels])
    has_header = digits.label_column != "column 1"  # "y,0,1,2,3" is one, as pandas writes it
    lines = [line for line in content.split("\n")[has_header:] if line.strip()]
    titles, lines = lines[: -len(got)], lines[-len(got) :]  # a first line of another width is one
    assert all(line.count(",") != lines[0].count(",") for line in titles)
    said = [[float(cell.strip().strip('"')) for cell in line.split(",")] for line in lines]
    assert got.tolist() == said


@examples(300)
@given(CORRUPTIBLE, dialects(), st.data())
def test_a_single_corruption_is_refused_or_stays_within_one_cell(
    read: Callable[..., Dataset],
    table: tuple[NDArray[np.uint8], list[int] | None, list[str] | None],
    dialect: dict[str, Any],
    data: st.DataObject,
) -> None:
    # No reader can detect that a digit was replaced by another, or that whole rows are missing.
    cells = cells_of(*table, dialect["zero"])
    if headless := not dialect["header"] and table[2] is None:
        del cells[0]
    content, was_cut = corrupted(written(cells, dialect), data)
    assume(not (headless and was_cut and len(content.splitlines()) < 2))  # a valid table
    try:
        # As the commands do; with optional labels, a first column that holds a 10 would be ids.
        digits = read(content, labels="forbidden" if table[1] is None else "required")
    except DataError as error:
        assert str(error).isprintable()
        return
    before, after = rows_of(*table), rows_of(digits.pixels, digits.labels, digits.ids)
    if was_cut:
        before = before[: len(after)]
    assert [len(row) for row in after] == [len(row) for row in before]
    differing = [
        (row, column)
        for row, (ours, theirs) in enumerate(zip(after, before, strict=True))
        for column, (a, b) in enumerate(zip(ours, theirs, strict=True))
        if a != b
    ]
    if was_cut:
        assert differing in ([], [(len(after) - 1, len(after[0]) - 1)])
    else:
        assert len(differing) <= 1
