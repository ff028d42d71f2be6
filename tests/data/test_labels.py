"""Labels of any kind: their classes, in order, and the mistakes among them."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nntrain.data.dataset import Dataset
from nntrain.data.labels import codes_of, describe, label_of, numbered, ranges
from nntrain.errors import DataError
from tests.support.examples import examples

WORDS = st.text("abcXYZéß你_-. ", min_size=1, max_size=6).map(str.strip).filter(bool)
NUMBERS = st.integers(-999, 10**6).map(str)


def content_of(labels: list[str], name: str = "label") -> bytes:
    rows = [f'"{label}",{at % 256},1,2,3\n' for at, label in enumerate(labels)]
    return (f"{name},pixel0,pixel1,pixel2,pixel3\n" + "".join(rows)).encode()


@examples(150)
@given(st.lists(WORDS, min_size=1, max_size=30) | st.lists(NUMBERS, min_size=1, max_size=30))
def test_labels_of_any_kind_are_kept_as_written(
    read: Callable[..., Dataset], labels: list[str]
) -> None:
    dataset = read(content_of(labels), classes=None)
    assert dataset.labels is not None
    assert [dataset.classes[label] for label in dataset.labels] == labels
    whole = all(label.lstrip("-").isdecimal() for label in labels)
    assert list(dataset.classes) == sorted(set(labels), key=int if whole else str)


@pytest.mark.parametrize("classes", [2, 26, 47, 62, 256, 257, 1_000])
def test_there_may_be_two_to_a_thousand_classes(read: Callable[..., Dataset], classes: int) -> None:
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(classes), 2))
    dataset = read(content_of([str(label) for label in labels]), classes=None)
    assert dataset.classes == numbered(classes)
    assert dataset.labels is not None
    assert dataset.labels.tolist() == labels.tolist()


def test_more_than_a_thousand_values_are_no_labels(read: Callable[..., Dataset]) -> None:
    with pytest.raises(DataError, match="'label' has more than 1,000 different values up to row"):
        read(content_of([str(label) for label in range(1_001)]), classes=None)


@pytest.mark.parametrize(
    ("cell", "label"),
    [
        ("7", "7"),
        ("7.0", "7"),
        ("+7", "7"),
        ("7e0", "7"),
        ("7.000000000000000000e+00", "7"),
        ("07", "07"),
        ("-1", "-1"),
        ("A", "A"),
        ("True", "True"),
        ("3.5", None),
        ("", None),
        ("NaN", None),
        ("NA", None),
        ("-inf", None),
        ("1e400", None),
        ("a\tb", None),
    ],
)
def test_a_cell_means_a_label(cell: str, label: str | None) -> None:
    assert label_of(cell) == label


def test_a_label_may_be_written_in_other_ways(read: Callable[..., Dataset]) -> None:
    assert codes_of(["07", "7", "8", "B"], ("7", "B")) == [0, 0, None, 1]
    dataset = read(content_of(["B", "A"]), classes=("A", "B", "C"))
    assert dataset.labels is not None
    assert dataset.labels.tolist() == [1, 0]
    assert dataset.classes == ("A", "B", "C")


@pytest.mark.parametrize(
    ("labels", "classes", "message"),
    [
        (["0", "1", "21"], 10, ":4: row 3, column 'label': '21' is not a digit 0–9; correct it"),
        (["A", "B", "D"], ("A", "B", "C"), "'D' is not one of the 3 classes A–C"),
        (["A", "B", "D"], 2, "'A' is not a digit 0–1"),
        (["0", "1.5"], None, "'1.5' is not a label, a whole number or a word"),
        (["A", ""], None, ":3: row 2, column 'label': a blank is not a label"),
        ([*"01" * 30, "21"], None, "'21' is the only row of its class, among labels 0–1; correct"),
        ([*"01" * 30, "l"], None, "'l' is the only row of its class, among labels 0–1"),
    ],
)
def test_a_label_that_is_a_mistake_is_named(
    read: Callable[..., Dataset],
    labels: list[str],
    classes: int | tuple[str, ...] | None,
    message: str,
) -> None:
    with pytest.raises(DataError) as error:
        read(content_of(labels), classes=classes)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("labels", "classes", "names"),
    [
        ([*"01" * 30, "21"], 3, ("0", "1", "21")),  # as the mistake's message says
        (["1", "2", "10"], 3, ("1", "2", "10")),
        (["A", "B"], 2, ("A", "B")),
        (["0", "3"], 10, numbered(10)),
        ([*"012" * 30, "3"], None, ("0", "1", "2", "3")),
    ],
)
def test_a_number_of_classes_is_a_check(
    read: Callable[..., Dataset], labels: list[str], classes: int | None, names: tuple[str, ...]
) -> None:
    assert read(content_of(labels), classes=classes).classes == names


def test_classes_are_described_in_short() -> None:
    assert describe(numbered(10)) == "digits 0–9"
    assert describe(["1", "5"]) == "digits 1, 5"
    assert describe([chr(65 + at) for at in range(26)]) == "26 classes A–Z"
    assert describe(list(map(str, range(1, 11)))) == "10 classes 1–10"
    assert describe(numbered(62)) == "62 classes 0–61"
    assert ranges([str(2**at) for at in range(12)]) == "1, 2, 4, 8, 16, 32, 64, 128, 256, 512, …"
    assert len(ranges(["x" * 100] * 12)) < 250
