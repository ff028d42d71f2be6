"""Which columns are labels, ids and pixels, with and without a header."""

import io
from collections.abc import Callable
from typing import Literal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nntrain.data.dataset import Dataset
from nntrain.errors import DataError
from tests.support.csvs import (
    PIXELS,
    TEST,
    TRAIN,
)
from tests.support.variants import slow


def test_a_training_file_has_labels(read: Callable[..., Dataset]) -> None:
    digits = read(TRAIN, labels="required")
    assert digits.pixels.tolist() == PIXELS
    assert digits.pixels.dtype == np.uint8
    assert digits.pixels.flags.c_contiguous
    assert digits.labels is not None
    assert digits.labels.tolist() == [5, 7]
    assert digits.labels.dtype == np.uint8
    assert (digits.ids, digits.label_column, digits.id_column) == (None, "label", None)
    assert len(digits) == 2


def test_a_test_file_may_have_ids_as_written(read: Callable[..., Dataset]) -> None:
    digits = read(TEST, labels="forbidden")
    assert digits.pixels.tolist() == PIXELS
    assert digits.labels is None
    assert digits.ids is not None
    assert digits.ids.tolist() == ["a17", "b2"]
    assert (digits.label_column, digits.id_column) == (None, "id")
    numbered = read(b"id,n1\n007,0\n1.0,1\n")
    assert numbered.ids is not None
    assert numbered.ids.tolist() == ["007", "1.0"]


def test_ids_and_labels_may_stand_anywhere(read: Callable[..., Dataset]) -> None:
    digits = read(b"pixel0,ImageId,pixel1,LABEL\n1,x,2,3\n4,y,5,6\n", labels="required")
    assert digits.pixels.tolist() == [[1, 2], [4, 5]]
    assert digits.labels is not None
    assert digits.labels.tolist() == [3, 6]
    assert digits.ids is not None
    assert digits.ids.tolist() == ["x", "y"]


@pytest.mark.parametrize("name", ["label", "Class", "DIGIT", "number", "target", "y", "Ziffer"])
def test_label_columns_by_many_names(read: Callable[..., Dataset], name: str) -> None:
    digits = read(TRAIN.replace(b"label", name.encode()), labels="required")
    assert digits.label_column == name
    assert digits.pixels.tolist() == PIXELS


def test_pixels_are_put_in_the_order_of_their_names(read: Callable[..., Dataset]) -> None:
    assert read(b"n3,n1,n2\n3,1,2\n").pixels.tolist() == [[1, 2, 3]]
    assert read(b"label,1x1,1x2\n0,9,8\n").pixels.tolist() == [[9, 8]]
    order = np.random.default_rng(0).permutation(144)
    header = ",".join(f"pixel{number}" for number in order)
    digits = read(f"{header}\n{','.join(map(str, order))}\n".encode())
    assert digits.pixels.tolist() == [list(range(144))]


@pytest.mark.parametrize(
    ("labels", "first", "expected"),
    [
        ("required", "3,1", "label"),
        ("optional", "3,1", "label"),
        ("optional", "3,10", "id"),
        ("forbidden", "3,10", "id"),
        ("optional", "a,b", "id"),
        ("forbidden", "a,b", "id"),
    ],
)
@pytest.mark.parametrize("header", ["", "what,n1,n2,n3,n4\n"])
def test_an_unnamed_first_column(
    read: Callable[..., Dataset],
    labels: Literal["required", "forbidden", "optional"],
    first: str,
    expected: str,
    header: str,
) -> None:
    one, two = first.split(",")
    digits = read(f"{header}{one},0,1,2,3\n{two},4,5,6,255\n".encode(), labels=labels)
    name = "what" if header else "column 1"
    assert digits.label_column == (name if expected == "label" else None)
    assert digits.id_column == (name if expected == "id" else None)
    assert digits.pixels.tolist() == PIXELS


def test_no_header_and_a_square_number_of_columns_is_pixels(read: Callable[..., Dataset]) -> None:
    digits = read(b"0,1,2,3\n4,5,6,255", labels="forbidden")
    assert digits.pixels.tolist() == PIXELS
    assert digits.ids is None
    assert digits.labels is None


