"""Makes a dataset from arrays in memory."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nntrain.data.cells import format_cell
from nntrain.data.dataset import Annotations, Dataset, label_dtype
from nntrain.data.labels import (
    Occurrences,
    codes_of,
    describe_one,
    label_of,
    numbered,
    resolve_classes,
)
from nntrain.errors import DataError


def dataset_from_arrays(
    X: ArrayLike,  # noqa: N803
    y: ArrayLike | None = None,
    classes: int | tuple[str, ...] | None = None,
    pixel_range: tuple[float, float] | None = None,
) -> Dataset:
    """Make a dataset, as from a CSV with the same values.

    Args:
        X: Grey values, shape (N, P) or (N, height, width): whole numbers 0–255 of any type, or
            numbers within `pixel_range`.
        y: Labels, shape (N,), if they are known: whole numbers or words.
        classes: See `nntrain.data.kaggle.read_csv`.
        pixel_range: Numbers that become the pixels 0 and 255.

    Raises:
        DataError: If a shape or a value is invalid.
    """
    table = np.asarray(X)
    if table.ndim not in (2, 3) or not table.size:
        raise DataError(f"X: of shape {table.shape}; give rows of pixels, shape (rows, pixels)")
    pixels = _to_uint8(table.reshape(len(table), -1), pixel_range)
    if y is None:
        return Dataset(pixels, "X")
    column = np.asarray(y)
    if column.shape != (len(table),):
        raise DataError(
            f"y: of shape {column.shape}, but X has {len(table):,} rows; give a digit for each"
        )
    return Dataset(pixels, "X", _read_labels(column, classes))


def _read_labels(column: NDArray[Any], classes: int | tuple[str, ...] | None) -> Annotations:
    values, first_rows, inverse, counts = np.unique(
        column.astype(np.str_), return_index=True, return_inverse=True, return_counts=True
    )
    names, found = [], dict[str, Occurrences]()
    for text, row, count in zip(values.tolist(), first_rows.tolist(), counts.tolist(), strict=True):
        name = label_of(text)
        if name is None:
            allowed = numbered(classes) if isinstance(classes, int) else classes
            wanted = describe_one(allowed) if allowed else "a label, a whole number or a word"
            raise DataError(f"y: row {row}: {format_cell(text)} is not {wanted}; correct it")
        names.append(name)
        before = found.get(name, Occurrences(0, f"y: row {row}"))
        found[name] = before._replace(rows=before.rows + count)
    resolved = resolve_classes(found, classes)
    codes = np.array(codes_of(names, resolved), label_dtype(len(resolved)))
    return Annotations(labels=codes[inverse], classes=resolved, label_column="y")


def _to_uint8(table: NDArray[Any], pixel_range: tuple[float, float] | None) -> NDArray[np.uint8]:
    if table.dtype == np.uint8 and pixel_range is None:
        return np.ascontiguousarray(table)
    if table.dtype.kind not in "buif":
        try:
            table = table.astype(object).astype(np.float64)  # for a clear message if it fails
        except (TypeError, ValueError) as error:
            raise DataError(f"X: {error}; give whole numbers 0–255") from error
    low, high = pixel_range or (0, 255)
    is_float = table.dtype.kind == "f"
    bad = ~((table >= min(low, high)) & (table <= max(low, high)))
    if is_float and pixel_range is None:
        bad |= table != np.rint(table)
    if bad.any():
        row, column = np.argwhere(bad)[0].tolist()
        expected, hint = f"a number {low:g}–{high:g}, as data.pixel_range says", ""
        if pixel_range is None:
            expected = "a pixel, a whole number 0–255"
            hint = "; give unscaled pixels, or say data.pixel_range: [0, 1]" if is_float else ""
        location = f"X: row {row}, column {column}" if table.shape[1] > 1 else f"X: row {row}"
        raise DataError(f"{location}: {table[row, column]} is not {expected}{hint}")
    if pixel_range is not None:
        table = np.rint((table - low) * (255 / (high - low)))
    return np.ascontiguousarray(table, np.uint8)
