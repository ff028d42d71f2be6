import csv
import gzip
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from nntrain.data import parser
from nntrain.data.dataset import Dataset
from nntrain.data.kaggle import (
    competition_of,
    read_csv,
    write_csv,
    write_probabilities,
    write_submission,
)
from nntrain.errors import ConfigError, DataError, NNTrainError
from tests.support.csvs import PACKERS, zipped

TRAIN = b"label,pixel0,pixel1,pixel2,pixel3\n5,0,1,2,3\n7,4,5,6,255\n"
TEST = b"id,n1,n2,n3,n4\na17,0,1,2,3\nb2,4,5,6,255\n"
PIXELS = [[0, 1, 2, 3], [4, 5, 6, 255]]


def locked(archive: bytes) -> bytes:
    content = bytearray(archive)  # both of the member's headers have the flag
    content[6] |= 1
    content[archive.index(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


@pytest.fixture(scope="session")
def read(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Dataset]:
    path = tmp_path_factory.mktemp("csv") / "file.csv"

    def read(content: bytes, **options: Any) -> Dataset:
        path.write_bytes(content)
        return read_csv(path, **options)

    return read


def refusal(read: Callable[..., Dataset], content: bytes, **options: Any) -> str:
    with pytest.raises(DataError) as caught:
        read(content, **options)
    message = str(caught.value)
    assert message.isprintable(), "one line, and nothing that moves the cursor"
    assert "file.csv" in message
    assert ";" in message, "the fault, then the mend"
    return message


# What is accepted.


def test_a_training_file_has_labels(read: Callable[..., Dataset]) -> None:
    digits = read(TRAIN, labels="required")
    assert digits.pixels.tolist() == PIXELS
    assert digits.pixels.dtype == np.uint8
    assert digits.pixels.flags.c_contiguous
    assert digits.labels is not None
    assert digits.labels.tolist() == [5, 7]
    assert digits.labels.dtype == np.uint8
    assert (digits.ids, digits.label_column, digits.id_column) == (None, "label", None)
    assert len(digits) == 2


def test_a_test_file_may_have_ids_as_written(read: Callable[..., Dataset]) -> None:
    digits = read(TEST, labels="forbidden")
    assert digits.pixels.tolist() == PIXELS
    assert digits.labels is None
    assert digits.ids is not None
    assert digits.ids.tolist() == ["a17", "b2"]
    assert (digits.label_column, digits.id_column) == (None, "id")
    numbered = read(b"id,n1\n007,0\n1.0,1\n")
    assert numbered.ids is not None
    assert numbered.ids.tolist() == ["007", "1.0"]


def test_ids_and_labels_may_stand_anywhere(read: Callable[..., Dataset]) -> None:
    digits = read(b"pixel0,ImageId,pixel1,LABEL\n1,x,2,3\n4,y,5,6\n", labels="required")
    assert digits.pixels.tolist() == [[1, 2], [4, 5]]
    assert digits.labels is not None
    assert digits.labels.tolist() == [3, 6]
    assert digits.ids is not None
    assert digits.ids.tolist() == ["x", "y"]


@pytest.mark.parametrize("name", ["label", "Class", "DIGIT", "number", "target", "y", "Ziffer"])
def test_label_columns_by_many_names(read: Callable[..., Dataset], name: str) -> None:
    digits = read(TRAIN.replace(b"label", name.encode()), labels="required")
    assert digits.label_column == name
    assert digits.pixels.tolist() == PIXELS


def test_pixels_are_put_in_the_order_of_their_names(read: Callable[..., Dataset]) -> None:
    assert read(b"n3,n1,n2\n3,1,2\n").pixels.tolist() == [[1, 2, 3]]
    assert read(b"label,1x1,1x2\n0,9,8\n").pixels.tolist() == [[9, 8]]
    order = np.random.default_rng(0).permutation(144)
    header = ",".join(f"pixel{number}" for number in order)
    digits = read(f"{header}\n{','.join(map(str, order))}\n".encode())
    assert digits.pixels.tolist() == [list(range(144))]


@pytest.mark.parametrize(
    ("labels", "first", "expected"),
    [
        ("required", "3,1", "label"),
        ("optional", "3,1", "label"),
        ("optional", "3,10", "id"),
        ("forbidden", "3,10", "id"),
        ("optional", "a,b", "id"),
        ("forbidden", "a,b", "id"),
    ],
)
@pytest.mark.parametrize("header", ["", "what,n1,n2,n3,n4\n"])
def test_an_unnamed_first_column(
    read: Callable[..., Dataset],
    labels: Literal["required", "forbidden", "optional"],
    first: str,
    expected: str,
    header: str,
) -> None:
    one, two = first.split(",")
    digits = read(f"{header}{one},0,1,2,3\n{two},4,5,6,255\n".encode(), labels=labels)
    name = "what" if header else "column 1"
    assert digits.label_column == (name if expected == "label" else None)
    assert digits.id_column == (name if expected == "id" else None)
    assert digits.pixels.tolist() == PIXELS


def test_no_header_and_a_square_number_of_columns_is_pixels(read: Callable[..., Dataset]) -> None:
    digits = read(b"0,1,2,3\n4,5,6,255", labels="forbidden")
    assert digits.pixels.tolist() == PIXELS
    assert digits.ids is None
    assert digits.labels is None


def test_columns_can_be_said(read: Callable[..., Dataset]) -> None:
    digits = read(b"class,id,x,y\n1,2,3,4\n2,3,4,5\n", label_column="Y", id_column="class")
    assert (digits.label_column, digits.id_column) == ("y", "class")
    assert digits.pixels.tolist() == [[2, 3], [3, 4]]
    digits = read(b"1,2,3,4\n5,6,7,8\n", label_column="column 4", labels="required")
    assert digits.pixels.tolist() == [[1, 2, 3], [5, 6, 7]]


def test_numbers_in_other_notations(read: Callable[..., Dataset]) -> None:
    digits = read(b"label,pixel0,pixel1\n 5,+5, 1e2\n3.0,\t7 ,0.0\n")
    assert digits.pixels.tolist() == [[5, 100], [7, 0]]
    assert digits.labels is not None
    assert digits.labels.tolist() == [5, 3]


def test_blank_lines_are_passed_over(read: Callable[..., Dataset]) -> None:
    digits = read(TRAIN.replace(b"\n", b"\r\n\r\n") + b"\n  \n")
    assert digits.pixels.tolist() == PIXELS


def test_packing_is_recognised_by_content(read: Callable[..., Dataset]) -> None:
    for pack in PACKERS.values():
        assert read(pack(TRAIN)).pixels.tolist() == PIXELS
    assert read(zipped(TRAIN, "data/", "data/a.csv", "__MACOSX/._a.csv")).pixels.tolist() == PIXELS


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


@st.composite
def tables(
    draw: st.DrawFn, least: int = 1, pixels: tuple[int, ...] = (1, 4, 9, 16)
) -> tuple[NDArray[np.uint8], list[int] | None, list[str] | None]:
    count, width = draw(st.integers(least, 4)), draw(st.sampled_from(pixels))
    values = draw(st.lists(st.integers(0, 255), min_size=count * width, max_size=count * width))
    labels = st.lists(st.integers(0, 9), min_size=count, max_size=count)
    names = st.from_regex(r"[a-z][0-9]{1,3}", fullmatch=True)
    ids = st.lists(names, min_size=count, max_size=count, unique=True)
    return (
        np.array(values, np.uint8).reshape(count, width),
        draw(st.none() | labels),
        draw(st.none() | ids),
    )


@st.composite
def dialects(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "bom": draw(st.booleans()),
        "end": draw(st.sampled_from(["\n", "\r\n"])),
        "quotes": draw(st.sampled_from(["none", "all", "some"])),
        "before": draw(st.sampled_from(["", " ", "\t"])),
        "after": draw(st.sampled_from(["", " "])),
        "zero": draw(st.sampled_from(["", ".0"])),
        "last": draw(st.booleans()),
        "packing": draw(st.sampled_from(sorted(PACKERS))),
        "header": draw(st.booleans()),
        "shuffled": draw(st.booleans()),
    }


def cells_of(
    pixels: NDArray[np.uint8], labels: list[int] | None, ids: list[str] | None, zero: str
) -> list[list[str]]:
    """A header and rows: ids, labels, pixels."""
    header = [f"pixel{number}" for number in range(pixels.shape[1])]
    rows = [[f"{value}{zero}" for value in row] for row in pixels.tolist()]
    if labels is not None:
        header.insert(0, "label")
        rows = [[str(label), *row] for label, row in zip(labels, rows, strict=True)]
    if ids is not None:
        header.insert(0, "id")
        rows = [[name, *row] for name, row in zip(ids, rows, strict=True)]
    return [header, *rows]


def written(cells: list[list[str]], dialect: dict[str, Any]) -> bytes:
    """A table's bytes before they are packed."""
    every = {"none": 1 << 30, "some": 2, "all": 1}[dialect["quotes"]]
    lines = [
        ",".join(
            dialect["before"]
            + (f'"{cell}"' if at % every == every - 1 else cell)
            + dialect["after"]
            for at, cell in enumerate(row)
        )
        for row in cells
    ]
    text: str = dialect["end"].join(lines) + dialect["end"] * dialect["last"]
    return text.encode("utf-8-sig" if dialect["bom"] else "utf-8")


@settings(max_examples=200, deadline=None)
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


# What is refused.

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
    assert read(TRAIN, classes=8).counts() == [(5, 1), (7, 1)]
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
        (b"label,pixel0,pixel1,pixel1\n1,2,3,4\n", ["'pixel1' is there 2 times"]),
        (b"label,pixel0,pixel01,pixel1\n1,2,3,4\n", ["'pixel1' is there 2 times"]),
        (b"label,left,left\n1,2,3\n", ["'left' is there 2 times"]),
        (b"label,pixel0,pixel1,weight\n1,2,3,4\n", ["'weight' is neither", "'pixel0'"]),
        (b"label,pixel0,pixel1,\n1,2,3,\n", ["column '' is neither"]),
        (b"foo,pixel1,pixel2,pixel3\n1,2,3,4\n", ["'foo' is neither"]),
        (b"label,class,pixel0\n1,2,3\n", ["'label' and 'class'", "label_column"]),
        (b"label\n1\n2\n", ["no pixel columns"]),
        (b"label;pixel0;pixel1\n1;2;3\n", ["separated by ';'"]),
        (b"label\tpixel0\n1\t2\n", [r"separated by '\t'"]),
        (b"1,2,3\n4,5,6\n", ["3 columns without a header"]),
        (b"1,2,3,4,5,6\n1,2,3,4,5,6\n", ["6 columns without a header"]),
        # Ids.
        (b"id,n1\na,1\n,2\n", [":3: row 2", "column 'id'", "a blank is not a printable id"]),
        (b"id,n1\na,1\n\x1b,2\n", [":3: row 2", "column 'id'", r"'\x1b'"]),
        (b"id,n1\na,1\n\xff,2\n", [":3: row 2", "column 'id'"]),
        (b"id,n1\na,1\nb\0c,2\n", [":3: row 2", "column 'id'"]),
        (b"id,n1\na,1\nb,2\na,3\n", ["row 3", "column 'id'", "'a'", "row 1"]),
        (b"3,1\n3,2\nx,3\n", ["row 3", "column 'column 1'", "'x' is not a digit", "2 times '3'"]),
        # A single column.
        (b"pixel0\n1\n\n2\n", [":3: row 2", "column 'pixel0'", "a blank"]),
        (b"pixel0\n1\n3\r4\n", [":3: row 2", "column 'pixel0'", r"'3\r4'"]),
        (b"pixel0\nTrue\nFalse\n", [":2: row 1", "column 'pixel0'", "'True'"]),
        # Nothing.
        (b"", ["is empty"]),
        (b"\xef\xbb\xbf\r\n\n \n", ["is empty"]),
        (gzip.compress(b"", mtime=0), ["is empty"]),
        (b"label,pixel0\n", ["a header but no rows"]),
        (b"label,pixel0", ["a header but no rows"]),
        # No CSV at all.
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", ["is a PNG image"]),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", ["is a JPEG image"]),
        (b'{\n "cells": [],\n "nbformat": 4}', ["is JSON, perhaps a notebook"]),
        (b"<!DOCTYPE html>\n<html>", ["is a web page"]),
        ("label,pixel0\n1,2\n".encode("utf-16"), ["is UTF-16 text", "UTF-8"]),
        ("label,pixel0\n1,2\n".encode("utf-16-le"), [":1: NUL bytes, as in UTF-16"]),
        ("größe,pixel0\n1,2\n".encode("latin-1"), ["is not UTF-8 text"]),
        (bytes(range(256)), [":1: NUL bytes"]),
        (b"\0\0\x08\x03\0\0\xea\x60", ["is not UTF-8 text"]),
        # Packed badly.
        (zipped(TRAIN, "a.csv", "b.csv"), ["a .zip of 2 files"]),
        (zipped(TRAIN, "folder/"), ["a .zip of 0 files"]),
        (locked(zipped(TRAIN)), ["is locked with a password"]),
        *[(pack(TRAIN * 9)[:-9], ["damaged or cut short"]) for pack in list(PACKERS.values())[1:]],
        (gzip.compress(TRAIN, mtime=0) + b"trailing", ["damaged or cut short"]),
    ],
)
def test_a_bad_file_is_refused(
    read: Callable[..., Dataset], content: bytes, parts: list[str]
) -> None:
    message = refusal(read, content)
    for part in parts:
        assert part in message


