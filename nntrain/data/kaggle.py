"""Reads Kaggle's CSVs, and writes data sets and submissions."""

import csv
import hashlib
import io
import os
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import IO, Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nntrain.data.cache import ENVIRONMENT, Cache, default_folder, entry_name
from nntrain.data.dataset import Dataset, RowBlocks, RowStream
from nntrain.data.decompress import decompress, open_binary
from nntrain.data.header import (
    Layout,
    check_not_renamed,
    find_layout,
    is_header,
    looks_labelled,
    only_numbers_columns,
)
from nntrain.data.lines import Line, read_lines, stray_quote, unquote
from nntrain.data.parser import RowParser
from nntrain.errors import ConfigError, DataError, printable
from nntrain.files import atomic_write

Labels: TypeAlias = Literal["required", "forbidden", "optional"]
Competition: TypeAlias = Literal["digit-recognizer", "nn5"]
_HEADERS: dict[Competition, list[str]] = {
    "digit-recognizer": ["ImageId", "Label"],
    "nn5": ["id", "number"],
}
MIN_CACHED_BYTES = 1 << 20  # of a CSV; smaller ones are parsed quickly enough

# The files of a data folder: training rows, test rows, and the same test rows with labels.
TRAIN, TEST, TEST_LABELLED = NAMES = ("train.csv", "test.csv", "test_labelled.csv")


def read_csv(
    path: str | Path,
    *,
    labels: Labels = "optional",
    classes: int = 10,
    label_column: str | None = None,
    id_column: str | None = None,
) -> Dataset:
    """Read a CSV of images; `nntrain.data.header` describes how the columns are found.

    Plain, `.gz`, `.zip`, `.bz2` and `.xz` files are recognised by content, not by name. Large files
    are cached, so that the same bytes are parsed once (`nntrain.data.cache`).

    Args:
        path: CSV, compressed or not.
        labels: Whether the file must, must not or may have labels.
        classes: Labels are 0 … `classes` − 1; at most 256.
        label_column: Name of the label column ("column 1" and so on without a header).
        id_column: Name of the id column.

    Raises:
        DataError: If the file cannot be read or is not such a CSV.
    """
    source = printable(str(path))
    options = _ReadOptions(labels, classes, label_column, id_column)
    with open_binary(Path(path), source) as file:
        if not file.seekable():  # a pipe can be read only once
            return Dataset.from_rows(RowStream(options.parse(file, source)), source)
        content = _sha256(file)
        warning = None
        if os.fstat(file.fileno()).st_size >= MIN_CACHED_BYTES:
            cache, name = Cache(default_folder()), entry_name(content, **options._asdict())
            untrusted = cache.untrusted_path(name)
            if untrusted is None:
                rows = RowStream(options.parse_unchanged(file, source, content))
                cached = cache.load(name, source) or cache.store(name, source, rows)
                if cached is not None:
                    return cached
            else:
                warning = (
                    f"{untrusted}: is not used as a cache of {source}, since others may write to "
                    f"it; remove it, or name another folder in {ENVIRONMENT}"
                )
        rows = RowStream(options.parse_unchanged(file, source, content))
        return replace(Dataset.from_rows(rows, source), cache_warning=warning)


def count_pixels(path: str | Path, label_column: str | None = None) -> int:
    """Number of pixels per row of a labelled CSV; reads only its first line.

    Raises:
        DataError: If the file cannot be read or its columns are not those of a labelled CSV.
    """
    source = printable(str(path))
    with open_binary(Path(path), source) as file:
        _, layout, _ = _ReadOptions("required", 10, label_column, None).read_header(file, source)
        return len(layout.pixels)


class _ReadOptions(NamedTuple):
    """Arguments of `read_csv`."""

    labels: Labels
    classes: int
    label_column: str | None
    id_column: str | None

    def parse_unchanged(self, file: io.BufferedReader, source: str, content: str) -> RowBlocks:
        """Parse a file from its start, and check at the end that its SHA-256 is `content`."""
        file.seek(0)
        annotations = yield from self.parse(file, source)
        if _sha256(file) != content:
            raise DataError(f"{source}: was changed while it was read; read it again")
        return annotations

    def parse(self, file: io.BufferedReader, source: str) -> RowBlocks:
        names, layout, lines = self.read_header(file, source)
        annotations = yield from RowParser(source, names, layout, self.classes).parse(lines)
        if self.labels == "forbidden" and annotations.label_column is not None:
            raise looks_labelled(source, annotations.label_column)
        return annotations

    def read_header(
        self, file: io.BufferedReader, source: str
    ) -> tuple[list[str], Layout, Iterable[Line]]:
        """Read the column names; returns names, layout and the lines of the rows."""
        lines = read_lines(decompress(file, source), source)
        first = next(lines)
        text = unquote(first.text)
        if b'"' in text:
            raise stray_quote(text, lambda column: f"{source}:{first.number}: column {column + 1}")
        names = [cell.strip() for cell in text.decode().split(",")]
        check_not_renamed(names, f"{source}:{first.number}")
        has_header = is_header(names, {self.label_column, self.id_column})
        if not has_header:
            if not only_numbers_columns(names):
                lines = chain([first], lines)
            names = [f"column {number + 1}" for number in range(len(names))]
        layout = find_layout(
            names,
            source,
            has_header=has_header,
            labels=self.labels,
            label_column=self.label_column,
            id_column=self.id_column,
        )
        return names, layout, lines