def test_columns_can_be_said(read: Callable[..., Dataset]) -> None:
    digits = read(b"class,id,x,y\n1,2,3,4\n2,3,4,5\n", label_column="Y", id_column="class")
    assert (digits.label_column, digits.id_column) == ("y", "class")
    assert digits.pixels.tolist() == [[2, 3], [3, 4]]
    digits = read(b"1,2,3,4\n5,6,7,8\n", label_column="column 4", labels="required")
    assert digits.pixels.tolist() == [[1, 2, 3], [5, 6, 7]]


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("side", [4, 8, 28])
@pytest.mark.parametrize("labelled", [True, False])
def test_consecutive_numbers_are_a_header(
    read: Callable[..., Dataset], labelled: bool, side: int, first: int
) -> None:
    rng = np.random.default_rng(side)
    table = rng.integers(0, 10, (5, side**2 + labelled))
    frame = pd.DataFrame(table, columns=range(first, first + table.shape[1]))
    dataset = read(frame.to_csv(index=False).encode())
    assert dataset.pixels.tolist() == table[:, int(labelled) :].tolist()
    if labelled:
        assert dataset.labels is not None
        assert dataset.labels.tolist() == table[:, 0].tolist()


def test_a_row_that_counts_within_an_image_is_no_header(read: Callable[..., Dataset]) -> None:
    assert len(read(b"0,1,2,3\n4,5,6,7\n")) == 2
    assert len(read(b"3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18\n" * 2)) == 2


@given(st.lists(st.sampled_from([0, 0, 0, 7, 255]), min_size=15, max_size=15), st.integers(0, 9))
def test_a_row_that_pandas_has_renamed_is_refused(
    read: Callable[..., Dataset], pixels: list[int], label: int
) -> None:
    rows = pd.DataFrame([[label, *pixels, 0], [3, *range(16)]])
    renamed = pd.read_csv(io.StringIO(rows.to_csv(index=False, header=False)))
    with pytest.raises(DataError, match=r":1: a row of data that pandas has taken for names \('"):
        read(renamed.to_csv(index=False).encode())


def test_a_long_name_is_cut_in_messages(read: Callable[..., Dataset]) -> None:
    with pytest.raises(DataError) as error:
        read(f"label,{'x' * 5_000}\n5,256\n".encode())
    assert len(str(error.value)) < 300


@given(st.integers(1, 6), st.integers(1, 12), st.booleans(), st.data())
@pytest.mark.parametrize(
    "form",
    [
        "pixel_{row}_{column}",
        "x{column}y{row}",
        *slow(
            "{row}x{column}",
            "r{row}c{column}",
            "col{column}row{row}",
        ),
    ],
)
def test_pixels_of_a_grid_are_put_in_order(
    read: Callable[..., Dataset],
    form: str,
    rows: int,
    columns: int,
    labelled: bool,
    data: st.DataObject,
) -> None:
    first = data.draw(st.integers(0, 1))
    places = [(row, column) for row in range(rows) for column in range(columns)]
    order = data.draw(st.permutations(range(len(places))))
    names = [form.format(row=first + places[at][0], column=first + places[at][1]) for at in order]
    cells = list(map(str, order))
    if labelled:
        names.append("label")
        cells.append("5")
    dataset = read(f"{','.join(names)}\n{','.join(cells)}\n".encode())
    assert dataset.pixels.tolist() == [list(range(len(places)))]
    moved = "the pixel columns are put in the order of their names" in dataset.annotations.notes
    assert moved == (order != sorted(order))


def test_a_grid_with_a_hole_is_refused(read: Callable[..., Dataset]) -> None:
    with pytest.raises(DataError, match="pixel column '2x1' is missing; give a file with every"):
        read(b"1x1,1x2,2x2\n1,2,3\n")


