"""Reads Kaggle's CSVs, and writes data sets."""

import io
from contextlib import ExitStack
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import IO, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nntrain.data.archives import TEST, TRAIN, divide
from nntrain.data.cache import ENVIRONMENT, MIN_MAPPED_BYTES, Cache, default_folder, entry_name
from nntrain.data.content import CheckedFile
from nntrain.data.dataset import Dataset, RowBlocks, RowStream
from nntrain.data.decompress import decompress, open_binary
from nntrain.data.dialect import read_table
from nntrain.data.header import (
    check_not_renamed,
    find_layout,
    is_header,
    is_index_name,
    is_square,
    likely_label_column,
    only_numbers_columns,
)
from nntrain.data.labels import Classes
from nntrain.data.lines import Line, LineReader, Lines, stray_quote, unquote
from nntrain.data.parser import RowParser
from nntrain.errors import DataError, printable
from nntrain.files import atomic_write

LabelsWanted: TypeAlias = Literal["required", "forbidden", "optional"]
PEEKED_ROWS = 1_000  # to find a label column without a name
MIN_CACHED_BYTES = 1 << 20  # of a CSV; smaller ones are parsed quickly enough
# Files of at least this size, plain or packed, may have more pixels than are loaded from the cache:
# a plain one has two bytes or more for each. A smaller packed file that does have more is mapped
# from the second time on.
MIN_LARGE_BYTES = (2 * MIN_MAPPED_BYTES, 32 << 20)

# The files of a data folder: training rows, test rows, and the same test rows with labels.
TEST_LABELLED = "test_labelled.csv"
NAMES = (TRAIN, TEST, TEST_LABELLED)


def read_csv(
    path: str | Path,
    *,
    labels: LabelsWanted = "optional",
    classes: Classes = None,
    label_column: str | int | None = None,
    id_column: str | int | None = None,
    pixel_range: tuple[float, float] | None = None,
) -> Dataset:
    """Read a CSV of images; `nntrain.data.header` describes how the columns are found.

    Plain, `.gz`, `.zip`, `.bz2` and `.xz` files are recognised by content, not by name. Large files
    are cached, so that the same bytes are parsed once (`nntrain.data.cache`).

    Args:
        path: CSV, compressed or not; or a file in a .zip, such as `digits.zip/train.csv`.
        labels: Whether the file must, must not or may have labels.
        classes: The classes that there may be; or their number K, for labels 0 … K − 1 or K
            different labels; None: those of the file, up to 1,000; "any": the same, but other
            files may have more of them.
        label_column: Name or position of the label column ("column 1" and so on without a header);
            positions count from 1, and -1 is the last.
        id_column: Name or position of the id column.
        pixel_range: Numbers that become the pixels 0 and 255; None if the pixels are whole numbers
            from 0 to 255.

    Raises:
        DataError: If the file cannot be read or is not such a CSV.
    """
    source = printable(str(path))
    place, member = divide(path)
    options = _ReadOptions(labels, classes, label_column, id_column, pixel_range, member)
    with open_binary(place, source) as file:
        if not file.seekable():  # a pipe can be read only once
            return Dataset.from_rows(RowStream(options.parse(file, source)), source)
        checked = CheckedFile(file, source)
        if checked.size >= MIN_CACHED_BYTES:
            return _read_cached(checked, source, options)
        return Dataset.from_rows(RowStream(options.parse_checked(checked, source)), source)