@pytest.mark.parametrize(
    ("content", "options", "parts"),
    [
        (TEST, {"labels": "required"}, ["no label column", "test file", "training file"]),
        (b"0,1,2,3\n4,5,6,7\n", {"labels": "required"}, ["no label column", "test file"]),
        (TRAIN, {"labels": "forbidden"}, ["column 'label'", "training file", "nntrain evaluate"]),
        (TRAIN[34:], {"labels": "forbidden"}, ["column 'column 1'", "nntrain evaluate"]),
        (TRAIN, {"label_column": "lable"}, ["no column 'lable'", "did you mean 'label'?"]),
        (TRAIN, {"id_column": "Q"}, ["no column 'Q' for the id", "'label' to 'pixel3'"]),
        (TRAIN, {"label_column": "label", "id_column": "label"}, ["cannot be both"]),
    ],
)
def test_a_file_that_does_not_suit_is_refused(
    read: Callable[..., Dataset], content: bytes, options: dict[str, Any], parts: list[str]
) -> None:
    message = refusal(read, content, **options)
    for part in parts:
        assert part in message


def test_places_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "train.csv").write_bytes(TRAIN)
    for name, part in [
        ("trian.csv", "no such file; did you mean 'train.csv'?"),
        ("quite-other", "no such file; 'nntrain data demo' makes"),
        ("nowhere/train.csv", "no such file; 'nntrain data demo' makes"),
        ("", "cannot be read: Is a directory"),
        ("train.csv/train.csv", "cannot be read: Not a directory"),
    ]:
        with pytest.raises(DataError) as caught:
            read_csv(tmp_path / name)
        assert part in str(caught.value)

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)  # root may read everything
    with pytest.raises(DataError, match=r"train\.csv: cannot be read: Permission denied"):
        read_csv(tmp_path / "train.csv")


