"""Kaggle's CSVs in, its submissions out."""

import csv
import hashlib
import io
import os
from collections.abc import Iterable
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import IO, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nntrain.data.cache import ENVIRONMENT, Cache, default_folder, entry_name
from nntrain.data.columns import Layout, is_header, layout_of, looks_labelled
from nntrain.data.dataset import Dataset, RowBlocks, RowStream
from nntrain.data.lines import Line, lines_of, opened, stray_quote, unpacked, without_quotes
from nntrain.data.table import Table
from nntrain.errors import ConfigError, DataError, printable
from nntrain.files import atomic_write

Competition = Literal["digit-recognizer", "nn5"]
_HEADERS: dict[Competition, list[str]] = {
    "digit-recognizer": ["ImageId", "Label"],
    "nn5": ["id", "number"],
}
_WORTH_CACHING = 1 << 20  # bytes of a CSV; smaller ones are read in no time


def read_csv(
    path: str | Path,
    *,
    labels: Literal["required", "forbidden", "optional"] = "optional",
    classes: int = 10,
    label_column: str | None = None,
    id_column: str | None = None,
) -> Dataset:
    """Read a CSV of digits; `nntrain.data.columns` says how the columns are told apart.

    Plain, `.gz`, `.zip`, `.bz2` and `.xz` are recognised by content, not by name. What a large file
    holds is kept in a cache, so that the same bytes are parsed once (`nntrain.data.cache`).

    Args:
        path: The file.
        labels: Whether there must be labels, must be none, or may be.
        classes: Labels are 0 … `classes` − 1; at most 256.
        label_column: The label column's name ("column 1" and so on if the file has no header).
        id_column: The id column's name, likewise.

    Raises:
        DataError: The file cannot be read or does not hold what it should.
    """
    source = printable(str(path))
    wanted = _Wanted(labels, classes, label_column, id_column)
    with opened(Path(path), source) as file:
        if not file.seekable():  # a pipe gives its bytes once
            return Dataset.from_rows(RowStream(wanted.parse(file, source)), source)
        content = _sha256(file)
        doubt = None
        if os.fstat(file.fileno()).st_size >= _WORTH_CACHING:
            cache, name = Cache(default_folder()), entry_name(content, **wanted._asdict())
            not_own = cache.not_own(name)
            if not_own is None:
                rows = RowStream(wanted.parse_unchanged(file, source, content))
                kept = cache.load(name, source) or cache.store(name, source, rows)
                if kept is not None:
                    return kept
            else:
                doubt = (
                    f"{not_own}: is not used as a cache of {source}, since others may write to it; "
                    f"remove it, or name another folder in {ENVIRONMENT}"
                )
        rows = RowStream(wanted.parse_unchanged(file, source, content))
        return replace(Dataset.from_rows(rows, source), cache_warning=doubt)


def count_pixels(path: str | Path, label_column: str | None = None) -> int:
    """How many pixels a row of a labelled CSV has, by its first line alone.

    Raises:
        DataError: The file cannot be read, or its columns are none of a labelled CSV.
    """
    source = printable(str(path))
    with opened(Path(path), source) as file:
        _, layout, _ = _Wanted("required", 10, label_column, None).columns(file, source)
        return len(layout.pixels)


class _Wanted(NamedTuple):
    """What a CSV is to be read as; see `read_csv`."""

    labels: Literal["required", "forbidden", "optional"]
    classes: int
    label_column: str | None
    id_column: str | None

    def parse_unchanged(self, file: io.BufferedReader, source: str, content: str) -> RowBlocks:
        """Read a file from its first byte, and check that it is the one hashed before.

        Raises:
            DataError: Its SHA-256 is no longer `content`; or as `parse` has it.
        """
        file.seek(0)
        beside = yield from self.parse(file, source)
        if _sha256(file) != content:
            raise DataError(f"{source}: was changed while it was read; read it again")
        return beside

    def parse(self, file: io.BufferedReader, source: str) -> RowBlocks:
        """Read the columns' names, then the rows.

        Raises:
            DataError: They do not hold what they should.
        """
        names, layout, lines = self.columns(file, source)
        beside = yield from Table(source, names, layout, self.classes).read(lines)
        if self.labels == "forbidden" and beside.label_column is not None:
            raise looks_labelled(source, beside.label_column)
        return beside

    def columns(
        self, file: io.BufferedReader, source: str
    ) -> tuple[list[str], Layout, Iterable[Line]]:
        """The columns' names, what they hold, and the rows below."""
        lines = lines_of(unpacked(file, source), source)
        first = next(lines)
        text = without_quotes(first.text)
        if b'"' in text:
            raise stray_quote(text, lambda column: f"{source}:{first.number}: column {column + 1}")
        names = [cell.strip() for cell in text.decode().split(",")]
        has_header = is_header(names, {self.label_column, self.id_column})
        if not has_header:
            names = [f"column {number + 1}" for number in range(len(names))]
            lines = chain([first], lines)
        layout = layout_of(
            names,
            source,
            has_header=has_header,
            labels=self.labels,
            label_column=self.label_column,
            id_column=self.id_column,
        )
        return names, layout, lines