@pytest.mark.parametrize("header", ["", "named", "numbered"])
@pytest.mark.parametrize("at", [0, 9])
@pytest.mark.parametrize("given", [None, "name", "position"])
def test_labels_may_be_first_or_last_and_named_by_name_or_position(
    read: Callable[..., Dataset], header: str, at: int, given: str | None
) -> None:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (50, 9))
    pixels[:, [0, -1]] = 0
    labels = rng.integers(0, 4, 50)
    table = np.insert(pixels, at, labels, axis=1)
    names = [f"pixel{number}" for number in range(9)]
    names.insert(at, "Ziffer")
    lines = {"": [], "named": [",".join(names)], "numbered": [",".join(map(str, range(10)))]}
    text = "\n".join([*lines[header], *(",".join(map(str, row)) for row in table.tolist())])
    name = {"": f"column {at + 1}", "named": "Ziffer", "numbered": str(at)}[header]
    position = {0: 1 if header != "numbered" else -10, 9: -1}[at]
    wanted = {None: None, "name": name, "position": position}[given]
    dataset = read(text.encode(), labels="required", label_column=wanted)
    assert dataset.label_column == name
    assert dataset.labels is not None
    assert dataset.labels.tolist() == labels.tolist()
    assert dataset.pixels.tolist() == pixels.tolist()


@pytest.mark.parametrize("position", [0, 6, -6, "17"])
def test_a_position_that_is_none_is_refused(
    read: Callable[..., Dataset], position: int | str
) -> None:
    with pytest.raises(DataError, match=rf"no column {position} for the label; positions are 1 to"):
        read(TRAIN, label_column=position)


def test_a_file_without_labels_names_the_likely_column(read: Callable[..., Dataset]) -> None:
    rows = "".join(f"0,1,2,0,{row % 3}\n" for row in range(30))
    with pytest.raises(
        DataError, match=r"if column 'e' holds the digits, write data.label_column: e"
    ):
        read(f"a,b,c,d,e\n{rows}".encode(), labels="required")


@pytest.mark.parametrize("name", ["", "Unnamed: 0", "index", "level_0", "rownames", "X"])
@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("labelled", [True, False])
def test_an_index_is_left_out(
    read: Callable[..., Dataset], name: str, first: int, labelled: bool
) -> None:
    label = "label," if labelled else ""
    rows = "".join(
        f"{first + row},{f'{row % 3},' if labelled else ''}1,2,3,{row}\n" for row in range(12)
    )
    dataset = read(f"{name},{label}pixel0,pixel1,pixel2,pixel3\n{rows}".encode())
    assert dataset.ids is None
    assert (dataset.labels is not None) == labelled
    assert dataset.annotations.notes == (
        f"column {name!r} is an index of the rows and is left out",
    )


def test_two_indices_are_left_out(read: Callable[..., Dataset]) -> None:
    rows = "".join(f"{row},{row},{row % 3},1\n" for row in range(12))
    dataset = read(f"Unnamed: 0.1,Unnamed: 0,label,pixel0\n{rows}".encode())
    assert (dataset.ids, dataset.label_column) == (None, "label")
    assert len(dataset.annotations.notes) == 2


def test_an_empty_last_column_is_left_out(read: Callable[..., Dataset]) -> None:
    dataset = read(b"label,pixel0,pixel1,\n1,2,3,\n4,5,6,\n")
    assert dataset.pixels.tolist() == [[2, 3], [5, 6]]
    assert dataset.annotations.notes == (
        "the cells after the last separator are empty and are left out",
    )


@given(st.permutations(range(12)), st.sampled_from(["ImageId", "Id", "id", "image_id", "picture"]))
def test_an_id_stays_with_its_row(
    read: Callable[..., Dataset], order: list[int], name: str
) -> None:
    rows = "".join(f"img{row},{row},{row + 1},{row + 2},0\n" for row in order)
    dataset = read(f"{name},p0,p1,p2,p3\n{rows}".encode(), labels="forbidden")
    assert dataset.ids is not None
    assert dataset.ids.tolist() == [f"img{row}" for row in order]
    assert dataset.pixels[:, 0].tolist() == order
    assert dataset.id_column == name
