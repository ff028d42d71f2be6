"""Warnings about files that are read, but would spoil a training."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from nntrain.data.checks import count_shared, file_warnings, picture_warnings, split_warnings
from nntrain.data.dataset import Dataset, Subset
from nntrain.data.demo import demo_digits
from tests.support.csvs import make_dataset
from tests.support.examples import examples

RNG = np.random.default_rng(0)
DIGITS, LABELS = demo_digits(300, seed=1)


@pytest.mark.parametrize(
    ("greatest", "told"),
    [(0, "no pixel is above 0, of 255; if pixels are 0–1, write data.pixel_range: [0, 1]"),
     (1, "no pixel is above 1, of 255; if pixels are 0–1, write data.pixel_range: [0, 1]"),
     (2, "no pixel is above 2, of 255; if pixels are 0–16, write data.pixel_range: [0, 16]"),
     (16, "no pixel is above 16, of 255; if pixels are 0–16, write data.pixel_range: [0, 16]"),
     (17, None), (255, None)],
)  # fmt: skip
def test_a_low_range_of_pixels_is_told(greatest: int, told: str | None) -> None:
    pixels = np.zeros((20, 4), np.uint8)
    pixels[7, 2] = greatest
    expected = [] if told is None else [f"train.csv: {told}"]
    assert file_warnings(make_dataset(pixels)) == expected
    assert file_warnings(make_dataset(pixels), (0.0, 1.0)) == [], "asked for"


@pytest.mark.parametrize(("ours", "theirs"), [(1, 255), (16, 255), (255, 1), (255, 16)])
def test_a_file_of_another_range_than_the_training_rows_is_told(ours: int, theirs: int) -> None:
    dataset = make_dataset(np.full((3, 4), ours, np.uint8))
    assert file_warnings(dataset, None, theirs) == [
        f"train.csv: its greatest pixel is {ours}, but that of the training rows was {theirs}; "
        "give pictures of the same range"
    ]
    assert file_warnings(dataset, None, ours) == []


@pytest.mark.parametrize("pixels", range(1, 40))
def test_pixels_that_are_no_square_are_told_unless_too_few_for_a_picture(pixels: int) -> None:
    rows = make_dataset(np.full((3, pixels), 255, np.uint8))
    expected = [f"train.csv: {pixels} pixels per row are not a square image; is a column missing?"]
    square_or_few = [*range(1, 10), 16, 25, 36]
    assert file_warnings(rows) == ([] if pixels in square_or_few else expected)


@examples(60)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 3), st.integers(0, 2**32))
def test_rows_of_both_parts_are_counted(
    training: int, validation: int, width: int, seed: int
) -> None:
    pixels = np.random.default_rng(seed).integers(0, 3, (training + validation, width), np.uint8)
    rows = make_dataset(pixels, np.arange(len(pixels)) % 2)
    first, second = pixels[:training].tolist(), pixels[training:].tolist()
    both = sum(row in first for row in second)
    index = np.arange(len(pixels))
    parts = Subset(rows, index[:training]), Subset(rows, index[training:])
    assert count_shared(*parts) == both
    told = f"train.csv: {both:,} of {validation:,} validation rows are also training rows, so"
    assert any(line.startswith(told) for line in split_warnings(*parts)) == (both > 0)


def test_a_part_without_a_class_is_told_with_what_to_write() -> None:
    rows = make_dataset(
        RNG.integers(0, 256, (30, 4), np.uint8), np.repeat([0, 1, 2], 10), classes=3
    )
    parts = Subset(rows, np.arange(25)), Subset(rows, np.arange(25, 30))
    assert split_warnings(*parts) == [
        "train.csv: digits without a validation row: 0, 1; "
        "validation: 0.1 holds out some of each class"
    ]
    parts = Subset(rows, np.arange(20)), Subset(rows, np.arange(20, 30))
    assert (
        "digits without a training row: 2; validation: 0.1 leaves some" in split_warnings(*parts)[1]
    )
    assert split_warnings(rows.as_subset(), None) == []


Change = Callable[[NDArray[np.uint8]], NDArray[np.uint8]]


def changed(change: Change, labels: bool = True) -> Dataset:
    pixels = change(DIGITS.reshape(-1, 28, 28)).reshape(len(DIGITS), -1)
    return make_dataset(np.ascontiguousarray(pixels), LABELS if labels else None)


@pytest.mark.parametrize(
    ("change", "look"),
    [
        (lambda images: images, None),
        (lambda images: 255 - images, "inverted"),
        (lambda images: images.swapaxes(1, 2), "transposed"),
        (lambda images: images[:, :, ::-1], "mirrored"),
        (lambda images: images[:, ::-1], "upside down"),
        (lambda images: images[:, 2:26:2, 2:26:2].repeat(2, 1)[:, :12], None),
        (lambda images: images[:, 2:26:2, 2:26:2].swapaxes(1, 2), "transposed"),
    ],
)
def test_an_unusual_look_is_told(change: Change, look: str | None) -> None:
    warnings = picture_warnings(changed(change))
    assert len(warnings) == (look is not None)
    if look is not None:
        assert warnings[0].startswith(f"train.csv: its pictures look {look}; ")


def test_white_paper_is_told_without_labels_too() -> None:
    assert picture_warnings(changed(lambda images: images, labels=False)) == []
    (warning,) = picture_warnings(changed(lambda images: 255 - images, labels=False))
    assert "if the paper is white, write data.pixel_range: [255, 0]" in warning


def test_pictures_of_other_things_are_no_doubtful_digits() -> None:
    noise = make_dataset(RNG.integers(0, 256, (300, 784), np.uint8), LABELS)
    assert picture_warnings(noise) == []
    shuffled = make_dataset(DIGITS, RNG.permutation(LABELS))
    assert picture_warnings(shuffled) == []
    narrow = make_dataset(RNG.integers(0, 256, (30, 3), np.uint8), LABELS[:30])
    assert picture_warnings(narrow) == []