def test_a_hundred_megabytes_in_one_line_are_refused_at_once(read: Callable[..., Dataset]) -> None:
    content = gzip.compress(b"0," * 50_000_000, 1)
    start = time.perf_counter()
    assert "a line of more than 1,048,576 bytes" in refusal(read, content)
    assert time.perf_counter() - start < 1


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_damaged_cell_is_refused_or_harmless(
    read: Callable[..., Dataset], data: st.DataObject
) -> None:
    rows = [[f"{(row * 7) % 10}", *map(str, range(row, row + 4))] for row in range(12)]
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
    said = [[float(cell.strip().strip('"')) for cell in line.split(",")] for line in lines]
    assert got.tolist() == said


def corrupted(content: bytes, data: st.DataObject) -> tuple[bytes, bool]:
    """One byte changed, inserted or deleted, or the file cut; and whether it was cut."""
    at = data.draw(st.integers(0, len(content) - 1))
    telling = st.sampled_from(b'0123456789.,eE+- \t"\r\n\0')
    byte = bytes([data.draw(telling | st.integers(0, 255))])
    match data.draw(st.sampled_from(["change", "insert", "delete", "cut"])):
        case "change":
            return content[:at] + byte + content[at + 1 :], False
        case "insert":
            return content[:at] + byte + content[at:], False
        case "delete":
            return content[:at] + content[at + 1 :], False
        case _:
            return content[:at], True


