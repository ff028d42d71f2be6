"""Warnings about readable files that would spoil a training."""

from collections import Counter
from collections.abc import Iterator
from math import isqrt

import numpy as np
from numpy.typing import NDArray

from nntrain.data.dataset import Dataset, Subset
from nntrain.data.labels import DIGITS, class_kind, numbered, ranges

_SMALLEST_PICTURE = 9  # pixels; fewer numbers a row are measurements rather than a picture
_LOW_RANGES = (1, 16)  # the greatest pixel of files in other ranges than 0 to 255
_FACTOR = 4  # between the greatest pixels of two files of the same kind, at most
_BLOCK = 10_000  # rows in memory at a time
_LOOKED_AT = 5_000  # rows whose look is compared
_ALIKE, _MARGIN = 0.5, 0.2  # correlation with the usual look, and advantage over the file's own


def file_warnings(
    dataset: Dataset,
    pixel_range: tuple[float, float] | None = None,
    trained_on: int | None = None,
) -> list[str]:
    """Warnings about a file: missing classes, and those of `pixel_warnings`."""
    return class_warnings(dataset) + pixel_warnings(dataset, pixel_range, trained_on)


def pixel_warnings(
    dataset: Dataset,
    pixel_range: tuple[float, float] | None = None,
    trained_on: int | None = None,
) -> list[str]:
    """Warnings about the pixels of a file: its cache, missing ones and their range.

    Rows of fewer than nine numbers are taken for inputs of a small network, not for pictures.

    Args:
        dataset: The file.
        pixel_range: The range that it was read with; None for whole numbers from 0 to 255.
        trained_on: The greatest pixel of the training rows, if the file is another one.
    """
    source, pixels = dataset.source, dataset.pixels.shape[1]
    warnings = [] if dataset.cache_warning is None else [dataset.cache_warning]
    if pixels >= _SMALLEST_PICTURE and not dataset.is_square():
        warnings.append(
            f"{source}: {pixels} pixels per row are not a square image; is a column missing?"
        )
    greatest = dataset.greatest_pixel
    if trained_on is not None and not 1 / _FACTOR <= (greatest + 1) / (trained_on + 1) <= _FACTOR:
        warnings.append(
            f"{source}: its greatest pixel is {greatest}, but that of the training rows was "
            f"{trained_on}; give pictures of the same range"
        )
    elif trained_on is None and (high := low_range(dataset, pixel_range)):
        warnings.append(
            f"{source}: no pixel is above {greatest}, of 255; if pixels are 0–{high}, write "
            f"data.pixel_range: [0, {high}]"
        )
    return warnings


def class_warnings(dataset: Dataset) -> list[str]:
    """A warning about classes without a row."""
    present = [name for name, _ in dataset.counts()]
    missing = ranges([name for name in dataset.classes if name not in present])
    if not missing:
        return []
    return [f"{dataset.source}: {class_kind(dataset.classes)} without a row: {missing}"]


def repeated_rows(dataset: Dataset) -> list[str]:
    """Warnings about rows of several files with the same pixels as an earlier row."""
    first = _first_alike(dataset)
    assert dataset.labels is not None  # noqa: S101 (for the type checker: training rows)
    other_label = dataset.labels != dataset.labels[first]
    ends = np.cumsum([part.rows for part in dataset.parts])
    file_of = np.searchsorted(ends, np.arange(len(dataset)), side="right")
    warnings = []
    repeats = np.flatnonzero(first != np.arange(len(dataset)))
    pairs = np.stack([file_of[repeats], file_of[first[repeats]]], axis=1)
    for file, earlier in np.unique(pairs, axis=0).tolist():
        chosen = repeats[(pairs == (file, earlier)).all(axis=1)]
        source, rows = dataset.parts[file]
        labelled = int(other_label[chosen].sum())
        of_those = f"{labelled:,} of them with another label" if labelled else "with the same label"
        where = "earlier in it" if file == earlier else f"in {dataset.parts[earlier].source}"
        warnings.append(
            f"{source}: {len(chosen):,} of {rows:,} rows stand {where}, too, {of_those}; leave "
            "them out, or they count twice"
        )
    return warnings


def _first_alike(dataset: Dataset) -> NDArray[np.intp]:
    """The number of the first row with the same pixels as each row, shape (N,)."""
    hashes = np.fromiter(_hashes(dataset.as_subset()), np.int64, len(dataset))
    _, first, group = np.unique(hashes, return_index=True, return_inverse=True)
    return np.asarray(first[group.reshape(-1)], np.intp)


