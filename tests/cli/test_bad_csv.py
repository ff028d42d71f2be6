"""Invalid and unusual CSVs, through the commands that read them."""

import bz2
import gzip
import lzma
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from nntrain.cli import main
from nntrain.data import cache, kaggle
from nntrain.training import checkpoint
from tests.support.csvs import zipped
from tests.support.tiny import CONFIG

Rows = list[list[str]]

TINY = CONFIG.format(train="train.csv").replace("classes: 3", "classes: 10")
TINY = TINY.replace("dense: 3", "dense: 10")
PIXELS = [f"pixel{number}" for number in range(16)]
TEST: Rows = [
    PIXELS,
    *([str((31 * row + 7 * column) % 256) for column in range(16)] for row in range(40)),
]
TRAIN: Rows = [
    ["label", *PIXELS],
    *([str(row % 10), *cells] for row, cells in enumerate(TEST[1:])),
]
TABLES = {"train": TRAIN, "test": TEST}


def text(rows: Rows) -> bytes:
    return "".join(",".join(row) + "\n" for row in rows).encode()


def with_cell(column: str, value: str, rows: Rows) -> bytes:
    """Replace a cell of row 5."""
    at = rows[0].index(column)
    return text([*rows[:5], [*rows[5][:at], value, *rows[5][at + 1 :]], *rows[6:]])


def with_row(change: Callable[[list[str]], list[str]], rows: Rows) -> bytes:
    return text([*rows[:5], change(rows[5]), *rows[6:]])


def with_columns(change: Callable[[list[str]], list[str]], rows: Rows) -> bytes:
    return text([change(row) for row in rows])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Make a working directory with a finished run, where every CSV is cached."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("NNTRAIN_CACHE", str(folder / "cache"))
        Path("train.csv").write_bytes(text(TRAIN))
        Path("tiny.yaml").write_text(TINY)
        assert run("fit", "tiny.yaml", "--run", "done")[0] == 0
        patch.setattr(kaggle, "MIN_CACHED_BYTES", 0)
        yield folder


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, list(arguments), catch_exceptions=False)
    return result.exit_code, result.stdout, result.stderr


def commands(kind: str, path: str) -> list[list[str]]:
    """Return the commands that read a CSV of this kind."""
    if kind == "test":
        return [["predict", "done", "--test", path]]
    return [
        ["fit", "tiny.yaml", "--set", f"data.train={path}", "--run", "new"],
        ["evaluate", "done", "--data", path],
    ]


def files(home: Path) -> set[Path]:
    """Return all files except the lock of the cache, when all of it is written."""
    cache.finish_writing()
    return {path for path in home.rglob("*") if path.is_file() and path.name != ".lock"}


NOT_A_DIGIT = (
    "{0}.csv:6: row 5, column 'label': {1} is not a digit 0–9; correct it or remove the row"
)
NOT_A_PIXEL = (
    "{0}.csv:6: row 5, column 'pixel6': {1} is not a pixel, a whole number 0–255; "
    "correct it or remove the row"
)
CUT = (
    "{0}.csv: is damaged or truncated (Compressed file ended before the end-of-stream marker was "
    "reached); download it again"
)

