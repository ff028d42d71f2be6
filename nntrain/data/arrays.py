"""Rows that are in memory already, as a notebook has them."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nntrain.data.dataset import Dataset
from nntrain.errors import DataError


def digits_of(X: ArrayLike, y: ArrayLike | None = None, classes: int = 10) -> Dataset:  # noqa: N803
    """Pixels and labels as if they had been read from a CSV.

    Args:
        X: Grey values, whole numbers 0–255 of any type, shape (N, P) or (N, height, width).
        y: The digits 0 … `classes` − 1, shape (N,), if they are known.
        classes: At most 256.

    Raises:
        DataError: They are not that.
    """
    table = np.asarray(X)
    if table.ndim not in (2, 3) or not table.size:
        raise DataError(f"X: of shape {table.shape}; give rows of pixels, shape (rows, pixels)")
    pixels = _octets("X", table.reshape(len(table), -1), 255, "a pixel, a whole number 0–255")
    if y is None:
        return Dataset(pixels, "X", None, None, None, None)
    truth = np.asarray(y)
    if truth.shape != (len(table),):
        raise DataError(
            f"y: of shape {truth.shape}, but X has {len(table):,} rows; give a digit for each"
        )
    labels = _octets("y", truth[:, np.newaxis], classes - 1, f"a digit 0–{classes - 1}").ravel()
    return Dataset(pixels, "X", labels, None, "y", None)


def _octets(name: str, table: NDArray[Any], most: int, what: str) -> NDArray[np.uint8]:
    """The same numbers as bytes, shape (N, columns)."""
    if table.dtype.kind not in "buif":
        try:
            table = table.astype(object).astype(np.float64)  # for plain words if it fails
        except (TypeError, ValueError) as error:
            raise DataError(f"{name}: {error}; give whole numbers 0–{most}") from error
    if table.dtype == np.uint8 and most == 255:
        return np.ascontiguousarray(table)
    bad = ~((table >= 0) & (table <= most))
    if table.dtype.kind == "f":
        bad |= table != np.rint(table)
    if bad.any():
        row, column = np.argwhere(bad)[0].tolist()
        place = f"{name}: row {row}" + (f", column {column}" if table.shape[1] > 1 else "")
        raise DataError(f"{place}: {table[row, column]} is not {what}{_mend(table)}")
    return np.ascontiguousarray(table, np.uint8)


def _mend(table: NDArray[Any]) -> str:
    return "; give pixels as they are, for nntrain scales them" if table.dtype.kind == "f" else ""
