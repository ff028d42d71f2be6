"""Datasets from arrays in memory."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from nntrain.data.from_arrays import dataset_from_arrays
from nntrain.data.kaggle import read_csv, write_csv
from nntrain.errors import DataError
from tests.support.tiny import stripes

PIXELS, LABELS = stripes(20)


@pytest.mark.parametrize(
    "form",
    [
        lambda values: values,
        lambda values: values.astype(float),
        lambda values: values.astype(np.int64)[::-1][::-1],
        lambda values: values.tolist(),
        pd.DataFrame,
        lambda values: pd.DataFrame(values).astype(object),
    ],
)
def test_arrays_are_what_the_csv_of_them_would_be(tmp_path: Path, form: Any) -> None:
    write_csv(tmp_path / "train.csv", PIXELS, LABELS)
    theirs, ours = (
        read_csv(tmp_path / "train.csv", classes=10),
        dataset_from_arrays(form(PIXELS), LABELS.tolist(), classes=10),
    )
    assert ours.digest == theirs.digest
    assert ours.pixels.dtype == np.uint8
    assert ours.pixels.flags.c_contiguous


def test_pictures_may_have_rows_and_columns() -> None:
    np.testing.assert_array_equal(dataset_from_arrays(PIXELS.reshape(20, 4, 4)).pixels, PIXELS)


@pytest.mark.parametrize(
    ("x", "y", "line"),
    [
        (PIXELS[0], None, "X: of shape (16,); give rows of pixels, shape (rows, pixels)"),
        (PIXELS[:0], None, "X: of shape (0, 16); give rows of pixels, shape (rows, pixels)"),
        ([[1, 256]], None, "X: row 0, column 1: 256 is not a pixel, a whole number 0–255"),
        ([[1, -1]], None, "X: row 0, column 1: -1 is not a pixel, a whole number 0–255"),
        (
            [[0.0, 0.5]],
            None,
            "X: row 0, column 1: 0.5 is not a pixel, a whole number 0–255; "
            "give unscaled pixels, or say data.pixel_range: [0, 1]",
        ),
        (
            [[np.nan, 0]],
            None,
            "X: row 0, column 0: nan is not a pixel, a whole number 0–255; "
            "give unscaled pixels, or say data.pixel_range: [0, 1]",
        ),
        ([["a"]], None, "X: could not convert string to float: 'a'; give whole numbers 0–255"),
        (PIXELS, [1], "y: of shape (1,), but X has 20 rows; give a digit for each"),
        ([[1]], [3], "y: row 0: '3' is not a digit 0–2; correct it or remove the row"),
        (
            np.array([[1]], np.uint8),
            np.array([3], np.uint8),
            "y: row 0: '3' is not a digit 0–2; correct it or remove the row",
        ),
    ],
)
def test_what_is_no_picture_or_digit_is_one_line(x: Any, y: Any, line: str) -> None:
    with pytest.raises(DataError) as caught:
        dataset_from_arrays(x, y, classes=3)
    assert str(caught.value) == line
