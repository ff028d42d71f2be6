"""Rows and labels as `NNClassifier` gets them; messages contain what scikit-learn looks for."""

import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nntrain.classifier.scikit_learn import FeaturesError, exception
from nntrain.nn.arrays import Array


def as_features(X: ArrayLike) -> NDArray[Any]:  # noqa: N803
    """X as a 2D array of numbers.

    Raises:
        FeaturesError: If it is none, or has no row or no column.
        TypeError: If it is sparse.
    """
    if hasattr(X, "tocsr"):
        raise TypeError("X is a sparse matrix, but NNClassifier takes dense ones; use X.toarray()")
    table = np.asarray(X)
    if np.iscomplexobj(table):
        raise FeaturesError("Complex data not supported; give real numbers")
    if table.dtype.kind not in "buif":
        try:
            table = table.astype(object).astype(np.float64)  # via object, for a readable message
        except ValueError as error:
            raise FeaturesError(f"X: {error}; give numbers") from error
    if table.ndim != 2:
        raise FeaturesError(
            f"Expected 2D array, got {table.ndim}D array instead: X has the shape {table.shape}. "
            "Reshape your data, by X.reshape(1, -1) if it is a single row"
        )
    for name, count in zip(("sample", "feature"), table.shape, strict=True):
        if count == 0:
            raise FeaturesError(
                f"Found array with 0 {name}(s) (shape={table.shape}) while a minimum of 1 is "
                "required; give some"
            )
    return table


def as_finite(table: NDArray[Any], dtype: str) -> Array:
    """The table in one precision.

    Raises:
        FeaturesError: If a number is not finite.
    """
    with np.errstate(over="ignore"):
        x: Array = np.ascontiguousarray(table, dtype)
    if not np.isfinite(x).all():
        row, column = np.argwhere(~np.isfinite(x))[0].tolist()
        raise FeaturesError(
            f"X: row {row}, column {column}: {table[row, column]} is no finite {dtype}; "
            "Input X contains NaN or infinity, so fill or remove such rows"
        )
    return x


def as_labels(y: ArrayLike | None, rows: int) -> NDArray[Any]:
    """A label for each row.

    Raises:
        FeaturesError: If y is no array of so many classes.
    """
    if y is None:
        raise FeaturesError("NNClassifier requires y to be passed, but the target y is None")
    labels = np.asarray(y)
    if labels.ndim == 2 and labels.shape[1] == 1:
        warnings.warn(
            "A column-vector y was passed when a 1d array was expected; use y.ravel()",
            exception("DataConversionWarning", UserWarning),
            stacklevel=3,
        )
        labels = labels.ravel()
    if labels.ndim != 1:
        raise FeaturesError(f"y should be a 1d array, got an array of shape {labels.shape} instead")
    if len(labels) != rows:
        raise FeaturesError(f"X has {rows} rows, but y has {len(labels)} labels; give one for each")
    if labels.dtype.kind == "f":
        if not np.isfinite(labels).all():
            raise FeaturesError("Input y contains NaN or infinity; give a label for each row")
        if (labels != np.rint(labels)).any():
            raise FeaturesError("Unknown label type: continuous; give classes, not measurements")
    return labels


def as_codes(labels: NDArray[Any], classes: NDArray[Any]) -> NDArray[np.intp]:
    """The number of each label's class.

    Raises:
        FeaturesError: If a label is no class.
    """
    numbers = {label: number for number, label in enumerate(classes.tolist())}
    values, inverse = np.unique(labels, return_inverse=True)
    for label in values.tolist():
        if label not in numbers:
            known = ", ".join(map(repr, numbers))
            raise FeaturesError(f"y: {label!r} is none of the classes {known}; give all at first")
    return np.array([numbers[label] for label in values.tolist()], np.intp)[inverse]