def _sha256(file: io.BufferedReader) -> str:
    """The SHA-256 of all that a file holds now."""
    content = hashlib.sha256()
    file.seek(0, os.SEEK_END)  # drops what is buffered, as a seek within the buffer does not
    file.seek(0)
    while chunk := file.read(1 << 20):
        content.update(chunk)
    return content.hexdigest()


def write_csv(path: str | Path, pixels: NDArray[np.uint8], labels: ArrayLike | None = None) -> None:
    """Write digits as Kaggle's digit-recognizer has them: `label,pixel0,…` or `pixel0,…`.

    Args:
        path: The file to replace or create.
        pixels: Grey values, `(N, P)`.
        labels: Digits, `(N,)`, or none for a test file.

    Raises:
        NNTrainError: The file cannot be written.
    """
    with atomic_write(Path(path), "w") as file:
        write_table(file, pixels, labels)


def write_table(file: IO[str], pixels: NDArray[np.uint8], labels: ArrayLike | None = None) -> None:
    """What `write_csv` writes, into a file that is open already."""
    header = [f"pixel{number}" for number in range(pixels.shape[1])]
    table = pixels
    if labels is not None:
        header.insert(0, "label")
        table = np.column_stack([np.asarray(labels, dtype=np.uint8), pixels])
    texts = [str(value) for value in range(256)]
    file.write(",".join(header) + "\n")
    for row in table:
        file.write(",".join([texts[value] for value in row.tolist()]) + "\n")


def competition_of(digits: Dataset, competition: str = "auto") -> Competition:
    """The competition a test file belongs to: only nn5's has a column of ids.

    Raises:
        ConfigError: `competition` is neither "auto" nor the name of one.
    """
    if competition == "auto":
        return "digit-recognizer" if digits.ids is None else "nn5"
    if competition == "digit-recognizer":
        return "digit-recognizer"
    if competition == "nn5":
        return "nn5"
    raise ConfigError(f"unknown competition {competition!r}; choose auto, digit-recognizer or nn5")


def write_submission(
    path: str | Path, digits: Dataset, predictions: ArrayLike, competition: Competition
) -> None:
    """Write what Kaggle scores: `ImageId,Label` with ids from 1, or `id,number` with the file's.

    Args:
        path: The file to replace or create.
        digits: The test file's N rows.
        predictions: Their predicted digits, `(N,)`.
        competition: Whose form it takes; nn5 counts from 1, too, if `digits` has no ids.

    Raises:
        NNTrainError: The file cannot be written.
    """
    ids = _ids(digits) if competition == "nn5" else range(1, len(digits) + 1)
    _write_rows(
        path, _HEADERS[competition], zip(ids, np.asarray(predictions).tolist(), strict=True)
    )


def write_probabilities(path: str | Path, digits: Dataset, probabilities: NDArray[Any]) -> None:
    """Write each row's id and its probability for each digit: `id,0,1,…,9`.

    Args:
        path: The file to replace or create.
        digits: The test file's N rows.
        probabilities: `(N, classes)`; nine significant digits give each float32 back exactly.

    Raises:
        NNTrainError: The file cannot be written.
    """
    header = [digits.id_column or "id", *map(str, range(probabilities.shape[1]))]
    rows = zip(_ids(digits), probabilities.tolist(), strict=True)
    _write_rows(path, header, ([name, *(f"{p:.9g}" for p in row)] for name, row in rows))


def holds_answers(path: Path) -> bool:
    """Whether a file is empty, or begins as `write_submission` and `write_probabilities` do.

    Raises:
        DataError: It cannot be read.
    """
    try:
        with path.open("rb") as file:
            first = file.readline(1000).decode("utf-8", "replace")
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error
    header = first.strip().split(",")
    classes = header[1:]
    return (
        not first
        or header in _HEADERS.values()
        or (2 <= len(classes) <= 10 and classes == [str(digit) for digit in range(len(classes))])
    )


def _ids(digits: Dataset) -> list[Any]:
    return list(range(1, len(digits) + 1)) if digits.ids is None else digits.ids.tolist()


def _write_rows(path: str | Path, header: list[str], rows: Iterable[Iterable[object]]) -> None:
    with atomic_write(Path(path), "w") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