def split_warnings(training: Subset, validation: Subset | None) -> list[str]:
    """Warnings about validation rows: those that are training rows, too, and missing classes."""
    if validation is None:
        return []
    warnings, source = [], validation.dataset.source
    both = count_shared(training, validation)
    if both:
        warnings.append(
            f"{source}: {both:,} of {len(validation):,} validation rows are also training rows, "
            "so their accuracy says little; leave them out of one of the two"
        )
    classes = training.dataset.classes
    if missing := missing_classes(validation, training):
        hint = "validation: 0.1 holds out some of each class"
        if validation.dataset.parts:
            hint += f" of {validation.dataset.first_file.source}"
        warnings.append(
            f"{source}: {class_kind(classes)} without a validation row: {missing}; {hint}"
        )
    if missing := missing_classes(training, validation):
        warnings.append(
            f"{training.dataset.source}: {class_kind(classes)} without a training row: {missing}; "
            "validation: 0.1 leaves some of each class"
        )
    return warnings


def count_shared(rows: Subset, others: Subset) -> int:
    """Number of the others that have the same pixels as one of the rows."""
    wanted = Counter(_hashes(others))
    return sum(wanted[found] for found in wanted.keys() & set(_hashes(rows)))


def picture_warnings(dataset: Dataset) -> list[str]:
    """Warnings about pictures that are inverted, transposed or mirrored."""
    if not dataset.is_square():
        return []
    pictures = _pictures(dataset)
    if dataset.labels is None or not set(dataset.classes) <= set(numbered(DIGITS)):
        look = "inverted" if _is_white_paper(pictures) else None
    else:
        digits = np.array(list(map(int, dataset.classes)))[dataset.labels[: len(pictures)]]
        look = _unusual_look(pictures, digits)
    if look is None:
        return []
    hint = "give pictures like those of MNIST, light on dark and upright"
    if look == "inverted":
        hint = "if the paper is white, write data.pixel_range: [255, 0]"
    return [f"{dataset.source}: its pictures look {look}; {hint}"]


def low_range(dataset: Dataset, pixel_range: tuple[float, float] | None) -> int | None:
    """1 or 16, if the pixels seem to be numbers from 0 to that; None if they do not."""
    if pixel_range is not None:
        return None
    return next((high for high in _LOW_RANGES if dataset.greatest_pixel <= high), None)


def missing_classes(rows: Subset, others: Subset) -> str:
    """Classes of the others that no row has, as text; empty if there are none."""
    classes = rows.dataset.classes
    present, wanted = np.unique(rows.labels), np.unique(others.labels)
    return ranges([classes[label] for label in np.setdiff1d(wanted, present)])


def _hashes(rows: Subset) -> Iterator[int]:
    """A 64-bit hash of the pixels of each row."""
    for start in range(0, len(rows), _BLOCK):
        part = rows.index[start : start + _BLOCK]
        pixels = np.empty((len(part), rows.dataset.pixels.shape[1]), np.uint8)
        rows.take(slice(start, start + _BLOCK), pixels)
        yield from (hash(row.tobytes()) for row in pixels)


def _pictures(dataset: Dataset) -> NDArray[np.float64]:
    side = isqrt(dataset.pixels.shape[1])
    return dataset.pixels[:_LOOKED_AT].reshape(-1, side, side).astype(np.float64)


def _is_white_paper(pictures: NDArray[np.float64]) -> bool:
    """Whether the border is much lighter than the rest."""
    mean = pictures.mean(axis=0)
    inner = mean[1:-1, 1:-1]
    if not inner.size:
        return False
    border = (mean.sum() - inner.sum()) / (mean.size - inner.size)
    return bool(border > 2 * inner.mean() or (border > 128 and border > inner.mean() + 16))


def _unusual_look(pictures: NDArray[np.float64], digits: NDArray[np.integer]) -> str | None:
    """The change that makes the pictures look as digits usually do; None if they do already."""
    from nntrain.data.demo import SIDE, demo_digits

    pixels, labels = demo_digits(40 * DIGITS, seed=0)
    side = pictures.shape[1]
    at = (np.arange(side) * SIDE // side)[np.newaxis]
    usual = _means(pixels.reshape(-1, SIDE, SIDE)[:, at.T, at].astype(np.float64), labels)
    means = _means(pictures, digits)
    present = np.isin(np.arange(DIGITS), digits)
    if present.sum() < 3:  # the differences between digits are compared
        return None
    own, usual = means[present], usual[present]
    changed = {
        "transposed": own.swapaxes(1, 2),
        "mirrored": own[:, :, ::-1],
        "upside down": own[:, ::-1],
        "inverted": -own,
    }
    alike = {look: _correlation(changed[look], usual) for look in changed}
    look = max(alike, key=alike.__getitem__)
    return look if alike[look] > max(_ALIKE, _correlation(own, usual) + _MARGIN) else None


def _means(pictures: NDArray[np.float64], digits: NDArray[np.integer]) -> NDArray[np.float64]:
    """The mean picture of each digit, shape (10, side, side); 0 if it does not occur."""
    sums = np.zeros((DIGITS, *pictures.shape[1:]))
    np.add.at(sums, digits, pictures)
    return sums / np.maximum(np.bincount(digits, minlength=DIGITS), 1)[:, None, None]


def _correlation(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Correlation of the differences from the mean over all digits."""
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    norm = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / norm if norm else 0.0
