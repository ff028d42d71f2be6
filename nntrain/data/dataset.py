"""The rows of a CSV: grey values, and what else the file says of them."""

import hashlib
import math
import mmap
import sys
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nntrain.errors import DataError

Array: TypeAlias = NDArray[np.floating[Any]]

_PART = 64 << 20  # bytes of mapped pixels that are in memory at a time


class Annotations(NamedTuple):
    """What a CSV holds beside the pixels of its N rows.

    Attributes:
        labels: The digits, `(N,)`, if the file has them.
        ids: The id column as written, `(N,)`, if the file has one.
        label_column: The label column's name; "column 1" where there is no header.
        id_column: The id column's name, likewise.
    """

    labels: NDArray[np.uint8] | None
    ids: NDArray[np.str_] | None
    label_column: str | None
    id_column: str | None


# Yields pixels, shape (rows, P), in the rows' order; returns what stands beside them.
RowBlocks: TypeAlias = Generator[NDArray[np.uint8], None, Annotations]


class RowStream:
    """The rows of a CSV as a stream that is read once: blocks of pixels, then the annotations.

    Args:
        blocks: What is iterated over.

    Attributes:
        annotations: Set when all blocks have been read.
    """

    annotations: Annotations

    def __init__(self, blocks: RowBlocks) -> None:
        self._blocks = blocks

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        self.annotations = yield from self._blocks


class MappedPixels:
    """Grey values that stay in a file until they are used.

    Args:
        path: The file's.
        shape: (N, P).

    Attributes:
        pixels: Read-only, of that shape.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is too short.
    """

    def __init__(self, path: Path, shape: tuple[int, int]) -> None:
        self.path = path
        self._state = self._now()
        with path.open("rb") as file:
            self._mapping = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self.pixels = np.frombuffer(self._mapping, np.uint8, math.prod(shape)).reshape(shape)

    def release(self) -> None:
        """Take what was read out of the process's memory again, where the system can.

        It stays in the system's own cache as long as nobody needs the room, so that it costs little
        to read it once more.
        """
        if sys.platform != "win32" and hasattr(mmap, "MADV_DONTNEED"):
            self._mapping.madvise(mmap.MADV_DONTNEED)

    def are_changed(self) -> bool:
        """Whether the file was written to; a removed or replaced one stays mapped as it was."""
        try:
            now = self._now()
        except OSError:
            return False
        return now[0] == self._state[0] and now != self._state

    def _now(self) -> tuple[int, int, int]:
        found = self.path.stat()
        return found.st_ino, found.st_size, found.st_mtime_ns


@dataclass(frozen=True)
class Dataset:
    """The rows of one CSV.

    Attributes:
        pixels: Grey values 0–255, `(N, P)`, contiguous.
        source: The file's path as it was given.
        labels, ids, label_column, id_column: As in `Annotations`.
        mapped: Where the pixels are mapped from; None if they are in memory.
        cache_doubt: Why the cache was not used, though it could have been.
    """

    pixels: NDArray[np.uint8]
    source: str
    labels: NDArray[np.uint8] | None
    ids: NDArray[np.str_] | None
    label_column: str | None
    id_column: str | None
    mapped: MappedPixels | None = None
    cache_warning: str | None = None

    @classmethod
    def from_rows(cls, rows: RowStream, source: str) -> "Dataset":
        """The rows of a stream, in memory."""
        return cls(np.concatenate(list(rows)), source, *rows.annotations)

    def __len__(self) -> int:
        return len(self.pixels)

    def check_unchanged(self) -> None:
        """Hold mapped pixels to be those that were read.

        Raises:
            DataError: Somebody has written to the file that they are mapped from.
        """
        if self.mapped is not None and self.mapped.are_changed():
            raise DataError(
                f"{self.source}: what the cache holds of it ({self.mapped.path}) was changed while "
                "it was used; what was saved before still stands: go on with --resume"
            )

    def all(self) -> "Subset":
        """All rows."""
        return Subset(self, np.arange(len(self)))

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all pixels, labels and ids."""
        total = hashlib.sha256()
        for start in range(0, len(self), 10_000):
            total.update(self.pixels[start : start + 10_000].data)
            self.release()
        return finished_digest(total, self.pixels.shape, self.labels, self.ids)

    def release(self) -> None:
        """Take mapped pixels out of the process's memory again."""
        if self.mapped is not None:
            self.mapped.release()

    def counts(self) -> list[tuple[int, int]]:
        """How many rows there are of each digit that occurs; none if there are no labels."""
        if self.labels is None:
            return []
        digits, rows = np.unique(self.labels, return_counts=True)
        return list(zip(digits.tolist(), rows.tolist(), strict=True))

    def sample_rows(self) -> NDArray[np.intp]:
        """Numbers of some rows to look at: the first of each digit, or the first ten unlabelled."""
        if self.labels is None:
            return np.arange(min(10, len(self)))
        return np.unique(self.labels, return_index=True)[1]

    def is_square(self) -> bool:
        """Whether a row is a picture as wide as it is high."""
        pixels: int = self.pixels.shape[1]
        return math.isqrt(pixels) ** 2 == pixels

    def describe(self) -> str:
        """One line, such as "42,000 rows, digits 0–9, 28×28, label column 'label'"."""
        parts = [f"{len(self):,} row{'s' * (len(self) != 1)}"]
        if self.labels is not None:
            parts.append(f"digits {_spans(np.unique(self.labels).tolist())}")
        pixels = self.pixels.shape[1]
        side = math.isqrt(pixels)
        parts.append(f"{side}×{side}" if self.is_square() else f"{pixels} pixels")
        parts.append("no labels" if self.labels is None else f"label column {self.label_column!r}")
        if self.ids is not None:
            parts.append(f"id column {self.id_column!r}")
        return ", ".join(parts)

    def warnings(self, classes: int = 10) -> list[str]:
        """What the file seems to lack, or what kept it from the cache, as lines for people.

        Args:
            classes: Labels should be 0 … `classes` − 1.
        """
        warnings = [] if self.cache_warning is None else [self.cache_warning]
        if self.labels is not None:
            missing = sorted(set(range(classes)) - set(np.unique(self.labels).tolist()))
            if missing:
                names = ", ".join(map(str, missing))
                warnings.append(f"{self.source}: digits without a row: {names}")
        if not self.is_square():
            pixels = self.pixels.shape[1]
            warnings.append(
                f"{self.source}: {pixels} pixels a row are no square picture; is a column missing?"
            )
        return warnings