def rows_of(
    pixels: NDArray[np.uint8],
    labels: NDArray[np.uint8] | list[int] | None,
    ids: NDArray[np.str_] | list[str] | None,
) -> list[list[object]]:
    beside = [list(column) for column in (ids, labels) if column is not None]
    return [list(row) for row in zip(*beside, *pixels.T.tolist(), strict=True)]


# Two rows at least: without a header, only another row says that the first is too short. And
# sixteen pixels: no single byte turns the names pixel0 … pixel15 into those of another order.
CORRUPTIBLE = tables(least=2, pixels=(16,))


@settings(max_examples=300, deadline=None)
@given(CORRUPTIBLE, dialects(), st.data())
def test_a_single_corruption_is_refused_or_stays_within_one_cell(
    read: Callable[..., Dataset],
    table: tuple[NDArray[np.uint8], list[int] | None, list[str] | None],
    dialect: dict[str, Any],
    data: st.DataObject,
) -> None:
    # No reader can notice a digit that has become another, or rows that are no longer there.
    cells = cells_of(*table, dialect["zero"])
    if headless := not dialect["header"] and table[2] is None:
        del cells[0]
    content, was_cut = corrupted(written(cells, dialect), data)
    assume(not (headless and was_cut and len(content.splitlines()) < 2))  # a table of its own
    try:
        # As the commands do: who leaves it open takes a first column with a 10 in it for ids.
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