def _sha256(file: io.BufferedReader) -> str:
    content = hashlib.sha256()
    file.seek(0, os.SEEK_END)  # discards the buffer, as a seek within it does not
    file.seek(0)
    while chunk := file.read(1 << 20):
        content.update(chunk)
    return content.hexdigest()


def write_csv(path: str | Path, pixels: NDArray[np.uint8], labels: ArrayLike | None = None) -> None:
    """Write pixels, `(N, P)`, and labels, `(N,)`, as `label,pixel0,…`; without labels `pixel0,…`.

    Raises:
        NNTrainError: If the file cannot be written.
    """
    with atomic_write(Path(path), "w") as file:
        _write_table(file, pixels, labels)


def write_files(
    folder: Path,
    train: tuple[NDArray[np.uint8], NDArray[np.uint8]],
    test: tuple[NDArray[np.uint8], NDArray[np.uint8]],
) -> None:
    """Write the files of a data folder from pixels, `(N, P)`, and labels, `(N,)`.

    The folder is created if it is missing; all files are replaced together at the end.

    Raises:
        DataError: If the folder cannot be created.
        NNTrainError: If a file cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{folder}: cannot be made: {error.strerror}; name another") from error
    with ExitStack() as stack:
        for name, pixels, labels in (
            (TRAIN, *train),
            (TEST, test[0], None),
            (TEST_LABELLED, *test),
        ):
            _write_table(stack.enter_context(atomic_write(folder / name, "w")), pixels, labels)


def _write_table(file: IO[str], pixels: NDArray[np.uint8], labels: ArrayLike | None) -> None:
    header = [f"pixel{number}" for number in range(pixels.shape[1])]
    table = pixels
    if labels is not None:
        header.insert(0, "label")
        table = np.column_stack([np.asarray(labels, dtype=np.uint8), pixels])
    texts = [str(value) for value in range(256)]
    file.write(",".join(header) + "\n")
    for row in table:
        file.write(",".join([texts[value] for value in row.tolist()]) + "\n")


def competition_of(dataset: Dataset, competition: str = "auto") -> Competition:
    """Competition of a test file: "auto" selects nn5 if the file has an id column.

    Raises:
        ConfigError: If `competition` is neither "auto" nor a known name.
    """
    if competition == "auto":
        return "digit-recognizer" if dataset.ids is None else "nn5"
    if competition == "digit-recognizer":
        return "digit-recognizer"
    if competition == "nn5":
        return "nn5"
    raise ConfigError(f"unknown competition {competition!r}; choose auto, digit-recognizer or nn5")


def write_submission(
    path: str | Path, dataset: Dataset, predictions: ArrayLike, competition: Competition
) -> None:
    """Write a submission: `ImageId,Label` with ids from 1, or `id,number` with the file's ids.

    Predictions are classes, `(N,)`. Without an id column, the ids of nn5 count from 1, too.

    Raises:
        NNTrainError: If the file cannot be written.
    """
    ids = _ids(dataset) if competition == "nn5" else range(1, len(dataset) + 1)
    _write_rows(
        path, _HEADERS[competition], zip(ids, np.asarray(predictions).tolist(), strict=True)
    )


def write_probabilities(path: str | Path, dataset: Dataset, probabilities: NDArray[Any]) -> None:
    """Write the id and the probabilities, `(N, classes)`, of each test row: `id,0,1,…,9`.

    They are written with nine digits, exact for float32.

    Raises:
        NNTrainError: If the file cannot be written.
    """
    header = [dataset.id_column or "id", *map(str, range(probabilities.shape[1]))]
    rows = zip(_ids(dataset), probabilities.tolist(), strict=True)
    _write_rows(path, header, ([name, *(f"{p:.9g}" for p in row)] for name, row in rows))


def holds_answers(path: Path) -> bool:
    """Whether a file is empty or has the header of a submission or of probabilities.

    Raises:
        DataError: If the file cannot be read.
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
        or (2 <= len(classes) <= 10 and classes == [str(label) for label in range(len(classes))])
    )


def _ids(dataset: Dataset) -> list[Any]:
    return list(range(1, len(dataset) + 1)) if dataset.ids is None else dataset.ids.tolist()


def _write_rows(path: str | Path, header: list[str], rows: Iterable[Iterable[object]]) -> None:
    with atomic_write(Path(path), "w") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
