"""Rows of a CSV: pixels, labels and ids."""

import hashlib
import math
import mmap
import sys
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nntrain.data.labels import codes_of, describe, numbered
from nntrain.errors import DataError

Array: TypeAlias = NDArray[np.floating[Any]]

MAPPED_PART_BYTES = 64 << 20  # of mapped pixels in memory at a time


Labels: TypeAlias = NDArray[np.unsignedinteger[Any]]


class Annotations(NamedTuple):
    """Columns of a CSV other than the pixels.

    Attributes:
        labels: Number of the class of each row, `(N,)`; None if the file has no label column.
        classes: Names of the classes; empty if the file has no label column.
        ids: The id column as text, `(N,)`; None if the file has none.
        label_column: Name of the label column; "column 1" and so on without a header.
        id_column: Name of the id column.
        notes: What was decided about the file and the user should know of, as sentences.
    """

    labels: Labels | None = None
    classes: tuple[str, ...] = ()
    ids: NDArray[np.str_] | None = None
    label_column: str | None = None
    id_column: str | None = None
    notes: tuple[str, ...] = ()


NO_ANNOTATIONS = Annotations()


def label_dtype(classes: int) -> "np.dtype[np.unsignedinteger[Any]]":
    """Smallest type for the numbers of so many classes."""
    return np.dtype(np.uint8 if classes <= 256 else np.uint16)


# Yields blocks of pixels, shape (rows, P), in file order; returns the annotations of all rows.
RowBlocks: TypeAlias = Generator[NDArray[np.uint8], None, Annotations]


class RowStream:
    """Blocks of pixels, shape (rows, P), that can be iterated over once."""

    annotations: Annotations  # of all rows; set at the end of the iteration

    def __init__(self, blocks: RowBlocks) -> None:
        self._blocks = blocks

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        self.annotations = yield from self._blocks


class MappedPixels:
    """Memory-mapped, read-only pixels, `(N, P)`, of a file of N·P bytes.

    Raises:
        OSError: If the file cannot be read.
        ValueError: If the file is too short.
    """

    def __init__(self, path: Path, shape: tuple[int, int]) -> None:
        self.path = path
        self._state = self._stat()
        self._memmap: Any = np.memmap(path, np.uint8, "r", shape=shape)
        self.pixels: NDArray[np.uint8] = self._memmap.view(np.ndarray)

    def release(self) -> None:
        """Drop the pages from the process's memory; they stay in the system's page cache."""
        if sys.platform != "win32" and hasattr(mmap, "MADV_DONTNEED"):
            self._memmap.base.madvise(mmap.MADV_DONTNEED)

    def is_modified(self) -> bool:
        """Whether the file was modified; a removed or replaced file stays mapped unchanged."""
        try:
            state = self._stat()
        except OSError:
            return False
        return state[0] == self._state[0] and state != self._state

    def _stat(self) -> tuple[int, int, int]:
        stat = self.path.stat()
        return stat.st_ino, stat.st_size, stat.st_mtime_ns


class FilePart(NamedTuple):
    """The rows of one file among those of several."""

    source: str  # path, for messages
    rows: int


