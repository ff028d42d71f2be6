"""Writes submissions and probabilities for a test file.

Ids are those of the test file, under their own name. Files are packed as their names say.
"""

import bz2
import csv
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nntrain.data.annotations import counts_rows
from nntrain.data.archives import divide
from nntrain.data.cells import format_cell, quoted
from nntrain.data.dataset import Dataset
from nntrain.data.decompress import decompress, open_binary
from nntrain.data.labels import codes_of, label_of, numbered
from nntrain.errors import ConfigError, DataError, printable
from nntrain.files import atomic_write

_HEADERS = {"digit-recognizer": ("ImageId", "Label"), "nn5": ("id", "number")}
COMPETITIONS = ("auto", *_HEADERS)
_LONGEST_HEADER = 100_000  # bytes
_PACKERS: dict[str, Callable[[bytes, str], bytes]] = {
    ".gz": lambda content, _: gzip.compress(content, mtime=0),
    ".bz2": lambda content, _: bz2.compress(content),
    ".xz": lambda content, _: lzma.compress(content),
    ".zip": lambda content, name: _zipped(content, name),
}
_OTHER_KINDS = {
    *(".7z", ".rar", ".tar", ".tgz", ".zst", ".z", ".br", ".lz4"),
    *(".xlsx", ".xls", ".ods", ".parquet", ".feather", ".json", ".npy", ".npz", ".h5", ".pkl"),
}


class Form(NamedTuple):
    """The form of a submission.

    Attributes:
        header: Names of the columns.
        rows: Row of the test file for each row of the submission, shape (N,).
        ids: Ids of the submission's rows.
        id_position: Column of the ids.
        id_name: Name of the id column of probabilities.
        decision: Why this form was chosen.
        competition: The competition on Kaggle, if it is known.
    """

    header: tuple[str, ...]
    rows: NDArray[np.intp]
    ids: list[str]
    id_position: int
    id_name: str
    decision: str
    competition: str | None


def form_for(dataset: Dataset, competition: str = "auto") -> Form:
    """The form that a competition asks for, with the test file's ids or, without, 1 … N.

    "auto" chooses nn5 for a column `id` or one without a name, digit-recognizer for `ImageId` and
    for a file without ids, and for another column its own name beside `Label`.

    Raises:
        ConfigError: If there is no such competition.
    """
    if competition not in COMPETITIONS:
        raise ConfigError(
            f"unknown competition {competition!r}; choose auto, digit-recognizer or nn5"
        )
    name = dataset.id_column
    chosen: str | None = competition
    decision = "as --competition says"
    if competition == "auto":
        chosen = "digit-recognizer" if name in (None, "ImageId") else None
        if name == "id" or (name or "").startswith("column "):
            chosen = "nn5"
        what = "the test file has no ids" if name is None else f"its ids are in {quoted(name)}"
        decision = f"since {what}; --competition or --like choose other columns"
    header = _HEADERS[chosen] if chosen else (name or "id", "Label")
    return Form(header, np.arange(len(dataset)), _ids(dataset), 0, name or "id", decision, chosen)


def form_like(sample: Path, dataset: Dataset, classes: Sequence[str]) -> Form:
    """The form of a sample submission: exactly its columns, ids, order and number of rows.

    Its columns are ids and labels; or ids and one for each class, for probabilities.

    Args:
        sample: CSV, compressed or not; or a file in a .zip.
        dataset: The test file.
        classes: Names of the classes.

    Raises:
        DataError: If the sample cannot be read, or its ids are not those of the test file.
    """
    source = printable(str(sample))
    header, table = _read_sample(sample, source)
    own = dataset.id_column
    position = header.index(own) if own in header else 0
    others = [name for at, name in enumerate(header) if at != position]
    if len(others) != 1 and set(others) != set(classes):
        raise DataError(
            f"{source}: has the columns {quoted(','.join(header))}; a sample has an id and a "
            "label, or an id and a column for each class"
        )
    ids = [row[position] for row in table]
    rows = _rows_of(ids, dataset, source)
    return Form(tuple(header), rows, ids, position, header[position], f"as {source}", None)


def _read_sample(sample: Path, source: str) -> tuple[list[str], list[list[str]]]:
    place, member = divide(sample)
    with open_binary(place, source) as file:
        text = decompress(file, source, member).read().decode("utf-8-sig", "replace")
    header, *table = [row for row in csv.reader(io.StringIO(text)) if row] or [[]]
    for number, row in enumerate(table, 1):
        if len(row) != len(header):
            raise DataError(
                f"{source}: row {number}: {len(row)} cells instead of {len(header)} as in the "
                "header; give the competition's own file"
            )
    if len(header) < 2 or not table:
        raise DataError(f"{source}: is no sample submission; give a CSV with ids and labels")
    return header, table