@settings(max_examples=200, deadline=None)
@given(CORRUPTIBLE, st.sampled_from([".gz", ".zip", ".bz2", ".xz"]), st.data())
def test_a_single_corruption_of_a_packed_file_is_refused_or_harmless(
    read: Callable[..., Dataset],
    table: tuple[NDArray[np.uint8], list[int] | None, list[str] | None],
    packing: str,
    data: st.DataObject,
) -> None:
    undamaged = "".join(",".join(row) + "\n" for row in cells_of(*table, "")).encode()
    try:
        digits = read(corrupted(PACKERS[packing](undamaged), data)[0])
    except DataError as error:
        assert str(error).isprintable()
        return
    assert rows_of(digits.pixels, digits.labels, digits.ids) == rows_of(*table)


# Digits.


def test_a_description_names_what_was_decided(read: Callable[..., Dataset]) -> None:
    assert read(TRAIN).describe() == "2 rows, digits 5, 7, 2×2, label column 'label'"
    assert read(TEST).describe() == "2 rows, 2×2, no labels, id column 'id'"
    assert read(b"n1,n2,n3\n1,2,3\n").describe() == "1 row, 3 pixels, no labels"
    digits = Dataset(
        np.zeros((42_000, 784), np.uint8),
        "",
        np.arange(42_000, dtype=np.uint64).astype(np.uint8) % 10,
        None,
        "label",
        None,
    )
    assert digits.describe() == "42,000 rows, digits 0–9, 28×28, label column 'label'"


def test_what_a_file_seems_to_lack(read: Callable[..., Dataset]) -> None:
    assert [doubt.partition(": ")[2] for doubt in read(TRAIN).warnings(8)] == [
        "digits without a row: 0, 1, 2, 3, 4, 6"
    ]
    assert read(TEST).warnings() == []
    assert [doubt.partition(": ")[2] for doubt in read(b"n1,n2,n3\n1,2,3\n").warnings()] == [
        "3 pixels a row are no square picture; is a column missing?"
    ]


# What is written.