@dataclass(frozen=True)
class Dataset:
    """All rows of one CSV, or of several.

    Attributes:
        pixels: Grey values 0–255, `(N, P)`, contiguous.
        source: Path of the file, for messages.
        annotations: The other columns; each is an attribute of the dataset, too.
        mapped: Memory map that holds the pixels; None if they are in memory.
        cache_warning: Why the cache was not used, if that is worth a warning.
        parts: The files that the rows are of, one after the other; empty for a single file.
    """

    pixels: NDArray[np.uint8]
    source: str
    annotations: Annotations = NO_ANNOTATIONS
    mapped: MappedPixels | None = None
    cache_warning: str | None = None
    parts: tuple[FilePart, ...] = ()

    @classmethod
    def from_rows(cls, rows: RowStream, source: str) -> "Dataset":
        """Read all rows of a stream into memory."""
        return cls(np.concatenate(list(rows)), source, rows.annotations)

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def labels(self) -> Labels | None:
        """See `Annotations`."""
        return self.annotations.labels

    @property
    def classes(self) -> tuple[str, ...]:
        """See `Annotations`."""
        return self.annotations.classes

    @property
    def ids(self) -> NDArray[np.str_] | None:
        """See `Annotations`."""
        return self.annotations.ids

    @property
    def label_column(self) -> str | None:
        """See `Annotations`."""
        return self.annotations.label_column

    @property
    def id_column(self) -> str | None:
        """See `Annotations`."""
        return self.annotations.id_column

    def with_classes(self, classes: tuple[str, ...]) -> "Dataset":
        """The same rows with other classes, which must include those of all labels."""
        if self.labels is None or classes == self.classes:
            return self
        table = np.array(codes_of(self.classes, classes), label_dtype(len(classes)))
        annotations = self.annotations._replace(labels=table[self.labels], classes=classes)
        return replace(self, annotations=annotations)

    def check_unchanged(self) -> None:
        """Check that the file of mapped pixels was not modified.

        Raises:
            DataError: If the file was modified.
        """
        if self.mapped is not None and self.mapped.is_modified():
            raise DataError(
                f"{self.source}: its cache file {self.mapped.path} was changed while it was used; "
                "the last checkpoint is intact, continue with --resume"
            )

    @property
    def first_file(self) -> FilePart:
        """The file that rows can be held out of: the only or the first one."""
        return self.parts[0] if self.parts else FilePart(self.source, len(self))

    @property
    def sources(self) -> list[str]:
        """Paths of all files that the rows are of."""
        return [part.source for part in self.parts] or [self.source]

    def as_subset(self) -> "Subset":
        """Subset of all rows."""
        return Subset(self, np.arange(len(self)))

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all pixels, labels and ids."""
        total = hashlib.sha256()
        for start in range(0, len(self), 10_000):
            total.update(self.pixels[start : start + 10_000].data)
            self.release()
        return finish_digest(total, self.pixels.shape, self.annotations)

    def release(self) -> None:
        """Drop mapped pixels from the process's memory."""
        if self.mapped is not None:
            self.mapped.release()

    @cached_property
    def greatest_pixel(self) -> int:
        """The greatest pixel of all rows."""
        greatest = 0
        for start in range(0, len(self), 10_000):
            greatest = max(greatest, int(self.pixels[start : start + 10_000].max()))
            self.release()
        return greatest

    def counts(self) -> list[tuple[str, int]]:
        """Each class that occurs, with its number of rows; empty without labels."""
        if self.labels is None:
            return []
        labels, rows = np.unique(self.labels, return_counts=True)
        return [
            (self.classes[label], count)
            for label, count in zip(labels.tolist(), rows.tolist(), strict=True)
        ]

    def sample_rows(self) -> NDArray[np.intp]:
        """Row numbers of the first row of each label, or of the first ten rows without labels."""
        if self.labels is None:
            return np.arange(min(10, len(self)))
        return np.unique(self.labels, return_index=True)[1]

    def is_square(self) -> bool:
        """Whether the rows are square images."""
        pixels: int = self.pixels.shape[1]
        return math.isqrt(pixels) ** 2 == pixels

    def describe(self) -> str:
        """One line, such as "42,000 rows, digits 0–9, 28×28, label column 'label'"."""
        parts = [f"{len(self):,} row{'s' * (len(self) != 1)}"]
        if self.labels is not None:
            parts.append(describe([name for name, _ in self.counts()]))
        pixels = self.pixels.shape[1]
        side = math.isqrt(pixels)
        parts.append(f"{side}×{side}" if self.is_square() else f"{pixels} pixels")
        parts.append("no labels" if self.labels is None else f"label column {self.label_column!r}")
        if self.ids is not None:
            parts.append(f"id column {self.id_column!r}")
        return ", ".join(parts)


def finish_digest(
    total: "hashlib._Hash",
    shape: tuple[int, int],
    annotations: Annotations,
) -> str:
    """Compute `Dataset.digest` from the SHA-256 of the pixels and everything else."""
    total.update(repr(shape).encode())
    for array in (annotations.labels, annotations.ids):
        if array is not None:
            total.update(array.tobytes())
    classes = annotations.classes
    if classes != numbered(len(classes)):  # as before there were others
        total.update(repr(classes).encode())
    return total.hexdigest()


@dataclass(frozen=True)
class Subset:
    """Some rows of a dataset; pixels are read when needed."""

    dataset: Dataset
    index: NDArray[np.intp]  # row numbers, (N,)

    def __len__(self) -> int:
        return len(self.index)

    @cached_property
    def labels(self) -> Labels:
        """Labels, `(N,)`; the dataset must have them."""
        assert self.dataset.labels is not None  # noqa: S101 (for the type checker)
        return self.dataset.labels[self.index]

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the dataset and the row numbers."""
        return hashlib.sha256(self.dataset.digest.encode() + self.index.tobytes()).hexdigest()

    def take(self, rows: slice | NDArray[np.intp], out: NDArray[np.uint8]) -> None:
        """Fill `out`, shape (rows, P), with the pixels of rows of the subset."""
        # In mode "clip" NumPy writes straight into `out`; the indices are in range anyway.
        wanted, pixels = self.index[rows], self.dataset.pixels
        if self.dataset.mapped is None:
            np.take(pixels, wanted, axis=0, out=out, mode="clip")
            return
        # The system maps megabytes around each row that is read, so read the file in order, part
        # by part, with only one part in memory at a time.
        order = np.argsort(wanted)
        ordered, sorted_rows = wanted[order], np.empty_like(out)
        part_rows = max(1, MAPPED_PART_BYTES // out.shape[1])
        bounds = np.searchsorted(ordered, np.arange(0, len(pixels) + part_rows, part_rows))
        for start, stop in pairwise(bounds.tolist()):
            if start < stop:
                part = slice(start, stop)
                np.take(pixels, ordered[part], axis=0, out=sorted_rows[part], mode="clip")
                self.dataset.release()
        np.take(sorted_rows, np.argsort(order), axis=0, out=out, mode="clip")