def _rows_of(ids: list[str], dataset: Dataset, source: str) -> NDArray[np.intp]:
    """Row of the test file for each id of a sample.

    Raises:
        DataError: If an id is missing in the test file or is given twice; or if the test file has
            no ids, and those of the sample do not count its rows from 0 or 1 on.
    """
    known = _ids(dataset)
    if dataset.ids is None:
        counted = sorted(ids, key=lambda text: (len(text), text))
        if len(ids) != len(dataset) or not counts_rows(counted):
            raise DataError(
                f"{source}: its {len(ids):,} ids do not count the {len(dataset):,} rows of "
                f"{dataset.source}, which has no ids; give the sample of this test file"
            )
        known = counted
    row_of = {_key(name): row for row, name in enumerate(known)}
    if len(set(ids)) < len(ids):
        twice = next(name for at, name in enumerate(ids) if name in ids[:at])
        raise DataError(f"{source}: id {format_cell(twice)} is there twice; give each once")
    for name in ids:
        if _key(name) not in row_of:
            raise DataError(
                f"{source}: id {format_cell(name)} is not in {dataset.source}, whose ids are "
                f"{format_cell(known[0])} to {format_cell(known[-1])}; give the sample of this "
                "test file, or name its ids with --id-column"
            )
    return np.array([row_of[_key(name)] for name in ids], np.intp)


def write_submission(path: Path, form: Form, answers: Sequence[str]) -> None:
    """Write ids and the answer for each row of the test file, in this form.

    Raises:
        NNTrainError: If the file cannot be written.
    """
    if len(answers) < len(form.rows):
        raise ValueError("fewer answers than rows")
    rows = [(name, answers[row]) for name, row in zip(form.ids, form.rows, strict=True)]
    _write(path, form.header, [row[::-1] if form.id_position else row for row in rows])


def write_probabilities(
    path: Path, form: Form, classes: Sequence[str], probabilities: NDArray[np.floating]
) -> None:
    """Write ids and the probability of each class, `(N, classes)`: `id,0,1,…,9`.

    They are written with nine digits, exact for float32. A sample with a column for each class
    determines their order.

    Raises:
        NNTrainError: If the file cannot be written.
    """
    header = [form.id_name, *classes]
    if len(form.header) == len(header):
        header = list(form.header)
    codes = codes_of(header, classes)
    rows = []
    for name, row in zip(form.ids, probabilities[form.rows].tolist(), strict=True):
        rows.append([name if code is None else f"{row[code]:.9g}" for code in codes])
    _write(path, header, rows)


def check_packing(path: Path) -> None:
    """Check that a file of this name can be written as CSV, packed or not.

    Raises:
        ConfigError: If its ending is that of another kind of file.
    """
    if path.suffix.lower() in _OTHER_KINDS:
        raise ConfigError(
            f"{path}: submissions are CSVs; name a file that ends in .csv, .csv.gz, .csv.zip, "
            ".csv.bz2 or .csv.xz"
        )


def holds_answers(path: Path, form: Form, classes: Sequence[str]) -> bool:
    """Whether a file is empty or has the header of a submission or of probabilities.

    Args:
        path: The file.
        form: A form whose header is a submission's, too.
        classes: Names of the classes of probabilities.

    Raises:
        DataError: If the file cannot be read.
    """
    source = printable(str(path))
    with open_binary(path, source) as file:
        first = decompress(file, source).readline(_LONGEST_HEADER).decode("utf-8", "replace")
    header = tuple(first.strip().split(","))
    labels = header[1:]
    answers = {name for _, name in _HEADERS.values()}
    return (
        not first
        or header == form.header
        or (len(labels) == 1 and labels[0] in answers)
        or labels == tuple(classes)
        or (len(labels) > 1 and labels == numbered(len(labels)))
    )


def _key(identifier: str) -> str:
    """The id without differences of notation, such as 1.0 for 1."""
    return label_of(identifier) or identifier


def _ids(dataset: Dataset) -> list[str]:
    if dataset.ids is None:
        return [str(number) for number in range(1, len(dataset) + 1)]
    return list(dataset.ids.tolist())


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    content = text.getvalue().encode()
    pack = _PACKERS.get(path.suffix.lower())
    with atomic_write(path) as file:
        file.write(pack(content, path.stem) if pack else content)


def _zipped(content: bytes, name: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        # A fixed time, so that equal answers are equal files.
        archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return packed.getvalue()