@settings(max_examples=50, deadline=None)
@given(table=tables())
def test_a_written_table_reads_back_equal(
    tmp_path_factory: pytest.TempPathFactory,
    table: tuple[NDArray[np.uint8], list[int] | None, list[str] | None],
) -> None:
    path = tmp_path_factory.getbasetemp() / "written.csv"
    pixels, labels, _ = table
    write_csv(path, pixels, labels)
    digits = read_csv(path)
    assert np.array_equal(digits.pixels, pixels)
    assert (None if digits.labels is None else digits.labels.tolist()) == labels
    oracle = pd.read_csv(path)
    names = [f"pixel{number}" for number in range(pixels.shape[1])]
    assert oracle.columns.tolist() == (["label"] if labels else []) + names
    assert np.array_equal(oracle[names].to_numpy(), pixels)


def test_a_competition_is_told_by_the_id_column(read: Callable[..., Dataset]) -> None:
    assert competition_of(read(TEST)) == "nn5"
    assert competition_of(read(b"pixel0\n1\n")) == "digit-recognizer"
    assert competition_of(read(TEST), "digit-recognizer") == "digit-recognizer"
    assert competition_of(read(b"pixel0\n1\n"), "nn5") == "nn5"
    with pytest.raises(ConfigError, match="'kagle'; choose auto, digit-recognizer or nn5"):
        competition_of(read(TEST), "kagle")


@pytest.mark.parametrize(
    ("content", "competition", "expected"),
    [
        (TEST, "nn5", "id,number\na17,7\nb2,0\n"),
        (TEST, "digit-recognizer", "ImageId,Label\n1,7\n2,0\n"),
        (b"0\n1\n", "nn5", "id,number\n1,7\n2,0\n"),
        (b"0\n1\n", "digit-recognizer", "ImageId,Label\n1,7\n2,0\n"),
    ],
)
def test_a_submission_has_the_competitions_form(
    read: Callable[..., Dataset],
    tmp_path: Path,
    content: bytes,
    competition: Literal["digit-recognizer", "nn5"],
    expected: str,
) -> None:
    path = tmp_path / "submission.csv"
    write_submission(path, read(content), np.array([7, 0]), competition)
    assert path.read_bytes() == expected.encode()


def test_a_submission_needs_a_prediction_for_each_row(
    read: Callable[..., Dataset], tmp_path: Path
) -> None:
    for competition in ("digit-recognizer", "nn5"):
        with pytest.raises(ValueError, match=r"shorter|longer"):
            write_submission(tmp_path / "s.csv", read(TEST), [1], competition)
    assert list(tmp_path.iterdir()) == []


def test_probabilities_give_each_float32_back(read: Callable[..., Dataset], tmp_path: Path) -> None:
    path = tmp_path / "probabilities.csv"
    shares = np.random.default_rng(0).dirichlet(np.full(10, 0.1), 2).astype(np.float32)
    write_probabilities(path, read(TEST), shares)
    with path.open(newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["id", *"0123456789"]
    assert [row[0] for row in rows] == ["a17", "b2"]
    assert np.array_equal(np.array([row[1:] for row in rows], np.float32), shares)


def test_an_impossible_place_is_told_in_one_line(
    read: Callable[..., Dataset], tmp_path: Path
) -> None:
    with pytest.raises(NNTrainError, match=r"s\.csv: cannot be written: No such file"):
        write_submission(tmp_path / "missing" / "s.csv", read(TEST), [1, 2], "nn5")


# The real thing.

# The peak is read from /proc: getrusage would also count the parent's memory before the exec.
SCRIPT = """
import re, sys
from pathlib import Path
from nntrain.data.kaggle import read_csv
digits = read_csv(sys.argv[1], labels="required")
print(digits.describe())
print(digits.pixels.sum(), digits.labels[:5].tolist())
print(int(re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024)
"""


@pytest.mark.skipif("NNTRAIN_MNIST" not in os.environ, reason="NNTRAIN_MNIST names no folder")
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells the peak")
def test_mnist_is_read_within_400_megabytes() -> None:
    path = Path(os.environ["NNTRAIN_MNIST"]) / "train.csv.gz"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT, str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    description, check, megabytes = done.stdout.splitlines()
    assert description == "60,000 rows, digits 0–9, 28×28, label column 'label'"
    assert check == "1567298545 [5, 0, 4, 1, 9]"
    assert float(megabytes) < 400
