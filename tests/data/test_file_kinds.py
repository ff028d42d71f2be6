"""Files that are not CSVs are named for what they are, as real libraries write them."""

import gzip
import io
import pickle
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntrain.data.dataset import Dataset
from tests.support.csvs import refusal

ARRAY = np.zeros((2, 5), np.uint8)


def saved(save: Callable[[Any], None]) -> bytes:
    buffer = io.BytesIO()
    save(buffer)
    return buffer.getvalue()


def database(folder: Path) -> bytes:
    with sqlite3.connect(folder / "digits.db") as connection:
        connection.execute("CREATE TABLE digits (label)")
    connection.close()
    return (folder / "digits.db").read_bytes()


def workbook() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in ("[Content_Types].xml", "_rels/.rels", "xl/workbook.xml"):
            archive.writestr(name, "<xml/>")
    return buffer.getvalue()


FILES: dict[str, tuple[bytes, str]] = {
    "npy": (
        saved(lambda file: np.save(file, ARRAY)),
        "is a NumPy array; convert it: numpy.savetxt",
    ),
    "npz": (
        saved(lambda file: np.savez(file, x_train=ARRAY, y_train=ARRAY)),
        "is a file of NumPy arrays (x_train, y_train); stack",
    ),
    "xlsx": (workbook(), "is an Excel workbook or another document of Office; save it as CSV"),
    "xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "is an Excel workbook; save it as CSV"),
    "pickle": (pickle.dumps(ARRAY), "is perhaps a Python pickle; convert it: pandas.read_pickle"),
    "parquet": (b"PAR1\x15\x04\x15", "is a Parquet file; convert it: pandas.read_parquet"),
    "hdf5": (b"\x89HDF\r\n\x1a\n", "is an HDF5 file; convert it: pandas.read_hdf"),
    "idx": (
        b"\0\0\x08\x03\0\0\xea\x60",
        "is an IDX file of the original MNIST; 'nntrain data mnist'",
    ),
    "lfs": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
        "is a Git LFS pointer; fetch the file itself with 'git lfs pull'",
    ),
    "404": (b"404: Not Found", "is an error message of a web server; download the file again"),
    "404 of another server": (b"404 page not found\n", "is an error message of a web server"),
    "page": (b"\n\n<!DOCTYPE html>\n", "is a web page, perhaps from a download without signing in"),
}


@pytest.mark.parametrize("name", FILES)
def test_what_is_no_csv_is_named(read: Callable[..., Dataset], name: str) -> None:
    content, message = FILES[name]
    text = refusal(read, content)
    assert message in text
    assert len(text) < 300 + text.index(": is ")
    is_archive = content.startswith(b"PK")
    packed = refusal(read, gzip.compress(content))
    assert ("is a .zip within another archive; unpack it" if is_archive else message) in packed


def test_a_database_is_named(read: Callable[..., Dataset], tmp_path: Path) -> None:
    assert "is a SQLite database; convert it: pandas.read_sql" in refusal(read, database(tmp_path))


def test_a_row_that_begins_with_404_is_a_row(read: Callable[..., Dataset]) -> None:
    assert "column 'column 1': '404' is not a pixel" in refusal(read, b"404,0,0,0\n")
