"""Descriptions and warnings of datasets."""

from collections.abc import Callable

import numpy as np

from nntrain.data.checks import file_warnings
from nntrain.data.dataset import Dataset
from tests.support.csvs import (
    TEST,
    TRAIN,
    make_dataset,
)

BYTES = (0.0, 255.0)


def test_a_description_names_what_was_decided(read: Callable[..., Dataset]) -> None:
    assert read(TRAIN).describe() == "2 rows, digits 5, 7, 2×2, label column 'label'"
    assert read(TEST).describe() == "2 rows, 2×2, no labels, id column 'id'"
    assert read(b"n1,n2,n3\n1,2,3\n").describe() == "1 row, 3 pixels, no labels"
    digits = make_dataset(np.zeros((42_000, 784), np.uint8), np.arange(42_000) % 10)
    assert digits.describe() == "42,000 rows, digits 0–9, 28×28, label column 'label'"


def test_what_a_file_seems_to_lack(read: Callable[..., Dataset]) -> None:
    assert [doubt.partition(": ")[2] for doubt in file_warnings(read(TRAIN, classes=8), BYTES)] == [
        "digits without a row: 0, 1, 2, 3, 4, 6"
    ]
    assert file_warnings(read(TEST), BYTES) == []
    assert file_warnings(read(b"n1,n2,n3\n1,2,3\n"), BYTES) == [], "too few for a picture"
