"""Strategies for CSVs, and their compressed forms."""

import bz2
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st
from numpy.typing import NDArray

from nntrain.data.dataset import Annotations, Dataset
from nntrain.data.labels import numbered
from nntrain.errors import DataError


def zipped(content: bytes, *members: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for member in members or ("train.csv",):
            # A fixed time: with the current one, xdist's workers would collect different tests.
            archive.writestr(zipfile.ZipInfo(member), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": partial(gzip.compress, mtime=0),
    ".zip": zipped,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
}


TRAIN = b"label,pixel0,pixel1,pixel2,pixel3\n5,0,1,2,3\n7,4,5,6,255\n"


TEST = b"id,n1,n2,n3,n4\na17,0,1,2,3\nb2,4,5,6,255\n"


PIXELS = [[0, 1, 2, 3], [4, 5, 6, 255]]


def refusal(read: Callable[..., Dataset], content: bytes, **options: Any) -> str:
    with pytest.raises(DataError) as caught:
        read(content, **options)
    message = str(caught.value)
    assert message.isprintable(), "one line, and nothing that moves the cursor"
    assert "file.csv" in message
    assert ";" in message, "the problem, then a hint"
    return message


def make_dataset(
    pixels: NDArray[np.uint8], labels: Any = None, source: str = "train.csv", classes: int = 10
) -> Dataset:
    """Rows with labels 0 … classes − 1, or without labels."""
    if labels is None:
        return Dataset(pixels, source)
    numbers = np.asarray(labels).astype(np.uint8)
    return Dataset(pixels, source, Annotations(numbers, numbered(classes), None, "label"))


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
    """Uncompressed bytes of a table."""
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


def corrupted(content: bytes, data: st.DataObject) -> tuple[bytes, bool]:
    """Change, insert or delete a byte, or truncate; also returns whether it truncated."""
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
    others = [list(column) for column in (ids, labels) if column is not None]
    return [list(row) for row in zip(*others, *pixels.T.tolist(), strict=True)]


# Two rows at least: without a header, only another row says that the first is too short. And
# sixteen pixels: no single byte turns the names pixel0 … pixel15 into those of another order.
CORRUPTIBLE = tables(least=2, pixels=(16,))