def _spans(digits: list[int]) -> str:
    """Digits in words: "0–9" if they follow one another, else "0, 1, 7"."""
    if len(digits) > 2 and digits[-1] - digits[0] == len(digits) - 1:
        return f"{digits[0]}–{digits[-1]}"
    return ", ".join(map(str, digits))


def finished_digest(
    pixels: "hashlib._Hash",
    shape: tuple[int, int],
    labels: NDArray[np.uint8] | None,
    ids: NDArray[np.str_] | None,
) -> str:
    """`Dataset.digest`, from SHA-256 of the pixels, row by row, and from all else."""
    pixels.update(repr(shape).encode())
    for array in (labels, ids):
        if array is not None:
            pixels.update(array.tobytes())
    return pixels.hexdigest()


@dataclass(frozen=True)
class Subset:
    """Some rows of a CSV, gathered only when they are needed.

    Attributes:
        digits: All rows of the file.
        index: The numbers of those selected, `(N,)`.
    """

    digits: Dataset
    index: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.index)

    @cached_property
    def labels(self) -> NDArray[np.uint8]:
        """The digits, `(N,)`; only for a file that has them."""
        assert self.digits.labels is not None  # noqa: S101 (for the type checker)
        return self.digits.labels[self.index]

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the file's rows and of which are selected."""
        return hashlib.sha256(self.digits.digest.encode() + self.index.tobytes()).hexdigest()

    def gather(self, rows: slice | NDArray[np.intp], out: NDArray[np.uint8]) -> None:
        """Fill `out`, shape (rows, P), with the pixels of some of the selected rows."""
        # In mode "clip" NumPy writes straight into `out`; the indices are in range anyway.
        wanted, pixels = self.index[rows], self.digits.pixels
        if self.digits.mapped is None:
            np.take(pixels, wanted, axis=0, out=out, mode="clip")
            return
        # The system maps megabytes around each row that is read. So one part of the file is gone
        # through after the other, and only one is in memory at a time.
        order = np.argsort(wanted)
        ordered, sorted_rows = wanted[order], np.empty_like(out)
        rows_a_part = max(1, _PART // out.shape[1])
        bounds = np.searchsorted(ordered, np.arange(0, len(pixels) + rows_a_part, rows_a_part))
        for start, stop in pairwise(bounds.tolist()):
            if start < stop:
                part = slice(start, stop)
                np.take(pixels, ordered[part], axis=0, out=sorted_rows[part], mode="clip")
                self.digits.release()
        np.take(sorted_rows, np.argsort(order), axis=0, out=out, mode="clip")
