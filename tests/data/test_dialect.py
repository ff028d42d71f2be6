"""Separators, title lines and ARFF: any table reads back equal in any of them."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nntrain.data.dataset import Dataset
from nntrain.errors import DataError
from tests.support.examples import examples

NAMES = ["label", *(f"pixel{number}" for number in range(9))]
SEPARATORS = {",": "", ";": "a semicolon", "\t": "a tab", "|": "'|'", " ": "blanks"}
TITLES = [
    "# digits",
    "% digits, 2020",
    "// exported",
    "Sheet 1",
    "digits,,,,,,,,,",
    '"a, b"',
    "sep={}",
]
Table = list[list[int]]


@st.composite
def tables(draw: st.DrawFn) -> Table:
    rows = draw(st.integers(2, 30))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    labels = rng.integers(0, 10, (rows, 1))
    table: Table = np.hstack([labels, rng.integers(0, 256, (rows, 9))]).tolist()
    return table


def text_of(table: Table, separator: str, header: bool, comma: bool) -> str:
    """A table as text, with decimal commas if wanted."""
    zeros = ",0" if comma else ""
    lines = [separator.join(f"{cell}{zeros}" for cell in row) for row in table]
    if header:
        lines.insert(0, separator.join(NAMES))
    return "".join(f"{line}\n" for line in lines)


def check_same(dataset: Dataset, table: Table) -> None:
    assert dataset.labels is not None
    labels = [int(dataset.classes[label]) for label in dataset.labels]
    assert np.column_stack([labels, dataset.pixels]).tolist() == table


@examples(150)
@given(
    tables(),
    st.sampled_from(list(SEPARATORS)),
    st.booleans(),
    st.booleans(),
    st.none() | st.sampled_from(TITLES),
)
def test_a_table_reads_back_equal_with_any_separator_below_any_title(
    read: Callable[..., Dataset],
    table: Table,
    separator: str,
    header: bool,
    comma: bool,
    title: str | None,
) -> None:
    text = text_of(table, separator, header, comma and separator in ";\t")
    if title is not None:
        text = title.format(separator) + "\n" + text
    dataset = read(text.encode(), labels="required")
    check_same(dataset, table)
    notes = "\n".join(dataset.annotations.notes)
    assert ("line 1 (" in notes) == (title is not None)
    assert ("separated by" in notes) == (separator != ",")
    assert SEPARATORS[separator] in notes


def test_blanks_may_be_several(read: Callable[..., Dataset]) -> None:
    table = np.random.default_rng(0).integers(0, 10, (5, 10))
    text = "\n".join("  ".join(f"{cell:3d}" for cell in row) for row in table)
    check_same(read(text.encode()), table.tolist())


def test_a_header_may_be_a_comment_as_numpy_writes_it(read: Callable[..., Dataset]) -> None:
    table = np.random.default_rng(0).integers(0, 10, (5, 10)).tolist()
    text = text_of(table, ",", header=True, comma=False)
    dataset = read(f"# {text}".encode())
    check_same(dataset, table)
    assert dataset.label_column == "label"


@pytest.mark.parametrize("quote", ["", '"'])
@pytest.mark.parametrize("separator", [" ", ",", "\t"])
def test_rows_may_have_names_that_the_header_lacks(
    read: Callable[..., Dataset], separator: str, quote: str
) -> None:
    table = np.random.default_rng(0).integers(0, 10, (5, 10)).tolist()
    header = separator.join(f"{quote}{name}{quote}" for name in NAMES)
    rows = (
        separator.join([f"{quote}{number}{quote}", *map(str, row)])
        for number, row in enumerate(table, 1)
    )
    dataset = read("\n".join([header, *rows]).encode())
    check_same(dataset, table)
    assert "column '' is an index of the rows and is left out" in dataset.annotations.notes


@pytest.mark.parametrize("comment", ["", "% OpenML\n%\n"])
def test_arff_has_its_names_in_declarations(read: Callable[..., Dataset], comment: str) -> None:
    table = np.random.default_rng(0).integers(0, 10, (5, 10)).tolist()
    lines = ["@RELATION 'mnist 784'", ""]
    lines += [f"@ATTRIBUTE pixel{number} real" for number in range(1, 10)]
    lines += ["@attribute 'class' {0,1,2,3,4,5,6,7,8,9}", "@DATA", "% the rows"]
    lines += [",".join(map(str, [*row[1:], row[0]])) for row in table]
    dataset = read((comment + "\n".join(lines) + "\n").encode())
    check_same(dataset, table)
    assert dataset.label_column == "class"


def test_arff_without_rows_is_refused(read: Callable[..., Dataset]) -> None:
    with pytest.raises(DataError, match="an ARFF file without a line @data; give a complete one"):
        read(b"@relation mnist\n@attribute pixel1 real\n")


def as_arff(table: Table) -> str:
    lines = ["% OpenML"] * 30 + ["@relation mnist"]
    lines += [f"@attribute pixel{number} real" for number in range(1, 10)]
    lines += ["@attribute class {'0','1','2'}", "@data"]
    return "\n".join([*lines, *("\t".join([*map(str, row[1:]), f"'{row[0]}'"]) for row in table)])


def as_csv(
    table: Table,
    names: list[str],
    before: Callable[[int], str] = lambda row: "",
    after: str = "",
    last: bool = False,
) -> str:
    rows = [[*row[1:], row[0]] if last else row for row in table]
    lines = [",".join(names)] if names else []
    lines += [f"{before(at)}{','.join(map(str, row))}{after}" for at, row in enumerate(rows)]
    return "\n".join(lines)


FORMS: dict[str, Callable[[Table], str]] = {
    "V1 … of R": lambda table: as_csv(table, [f"V{at}" for at in range(1, 11)]),
    "x1 …, label last": lambda table: as_csv(table, [f"x{at}" for at in range(10)], last=True),
    "numbers from 1000": lambda table: as_csv(
        table, ["y", *(f"p{at}" for at in range(1000, 1009))]
    ),
    "index and numbers": lambda table: as_csv(
        table, ["", *map(str, range(10))], lambda row: f"{row},"
    ),
    "index and numbers, label last": lambda table: as_csv(
        table, ["", *map(str, range(10))], lambda row: f"{row},", last=True
    ),
    "numbers as decimals": lambda table: as_csv(table, [f"{at}.0" for at in range(10)]),
    "below 25 comments": lambda table: "# note\n" * 25 + as_csv(table, NAMES),
    "commas at the end": lambda table: as_csv(table, NAMES, after=","),
    "commas at the end, no header": lambda table: as_csv(table, [], after=","),
    "index, no header": lambda table: as_csv(table, [], lambda row: f"{row},"),
    "file names, no header": lambda table: as_csv(table, [], lambda row: f"img_{row}.png,"),
    "R's rows from 101": lambda table: as_csv(table, NAMES, lambda row: f"{101 + row},"),
    "file names": lambda table: as_csv(table, ["file", *NAMES], lambda row: f"img_{row}.png,"),
    "ids and labels of unknown names": lambda table: as_csv(
        table, ["PassengerId", "Survived", *NAMES[1:]], lambda row: f"{(7 * row) % 97 + 1000},"
    ),
    "ARFF with tabs, quotes and comments": as_arff,
}


@pytest.mark.parametrize("form", FORMS)
def test_a_table_is_read_from_what_other_programs_write(
    read: Callable[..., Dataset], form: str
) -> None:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (60, 9))
    pixels[:, [0, -1]] = 0  # as in pictures
    table: Table = np.column_stack([rng.integers(0, 3, 60), pixels]).tolist()
    check_same(read(FORMS[form](table).encode(), labels="required", classes=None), table)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("5~0~0~0~0~1", "its cells are separated by '~'; save it with commas"),
        ("5^0^0^0^0^1", r"its cells are separated by '\^'; save it with commas"),
        ("5 153:3 154:18 155:9", "is in LIBSVM's format; convert it"),
        (
            "@relation x\n@attribute p1 real\n@attribute class real\n@data\n{0 3, 1 18}",
            ":5: a row of a sparse ARFF file; convert it",
        ),
    ],
)
def test_other_forms_are_named(read: Callable[..., Dataset], line: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read(f"{line}\n{line}\n".encode(), labels="required")
