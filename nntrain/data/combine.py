"""Combines the rows of several CSVs to one data set."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from nntrain.data import cache
from nntrain.data.dataset import Annotations, Dataset, FilePart, RowBlocks, RowStream
from nntrain.data.labels import Occurrences, are_numbers, ranges, resolve_classes
from nntrain.errors import DataError

_BLOCK = 10_000  # rows that are copied at a time


def combine(parts: Sequence[Dataset], classes: int | tuple[str, ...] | None = None) -> Dataset:
    """All rows of several data sets, in this order; their classes are those of all.

    Ids are left out. If the pixels are too many to be loaded from the cache, they are copied to an
    entry of their own there, block by block, and memory-mapped.

    Args:
        parts: Labelled rows, read with these classes, or with "any" if they are None or a number.
        classes: See `nntrain.data.kaggle.read_csv`.

    Raises:
        DataError: If numbers of pixels differ, or a label is not expected or of another kind.
    """
    first, *others = parts
    for other in others:
        check_same_pixels(other, first)
        if classes is None:
            _check_same_kind(other, first)
    names = resolve_classes(_occurrences(parts), classes)
    recoded = [part.with_classes(names).labels for part in parts]
    labels = np.concatenate([codes for codes in recoded if codes is not None])
    annotations = Annotations(labels, names, label_column=first.label_column)
    more = others[0].source if len(others) == 1 else f"{len(others)} other files"
    source = f"{first.source} and {more}"
    combined = _cached(parts, annotations, source)
    if combined is None:
        combined = Dataset.from_rows(RowStream(_blocks(parts, annotations)), source)
    files = tuple(FilePart(part.source, len(part)) for part in parts)
    return replace(combined, parts=files)


def check_same_pixels(rows: Dataset, others: Dataset) -> None:
    """Check that two data sets have the same number of pixels per row.

    Raises:
        DataError: If they have not.
    """
    pixels, expected = rows.pixels.shape[1], others.pixels.shape[1]
    if pixels != expected:
        raise DataError(
            f"{rows.source}: {pixels} pixels a row, but {others.source} has {expected}; both must "
            "show the same pictures"
        )


def _check_same_kind(rows: Dataset, others: Dataset) -> None:
    """Check that labels are numbers in both data sets, or in none."""
    kinds = are_numbers(rows.classes), are_numbers(others.classes)
    if set(kinds) == {"all", "none"}:
        raise DataError(
            f"{rows.source}: its labels are {ranges(rows.classes)}, but those of {others.source} "
            f"{ranges(others.classes)}; write the same labels in both, or list all of them in "
            "data.classes"
        )


def _occurrences(parts: Sequence[Dataset]) -> dict[str, Occurrences]:
    """How often each label occurs in all parts, and where it occurs first."""
    found: dict[str, Occurrences] = {}
    for part in parts:
        assert part.labels is not None  # noqa: S101 (for the type checker: labels are required)
        labels, rows, counts = np.unique(part.labels, return_index=True, return_counts=True)
        for row, label, count in sorted(zip(rows.tolist(), labels, counts.tolist(), strict=True)):
            name, here = part.classes[label], f"{part.source}: row {row + 1}"
            before = found.get(name, Occurrences(0, here))
            found[name] = before._replace(rows=before.rows + count)
    return found


def _cached(parts: Sequence[Dataset], annotations: Annotations, source: str) -> Dataset | None:
    """The rows as a memory-mapped entry of the cache; None if they are few, or it has no room."""
    if sum(part.pixels.nbytes for part in parts) < cache.MIN_MAPPED_BYTES:
        return None  # they are copied in memory more quickly
    folder, digests = cache.Cache(cache.default_folder()), [part.digest for part in parts]
    content = hashlib.sha256(repr(digests).encode()).hexdigest()
    name = cache.entry_name(content, combined_to=annotations.classes)
    if folder.untrusted_path(name) is not None:
        return None
    rows = RowStream(_blocks(parts, annotations))
    return folder.load(name, source) or folder.store(name, source, rows, 0)


def _blocks(parts: Sequence[Dataset], annotations: Annotations) -> RowBlocks:
    for part in parts:
        yield from _blocks_of(part)
    return annotations


def _blocks_of(part: Dataset) -> Iterator[NDArray[np.uint8]]:
    for start in range(0, len(part), _BLOCK):
        yield part.pixels[start : start + _BLOCK]
        part.release()