# What is wrong: the file's bytes, made of its good rows, and the line.
FAULTS: dict[str, tuple[Callable[[Rows], bytes], str]] = {
    **{
        f"pixel {value!r}": (
            partial(with_cell, "pixel6", value),
            NOT_A_PIXEL.format("{0}", repr(value) if value else "a blank"),
        )
        for value in ("256", "-1", "12.5", "NaN", "dark", "", "1\0")
    },
    "short row": (
        partial(with_row, lambda row: row[:-2]),
        "{0}.csv:6: row 5: {short} cells instead of {width} as in the first line, "
        "ends before column 'pixel14'; correct the row or remove it",
    ),
    "long row": (
        partial(with_row, lambda row: [*row, "0"]),
        "{0}.csv:6: row 5: {long} cells instead of {width} as in the first line, "
        "too long; correct the row or remove it",
    ),
    "stray quote": (
        partial(with_cell, "pixel6", '"12'),
        "{0}.csv:6: row 5, column 'pixel6': a stray quote in '\"12'; "
        "quotes go around whole cells, and cells hold no commas",
    ),
    "stray quote in the header": (
        lambda rows: b'"' + text(rows),
        "{0}.csv:1: column 1: a stray quote in '\"{first}'; "
        "quotes go around whole cells, and cells hold no commas",
    ),
    "NUL byte in the header": (
        lambda rows: b"\0" + text(rows),
        "{0}.csv:1: NUL bytes, as in UTF-16 or binary files; give a CSV, saved as UTF-8",
    ),
    "column missing": (
        partial(with_columns, lambda row: [*row[:-8], *row[-7:]]),
        "{0}.csv: pixel column 'pixel8' is missing; give a file with every pixel",
    ),
    "column doubled": (
        partial(with_columns, lambda row: [*row, row[-1]]),
        "{0}.csv: column 'pixel15' appears 2 times; keep one",
    ),
    "column too many": (
        lambda rows: text([[*rows[0], "weight"], *([*row, "1"] for row in rows[1:])]),
        "{0}.csv: column 'weight' is neither the label, nor the id, nor a pixel like 'pixel0'; "
        "remove it or say which it is",
    ),
    "columns missing without a header": (
        lambda rows: with_columns(lambda row: row[:-3], rows[1:]),
        "{0}.csv: {columns} columns without a header are neither a square image nor a label "
        "and a square image; add a header such as label,pixel0,pixel1",
    ),
    "header only": (
        lambda rows: text(rows[:1]),
        "{0}.csv: has a header but no rows; give a file with rows",
    ),
    "empty": (lambda rows: b"", "{0}.csv: is empty; give a CSV with rows of pixels"),
    "gz cut short": (lambda rows: gzip.compress(text(rows), mtime=0)[:-9], CUT),
    "bz2 cut short": (lambda rows: bz2.compress(text(rows))[:-9], CUT),
    "xz cut short": (lambda rows: lzma.compress(text(rows))[:-9], CUT),
    "zip cut short": (
        lambda rows: zipped(text(rows))[:-9],
        "{0}.csv: is damaged or truncated (File is not a zip file); download it again",
    ),
    "zip without its beginning": (
        lambda rows: zipped(text(rows))[:4] + zipped(text(rows))[5:],
        "{0}.csv: is damaged or truncated (its directory points before its first byte); "
        "download it again",
    ),
    "zip of two files": (
        lambda rows: zipped(text(rows), "a.csv", "b.csv"),
        "{0}.csv: a .zip of 2 files, a.csv, b.csv; name one, such as {0}.csv/a.csv",
    ),
    "image": (
        lambda rows: b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        "{0}.csv: is a PNG image; give a CSV, saved as UTF-8",
    ),
    "notebook": (
        lambda rows: b'{\n "cells": [],\n "nbformat": 4}',
        "{0}.csv: is JSON, perhaps a notebook; give a CSV, saved as UTF-8",
    ),
    "UTF-16": (
        lambda rows: text(rows).decode().encode("utf-16"),
        "{0}.csv: is UTF-16 text; give a CSV, saved as UTF-8",
    ),
    "UTF-16 without a mark": (
        lambda rows: text(rows).decode().encode("utf-16-le"),
        "{0}.csv:1: NUL bytes, as in UTF-16 or binary files; give a CSV, saved as UTF-8",
    ),
    "carriage returns alone": (
        lambda rows: text(rows).replace(b"\n", b"\r"),
        "{0}.csv:1: a carriage return within the line; "
        "save it with lines that end in \\n or \\r\\n",
    ),
    "line without an end": (
        lambda rows: text(rows) + b"0," * 1_000_000,
        "{0}.csv:42: a line of more than 1,048,576 bytes; give a CSV with one image per line",
    ),
}
TRAINING_FAULTS: dict[str, tuple[Callable[[Rows], bytes], str]] = {
    **{
        f"label {value!r}": (
            partial(with_cell, "label", value),
            NOT_A_DIGIT.format("{0}", repr(value) if value.strip() else "a blank"),
        )
        for value in ("10", "-1", "3.5", "", " ", "seven")
    },
    "label doubled": (
        partial(with_columns, lambda row: [row[0], *row]),
        "{0}.csv: column 'label' appears 2 times; keep one",
    ),
    "test file": (
        lambda rows: text(TEST),
        "{0}.csv: has no label column, it looks like a test file; "
        "give the training file, or name the column that holds the digits",
    ),
}
TEST_FAULTS: dict[str, tuple[Callable[[Rows], bytes], str]] = {
    "training file": (
        lambda rows: text(TRAIN),
        "{0}.csv: has labels (column 'label'), it looks like a training file; "
        "give the test file, or use 'nntrain evaluate' for a labelled one",
    ),
    "training file without a header": (
        lambda rows: text(TRAIN[1:]),
        "{0}.csv: has labels (column 'column 1'), it looks like a training file; "
        "give the test file, or use 'nntrain evaluate' for a labelled one",
    ),
}
CASES = [
    pytest.param(kind, *fault, id=f"{kind}: {name}")
    for kind, faults in [
        ("train", FAULTS | TRAINING_FAULTS),
        ("test", FAULTS | TEST_FAULTS),
    ]
    for name, fault in faults.items()
]


