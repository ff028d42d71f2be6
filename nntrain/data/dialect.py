"""Finds where the table of a text file begins, and what separates its cells.

Commas, semicolons, tabs, vertical bars and blanks separate cells. Lines before the table (titles,
comments, "sep=;", the declarations of an ARFF file) are left out.
"""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

from nntrain.data.cells import format_cell, is_number
from nntrain.data.lines import Line, Lines
from nntrain.errors import DataError

LOOKAHEAD = 20  # lines
_FEWEST_COLUMNS = 5  # of a table that a title can be told from
_SEPARATORS = {b",": "commas", b";": "a semicolon", b"\t": "a tab", b"|": "'|'", b" ": "blanks"}
_DECLARED = re.compile(rb'"?sep=(.)"?', re.IGNORECASE)
_QUOTED = re.compile(rb'"[^"]*"')
_AROUND_COMMA = re.compile(rb"[ \t]*,[ \t]*")
_COMMENTS = (b"#", b"%", b"//")
_ATTRIBUTE = re.compile(rb"@attribute\s+('[^']*'|\"[^\"]*\"|\S+)", re.IGNORECASE)


class Table(NamedTuple):
    """A table whose cells are separated by commas.

    Attributes:
        first: The first line.
        rest: The other lines; in blocks, too, if they are as in the file.
        notes: What was left out or replaced, as sentences.
    """

    first: Line
    rest: Lines
    notes: list[str]


def read_table(lines: Lines, source: str) -> Table:
    """Find the first line of the table, and put commas between the cells of all lines.

    Raises:
        DataError: If there is no table.
    """
    start = _first_lines(lines)
    filled = [line for line in start if line.text.strip()]
    if any(line.text.lstrip().lower().startswith(b"@relation") for line in filled):
        return _read_arff(chain(start, lines), source)
    separator = _separator(filled)
    width = _usual_width(filled, separator)
    notes = []
    while filled[1:] and _is_title(filled[0].text, separator, width):
        title = filled.pop(0)
        shown = format_cell(_decoded(title.text))
        notes.append(f"line {title.number} ({shown}) is no row and is left out")
    if trailing := len(filled) > 1 and all(_ends_with(line.text, separator) for line in filled[1:]):
        notes.append("the cells after the last separator are empty and are left out")
    first, *others = (_with_commas(line, separator, trailing) for line in filled)
    if separator != b",":
        notes.append(f"its cells are separated by {_SEPARATORS[separator]}")
    if first.text.startswith(b"#"):  # numpy.savetxt writes a header so
        first = first._replace(text=first.text.lstrip(b"# "))
    if _lacks_name_of_index(first, others):
        first = first._replace(text=b"," + first.text)
    lines.unread([line for line in start if line.number > first.number])
    if separator == b"," and not trailing:
        return Table(first, lines, notes)
    return Table(first, Lines(_with_commas(line, separator, trailing) for line in lines), notes)


def _first_lines(lines: Iterator[Line]) -> list[Line]:
    """The first lines, up to some that are no comments."""
    start, others = [], 0
    for line in lines:
        start.append(line)
        others += bool(line.text.strip()) and not line.text.startswith(_COMMENTS)
        if others == LOOKAHEAD:
            break
    return start


def _ends_with(text: bytes, separator: bytes) -> bool:
    return separator != b" " and text.rstrip(b" ").endswith(separator)


def _separator(start: list[Line]) -> bytes:
    """The separator that divides the most lines into the same number of cells."""
    for line in start:
        if (declared := _DECLARED.fullmatch(line.text.strip())) and declared[1] in _SEPARATORS:
            return declared[1]
    texts = [_AROUND_COMMA.sub(b",", _QUOTED.sub(b"0", line.text).strip()) for line in start]
    agreeing = {}
    # The first of equals: semicolons may stand between decimal commas.
    for separator in (b";", b"\t", b"|", b",", b" "):
        rows = [cells for text in texts if len(cells := _cells(text, separator)) > 1]
        if separator == b" ":
            rows = [cells for cells in rows if is_number(_decoded(cells[-1]))]
        agreeing[separator] = max(Counter(map(len, rows)).values(), default=0)
    best = max(agreeing, key=agreeing.__getitem__)
    return best if agreeing[best] else b","


def _usual_width(start: list[Line], separator: bytes) -> int:
    """Number of cells in most of the lines; of the wider if two numbers are as frequent."""
    widths = Counter(len(_cells(line.text, separator)) for line in start)
    return max(widths, key=lambda width: (widths[width], width))


def _cells(text: bytes, separator: bytes) -> list[bytes]:
    cells = text.split(separator)
    return [cell for cell in cells if cell] if separator == b" " else cells


def _is_title(text: bytes, separator: bytes, width: int) -> bool:
    """Whether a line is no header and no row of a table of that width."""
    cells = _cells(text, separator)
    if _DECLARED.fullmatch(text.strip()):
        return True
    if text.startswith(_COMMENTS):
        return len(cells) != width or width == 1
    filled = [cell for cell in cells if cell.strip(b' "')]
    return width >= _FEWEST_COLUMNS and min(len(cells), 2 * len(filled)) <= width // 2


def _lacks_name_of_index(header: Line, rows: list[Line]) -> bool:
    """Whether the rows begin with a number of their own, as R's write.table writes them."""
    width = len(_cells(header.text, b","))
    tables = [_cells(row.text, b",") for row in rows]
    if width < _FEWEST_COLUMNS or any(len(cells) != width + 1 for cells in tables):
        return False
    names = [cells[0].strip(b'"') for cells in tables]
    counted = (
        bool(names) and all(name.isdigit() for name in names) and len(set(names)) == len(names)
    )
    return counted and not is_number(_decoded(_cells(header.text, b",")[0]))


def _with_commas(line: Line, separator: bytes, trailing: bool) -> Line:
    """The line with commas between its cells, and points instead of decimal commas.

    A last separator is left out if it is `trailing`.
    """
    if trailing and _ends_with(line.text, separator):
        line = line._replace(text=line.text.rstrip(b" ")[: -len(separator)])
    if separator == b",":
        return line
    if separator == b" ":
        return line._replace(text=b",".join(_cells(line.text, separator)))
    text = line.text.replace(b",", b".") if separator in (b";", b"\t") else line.text
    return line._replace(text=text.replace(separator, b","))


def _read_arff(lines: Iterator[Line], source: str) -> Table:
    """The rows of an ARFF file, below a header of its attributes."""
    names = []
    for line in lines:
        text = line.text.strip()
        if attribute := _ATTRIBUTE.match(text):
            names.append(attribute[1].strip(b"'\""))
        elif text.lower() == b"@data":
            rows = (_arff_row(row, source) for row in lines if not row.text.startswith(b"%"))
            header = Line(line.number, b",".join(names))
            return Table(
                header, Lines(rows), [f"an ARFF file, with rows from line {line.number + 1} on"]
            )
    raise DataError(f"{source}: is an ARFF file without a line @data; give a complete one")


def _arff_row(line: Line, source: str) -> Line:
    """A row without the quotes around its words."""
    if line.text.startswith(b"{"):
        raise DataError(
            f"{source}:{line.number}: a row of a sparse ARFF file; convert it: "
            "scipy.io.arff or Weka's SparseToNonSparse"
        )
    text = line.text if b"," in line.text else line.text.replace(b"\t", b",")
    return line._replace(text=text.replace(b"'", b""))


def _decoded(text: bytes) -> str:
    return text.decode(errors="replace")
