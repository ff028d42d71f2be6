"""Decides by their values what the columns other than the pixels hold: labels, ids or an index."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nntrain.data.cells import format_cell, is_id, quoted
from nntrain.data.dataset import Annotations, label_dtype
from nntrain.data.header import Layout, is_index_name, looks_labelled, no_labels, unknown_column
from nntrain.data.labels import (
    DIGITS,
    MOST_CLASSES,
    Classes,
    Occurrences,
    codes_of,
    describe_one,
    label_of,
    numbered,
    resolve_classes,
)
from nntrain.errors import DataError


class Columns(NamedTuple):
    """The columns of a CSV other than the pixels, as text.

    Attributes:
        source: Path of the file, for messages.
        names: Names of all columns.
        has_header: Whether the names are the file's own.
        cells: Cells of each column by its number, without blanks around them.
        locate: Formats the location of a cell by row, from 0, and column.
    """

    source: str
    names: list[str]
    has_header: bool
    cells: Mapping[int, list[str]]
    locate: Callable[[int, int], str]


def annotate(columns: Columns, layout: Layout, labels: str, classes: Classes) -> Annotations:
    """Find labels and ids.

    A column of unknown name is an index if it only counts the rows; then the label if labels are
    required, or if it holds digits or repeats values as ids cannot; else the id.

    Args:
        columns: The columns.
        layout: What is known of them from the first line.
        labels: Whether the file must, must not or may have labels: "required" and so on.
        classes: See `nntrain.data.labels.resolve_classes`.

    Raises:
        DataError: If a column is of unknown meaning, a label or an id is invalid, or there are no
            labels though they are required, or labels though they are forbidden.
    """
    label, identifier, notes = layout.label, layout.id, list(layout.notes)
    empty = [column for column in layout.others if not any(columns.cells[column])]
    if empty:
        named = ", ".join(quoted(columns.names[column]) for column in empty[:3])
        notes.append(f"{len(empty)} empty columns ({named}) are left out")
    unknown = []
    for column in sorted(set(layout.others) - set(empty)):
        cells, name = columns.cells[column], columns.names[column]
        if (columns.has_header or layout.others[1:]) and _is_index(cells, name):
            notes.append(f"column {quoted(name)} is an index of the rows and is left out")
        else:
            unknown.append(column)
    if labels == "required":  # labels repeat more than ids
        unknown.sort(key=lambda column: len(set(columns.cells[column])))
    for column in unknown:
        cells, name = columns.cells[column], columns.names[column]
        if label is None and (labels == "required" or _are_labels(columns, column, classes)):
            label = column
        elif identifier is None and (
            len(set(cells)) > 1 or len(cells) == 1 or not columns.has_header
        ):
            identifier = column
        else:
            raise unknown_column(columns.source, name, columns.names[layout.pixels[0]])
    if label is None and labels == "required":
        raise no_labels(columns.source, None)
    if label is not None and labels == "forbidden":
        raise looks_labelled(columns.source, columns.names[label])
    codes, names = (None, ()) if label is None else _read_labels(columns, label, classes)
    return Annotations(
        labels=codes,
        classes=names,
        ids=None if identifier is None else _read_ids(columns, identifier, unique=label is None),
        label_column=None if label is None else columns.names[label],
        id_column=None if identifier is None else columns.names[identifier],
        notes=tuple(notes),
    )


def counts_rows(cells: list[str]) -> bool:
    """Whether the cells are 0, 1, 2 … or 1, 2, 3 …."""
    if not cells or cells[0] not in ("0", "1"):
        return False
    return cells == [str(number) for number in range(int(cells[0]), int(cells[0]) + len(cells))]


def _is_index(cells: list[str], name: str) -> bool:
    """Whether a column only counts the rows; a single row needs a name that says so, too."""
    return counts_rows(cells) and (len(cells) > 1 or is_index_name(name))


def _are_labels(columns: Columns, column: int, classes: Classes) -> bool:
    """Whether a column of unknown name holds labels, not ids."""
    cells, name = columns.cells[column], columns.names[column]
    different = len(set(cells))
    if 1 < different < len(cells):
        return True  # ids do not repeat
    if columns.has_header and (different == 1 < len(cells) or is_index_name(name)):
        return False
    allowed = numbered(classes if isinstance(classes, int) else DIGITS)
    allowed = classes if isinstance(classes, tuple) else allowed
    return None not in codes_of(cells, allowed)


def _read_labels(
    columns: Columns, label: int, classes: Classes
) -> tuple[NDArray[np.unsignedinteger], tuple[str, ...]]:
    """Number of the class of each row, and the names of the classes."""
    name, cells = columns.names[label], columns.cells[label]
    first_rows: dict[str, int] = {}
    for row, cell in enumerate(cells):
        if cell not in first_rows:
            first_rows[cell] = row
            if len(first_rows) > MOST_CLASSES and classes in (None, "any"):
                raise DataError(
                    f"{columns.source}: column {quoted(name)} has more than {MOST_CLASSES:,} "
                    f"different values up to row {row + 1:,}; name the label column in "
                    "data.label_column"
                )
    counts, found, meaning = Counter(cells), dict[str, Occurrences](), dict[str, str]()
    for cell, row in first_rows.items():
        known, where = label_of(cell), columns.locate(row, label)
        if known is None:
            allowed = numbered(classes) if isinstance(classes, int) else classes
            wanted = (
                describe_one(allowed)
                if isinstance(allowed, tuple)
                else "a label, a whole number or a word"
            )
            raise DataError(
                f"{where}: {format_cell(cell)} is not {wanted}; correct it or remove the row"
            )
        meaning[cell] = known
        before = found.get(known, Occurrences(0, where))
        found[known] = before._replace(rows=before.rows + counts[cell])
    resolved = resolve_classes(found, classes)
    codes = dict(zip(meaning, codes_of(meaning.values(), resolved), strict=True))
    return np.array([codes[cell] for cell in cells], label_dtype(len(resolved))), resolved


def _read_ids(columns: Columns, identifier: int, *, unique: bool) -> NDArray[np.str_]:
    """The ids, each of them printable; and given once, if they must be unique."""
    cells = columns.cells[identifier]
    for row, cell in enumerate(cells):
        if not is_id(cell):
            raise DataError(
                f"{columns.locate(row, identifier)}: {format_cell(cell)} is not a printable id; "
                "correct it or remove the row"
            )
    text, times = Counter(cells).most_common(1)[0]
    if unique and times > 1:
        first = cells.index(text)
        second = cells.index(text, first + 1)
        raise DataError(
            f"{columns.locate(second, identifier)}: id {format_cell(text)} is also that of row "
            f"{first + 1}; each row of a test file needs its own"
        )
    return np.array(cells, np.str_)