def line(template: str, kind: str) -> str:
    width = len(TABLES[kind][0])
    return template.format(
        f"bad-{kind}",
        width=width,
        short=width - 2,
        long=width + 1,
        columns=width - 3,
        first=TABLES[kind][0][0],
    )


@pytest.mark.parametrize(("kind", "make", "template"), CASES)
def test_an_invalid_csv_is_one_line_and_leaves_no_file(
    home: Path, kind: str, make: Callable[[Rows], bytes], template: str
) -> None:
    path = home / f"bad-{kind}.csv"
    path.write_bytes(make(TABLES[kind]))
    before = files(home)
    for command in commands(kind, path.name):
        assert run(*command) == (1, "", line(template, kind) + "\n")
        assert files(home) == before


@pytest.mark.parametrize("kind", ["train", "test"])
def test_an_unreadable_csv_is_one_line_and_leaves_no_file(
    home: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    (home / "folder.csv").mkdir(exist_ok=True)
    (home / "locked.csv").write_bytes(text(TABLES[kind]))
    before = files(home)
    opened = Path.open

    def refuse(path: Path, *arguments: Any, **options: Any) -> object:
        if path.name == "locked.csv":
            raise PermissionError(13, "Permission denied")
        return opened(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", refuse)  # root may read everything
    monkeypatch.setattr(os, "access", lambda path, *_: Path(path).name != "locked.csv")
    for name, fault in [
        ("folder.csv", "cannot be read: Is a directory; give a CSV file you may read"),
        ("trian.csv", "no such file; did you mean 'train.csv'?"),
        ("locked.csv", "cannot be read: Permission denied; give a CSV file you may read"),
    ]:
        for command in [*commands(kind, name), ["data", "check", name]]:
            assert run(*command) == (1, "", f"{name}: {fault}\n")
            assert files(home) == before


def test_labels_that_are_all_equal_are_one_line(home: Path) -> None:
    before = files(home)
    for rows in (TRAIN[:2], [TRAIN[0], *(["0", *row] for row in TEST[1:])]):
        (home / "same.csv").write_bytes(text(rows))
        assert run("fit", "tiny.yaml", "--set", "data.train=same.csv", "--run", "new") == (
            1,
            "",
            "same.csv: all labels are 0; give a file with at least two different digits\n",
        )
        assert not (home / "new").exists()
    (home / "same.csv").unlink()
    assert {path for path in files(home) - before if path.parts[-4:-2] != ("cache", "csv")} == set()


@pytest.mark.parametrize(
    ("rows", "warning"),
    [
        ([row for row in TRAIN if row[0] != "7"], "digits without a row: 7"),
        (
            [row[:-1] for row in TRAIN],
            "15 pixels per row are not a square image; is a column missing?",
        ),
    ],
)
def test_unlikely_contents_are_a_warning(
    home: Path, tmp_path: Path, rows: Rows, warning: str
) -> None:
    path = tmp_path / "odd.csv"
    path.write_bytes(text(rows))
    status, _, err = run(
        "fit", "tiny.yaml", "--set", f"data.train={path}", "--run", str(tmp_path / "new")
    )
    assert status == 0
    assert [said for said in err.splitlines() if "warning" in said] == [
        f"warning: {path}: {warning}"
    ]
    status, _, err = run("data", "check", str(path))
    assert (status, err) == (0, f"warning: {path}: {warning}\n")


def test_images_of_another_size_are_refused(home: Path) -> None:
    (home / "small.csv").write_bytes(text([row[:9] for row in TEST]))
    status, out, err = run("predict", "done", "--test", "small.csv")
    assert (status, out) == (1, "")
    assert err.splitlines()[-1] == (
        "small.csv: 9 pixels a row, but done was trained on 16; give a CSV of pictures of that size"
    )
    assert not (home / "submission.csv").exists()


# How the same rows may be written, too.
def quoted(rows: Rows, before: str = "", after: str = "") -> bytes:
    return text([[f'{before}"{cell}"{after}' for cell in row] for row in rows])


DIALECTS: dict[str, Callable[[Rows], bytes]] = {
    "BOM": lambda rows: b"\xef\xbb\xbf" + text(rows),
    "CRLF": lambda rows: text(rows).replace(b"\n", b"\r\n"),
    "quotes": quoted,
    "spaces": lambda rows: text([[f" {cell} " for cell in row] for row in rows]),
    "quotes and spaces": partial(quoted, before=" ", after=" "),
    "decimal points": lambda rows: text([rows[0], *([f"{c}.0" for c in row] for row in rows[1:])]),
    "no final newline": lambda rows: text(rows)[:-1],
    "out of order": partial(with_columns, lambda row: row[::-1]),
    "no header": lambda rows: text(rows[1:]),
    "gz": lambda rows: gzip.compress(text(rows)),
    "bz2": lambda rows: bz2.compress(text(rows)),
    "xz": lambda rows: lzma.compress(text(rows)),
    "zip": lambda rows: zipped(text(rows)),
}


@pytest.fixture(scope="module")
def plainly(home: Path) -> list[bytes]:
    return results(home, text(TRAIN), text(TEST))


def results(home: Path, train: bytes, test: bytes) -> list[bytes]:
    """Return the digest of all rows, the weights and the submission of two CSVs."""
    (home / "odd-train.csv").write_bytes(train)
    (home / "odd-test.csv").write_bytes(test)
    assert run("fit", "tiny.yaml", "--set", "data.train=odd-train.csv", "--run", "odd")[0] == 0
    options = ["--test", "odd-test.csv", "--out", "odd-submission.csv", "--probabilities"]
    assert run("predict", "odd", *options)[0] == 0
    saved = checkpoint.load(home / "odd/best.npz")
    shutil.rmtree(home / "odd")
    submission = (home / "odd-submission.csv").read_bytes()
    return [saved.meta.data_digest.encode(), saved.parameters.tobytes(), submission]


@pytest.mark.parametrize("write", DIALECTS.values(), ids=DIALECTS)
def test_the_same_rows_in_another_notation_give_the_same_bits(
    home: Path, plainly: list[bytes], write: Callable[[Rows], bytes]
) -> None:
    assert results(home, write(TRAIN), write(TEST)) == plainly


@pytest.mark.parametrize(
    "name",
    [
        "gz cut short",
        # Like the one before, as all faults are tried in this process above.
        pytest.param("stray quote", marks=pytest.mark.slow),
        pytest.param("pixel '256'", marks=pytest.mark.slow),
        pytest.param("UTF-16", marks=pytest.mark.slow),
    ],
)
def test_a_process_prints_nothing_but_the_line(home: Path, name: str) -> None:
    make, template = FAULTS[name]
    (home / "bad-test.csv").write_bytes(make(TEST))
    before = files(home)
    done = subprocess.run(
        [sys.executable, "-W", "always", "-m", "nntrain", *commands("test", "bad-test.csv")[0]],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == line(template, "test") + "\n"
    assert files(home) == before


# The peak is read from /proc: getrusage would also count the parent's memory before the exec.
PEAK = """
import re, sys
from pathlib import Path
import nntrain.data.kaggle
from nntrain.cli import main
def peak():
    return int(re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024
before = peak()
try:
    main(["data", "check", sys.argv[1]])
finally:
    print(peak() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells the peak")
@pytest.mark.parametrize("pack", [bytes, partial(gzip.compress, compresslevel=1)])
def test_a_line_of_forty_megabytes_takes_little_memory(
    home: Path, pack: Callable[[bytes], bytes]
) -> None:
    path = home / "long.csv"
    before = files(home)
    path.write_bytes(pack(text(TEST) + b"0," * 20_000_000))
    done = subprocess.run(
        [sys.executable, "-c", PEAK, path.name], capture_output=True, encoding="utf-8"
    )
    path.unlink()
    assert done.returncode == 1
    assert done.stderr == (
        "long.csv:42: a line of more than 1,048,576 bytes; give a CSV with one image per line\n"
    )
    assert float(done.stdout) < 20
    assert files(home) == before
