"""Makes a dataset from arrays in memory."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nntrain.data.dataset import Dataset
from nntrain.errors import DataError


def dataset_from_arrays(X: ArrayLike, y: ArrayLike | None = None, classes: int = 10) -> Dataset:  # noqa: N803
    """Make a dataset, as from a CSV with the same values.

    Args:
        X: Grey values, whole numbers 0–255 of any type, shape (N, P) or (N, height, width).
        y: Labels 0 … `classes` − 1, shape (N,), if they are known.
        classes: Number of classes, at most 256.

    Raises:
        DataError: If a shape or a value is invalid.
    """
    table = np.asarray(X)
    if table.ndim not in (2, 3) or not table.size:
        raise DataError(f"X: of shape {table.shape}; give rows of pixels, shape (rows, pixels)")
    pixels = _to_uint8("X", table.reshape(len(table), -1), 255, "a pixel, a whole number 0–255")
    if y is None:
        return Dataset(pixels, "X", None, None, None, None)
    column = np.asarray(y)
    if column.shape != (len(table),):
        raise DataError(
            f"y: of shape {column.shape}, but X has {len(table):,} rows; give a digit for each"
        )
    labels = _to_uint8("y", column[:, np.newaxis], classes - 1, f"a digit 0–{classes - 1}")
    return Dataset(pixels, "X", labels.ravel(), None, "y", None)


def _to_uint8(name: str, table: NDArray[Any], maximum: int, expected: str) -> NDArray[np.uint8]:
    if table.dtype.kind not in "buif":
        try:
            table = table.astype(object).astype(np.float64)  # for a clear message if it fails
        except (TypeError, ValueError) as error:
            raise DataError(f"{name}: {error}; give whole numbers 0–{maximum}") from error
    if table.dtype == np.uint8 and maximum == 255:
        return np.ascontiguousarray(table)
    is_float = table.dtype.kind == "f"
    bad = ~((table >= 0) & (table <= maximum))
    if is_float:
        bad |= table != np.rint(table)
    if bad.any():
        row, column = np.argwhere(bad)[0].tolist()
        location = f"{name}: row {row}" + (f", column {column}" if table.shape[1] > 1 else "")
        hint = "; give unscaled pixels; nntrain scales them" if is_float else ""
        raise DataError(f"{location}: {table[row, column]} is not {expected}{hint}")
    return np.ascontiguousarray(table, np.uint8)