def _read_cached(file: CheckedFile, source: str, options: "_ReadOptions") -> Dataset:
    """Load the rows of a file from the cache, or read them and put them there.

    The cache is written while the caller goes on; but rows that may be too many for the memory are
    written first, and mapped.
    """
    cache = Cache(default_folder())
    is_large = file.size >= MIN_LARGE_BYTES[file.is_packed]
    if is_large or cache.may_hold(file.size):
        name = options.entry_name(file.content())
        if cache.untrusted_path(name) is None:
            rows = RowStream(options.parse_checked(file, source))
            cached = cache.load(name, source)
            if cached is None and is_large:
                cached = cache.store(name, source, rows, file.size)
            if cached is not None:
                return cached
    dataset = Dataset.from_rows(RowStream(options.parse(file.start(), source)), source)
    name = options.entry_name(file.finish())
    if (untrusted := cache.untrusted_path(name)) is None:
        if not is_large:  # a large one could not be stored before
            cache.store_behind(name, dataset, file.size)
        return dataset
    warning = (
        f"{untrusted}: is not used as a cache of {source}, since others may write to it; "
        f"remove it, or name another folder in {ENVIRONMENT}"
    )
    return replace(dataset, cache_warning=warning)


def count_pixels(path: str | Path, label_column: str | int | None = None) -> int:
    """Number of pixels per row of a labelled CSV; reads only its first lines.

    Raises:
        DataError: If the file cannot be read or its columns are not those of a labelled CSV.
    """
    source = printable(str(path))
    place, member = divide(path)
    options = _ReadOptions("required", None, label_column, None, None, member)
    with open_binary(place, source) as file:
        return len(options.read_header(file, source)[0].layout.pixels)


class _ReadOptions(NamedTuple):
    """Arguments of `read_csv`, and the name of the file in an archive."""

    labels: LabelsWanted
    classes: Classes
    label_column: str | int | None
    id_column: str | int | None
    pixel_range: tuple[float, float] | None
    member: str | None

    def entry_name(self, content: str) -> str:
        """Name of the cache entry of a file with this SHA-256."""
        return entry_name(content, **self._asdict())

    def parse_checked(self, file: CheckedFile, source: str) -> RowBlocks:
        """Parse a file from its start, and check at the end that it was not changed."""
        annotations = yield from self.parse(file.start(), source)
        file.finish()
        return annotations

    def parse(self, file: io.BufferedReader, source: str) -> RowBlocks:
        parser, lines = self.read_header(file, source)
        return (yield from parser.parse(lines, self.labels, self.classes))

    def read_header(self, file: io.BufferedReader, source: str) -> tuple[RowParser, Lines]:
        """Read the column names; returns a parser of the rows, and their lines."""
        content = decompress(file, source, self.member)
        first, rest, notes = read_table(LineReader(content, source), source)
        text = unquote(first.text)
        if b'"' in text:
            raise stray_quote(text, lambda column: f"{source}:{first.number}: column {column + 1}")
        names = [cell.strip() for cell in text.decode(errors="replace").split(",")]
        check_not_renamed(names, f"{source}:{first.number}")
        has_header = is_header(names, (self.label_column, self.id_column))
        if not has_header and only_numbers_columns(names):
            has_header = True
            names = [name.removesuffix(".0") for name in names]
        if not has_header:
            rest.unread([first])
            names = [f"column {number + 1}" for number in range(len(names))]
        first_column = next((at for at, name in enumerate(names) if not is_index_name(name)), 0)
        may_have_label = is_square(len(names) - first_column - 1)
        peeked = list(islice(rest, PEEKED_ROWS if may_have_label else 0))
        rest.unread(peeked)
        layout = find_layout(
            names,
            source,
            has_header=has_header,
            labels=self.labels,
            label_column=self.label_column,
            id_column=self.id_column,
            likely_label=_likely_label(peeked, first_column, len(names)),
        )
        layout = layout._replace(notes=[*notes, *layout.notes])
        parser = RowParser(source, names, has_header, layout, self.pixel_range)
        return parser, rest


def _likely_label(lines: list[Line], first: int, width: int) -> int | None:
    """Which of the first and the last column looks like labels; None without rows."""
    rows = [unquote(line.text) for line in lines]
    ends = [
        (row.split(b",", first + 1)[first].strip(), row.rpartition(b",")[2].strip())
        for row in rows
        if row.count(b",") == width - 1
    ]
    if not ends:
        return None
    return width - 1 if likely_label_column(ends) else first


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
