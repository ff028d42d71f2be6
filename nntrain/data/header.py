"""Finds the label, id and pixel columns of a CSV by its first line.

1. The first line is a header unless at least half its cells are numbers and none is a known name.
   Consecutive whole numbers from 0 or 1 on are a header too, as of a DataFrame without names; they
   only number the columns, so rule 4 applies.
2. A column with a name in `LABEL_NAMES` holds the labels, one in `ID_NAMES` the ids; case does not
   matter. The arguments `label_column` and `id_column` name other columns, or say their positions.
3. All others are pixels. Numbered names (`pixel0` …, `n1` …, `1x1` …) determine their order, and
   none may be missing or duplicate; columns with other names keep their order.
4. Without a header, a square number of columns is pixels; one more is pixels and a first column, or
   a last one if that varies as labels do and the first does not.
5. What a remaining column holds is decided by its values, in `nntrain.data.annotations`.
"""

import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from nntrain.data.cells import is_number, parse_number, quoted
from nntrain.errors import DataError, did_you_mean

LABEL_NAMES = {"label", "labels", "class", "digit", "number", "target", "y"}
ID_NAMES = {"id", "ids", "imageid", "image_id", "row_id", "rowid"}
# What pandas and R call a column that only numbers the rows.
_INDEX_NAME = re.compile(r"|unnamed: *\d+(\.\d+)?|index|level_0|row|rownames|row\.names")

_FEWEST_NUMBERED = 5
_FEWEST_ROWS = 10  # that show what a column holds
_MOST_LIKELY = 100  # classes of a label column that is found by its values
_NEARLY_CONSTANT = 0.9  # share of the most frequent value
_OTHER_SEPARATOR = re.compile(r"\w([^\w.+-])\w+(?:\1\w+){2}")
_POSITION = re.compile(r"[+-]?[0-9]{1,9}")
_NUMBERED_NAME = re.compile(r"(\D*)([0-9]{1,9})")
_GRID_NAME = re.compile(r"(\D*)([0-9]{1,4})(\D+)([0-9]{1,4})(\D*)")
_COLUMN_FIRST = re.compile(r"x\D*0y|c\D*0\D*r", re.IGNORECASE)  # x0y1, col0_row1


class Layout(NamedTuple):
    """Column numbers of label, id and pixels, the pixels in image order.

    Attributes:
        others: Columns whose values decide what they hold.
        notes: Decisions that the user should know of, as sentences.
    """

    label: int | None
    id: int | None
    pixels: list[int]
    others: list[int]
    notes: list[str]


def is_header(cells: Sequence[str], given: Sequence[str | int | None]) -> bool:
    """Apply rule 1 of the module's docstring, except for numbered columns."""
    names = {str(name).lower() for name in given if name and not _POSITION.fullmatch(str(name))}
    named = any(cell.lower() in LABEL_NAMES | ID_NAMES | names for cell in cells)
    return named or 2 * sum(is_number(cell) for cell in cells) < len(cells)


def only_numbers_columns(cells: Sequence[str]) -> bool:
    """Whether the cells are 0, 1, 2 … or 1, 2, 3 …; no row of an image counts like that.

    Cells before them may be names of an index. Fewer than five cells may be an image.
    """
    numbers = [parse_number(cell) for cell in cells if not is_index_name(cell)]
    counted = [numbers == [first + at for at in range(len(numbers))] for first in (0, 1)]
    return len(numbers) >= _FEWEST_NUMBERED and any(counted)


def check_not_renamed(cells: Sequence[str], location: str) -> None:
    """Check that no row of data has become the header.

    pandas renames the second 0 of a header to 0.1, the third to 0.2, and so on.

    Raises:
        DataError: If the cells are such names.
    """
    seen: Counter[str] = Counter()
    renamed = []
    for cell in cells:
        original, dot, count = cell.rpartition(".")
        if dot and count == str(seen[original]) and seen[original]:
            renamed.append(cell)
        else:
            original = cell
        seen[original] += 1
    if len(renamed) > 1 and 2 * len(renamed) >= len(cells) and all(map(is_number, cells)):
        raise DataError(
            f"{location}: a row of data that pandas has taken for names ({renamed[0]!r}, "
            f"{renamed[1]!r} … are repeated values); read the original with header=None and write "
            "it again"
        )


def find_layout(
    names: list[str],
    source: str,
    *,
    has_header: bool,
    labels: str,
    label_column: str | int | None,
    id_column: str | int | None,
    likely_label: int | None,
) -> Layout:
    """Apply rules 2 to 5 of the module's docstring.

    Args:
        names: Names of the columns.
        source: Path of the file, for messages.
        has_header: Whether the names are the file's own.
        labels: Whether the file must, must not or may have labels: "required" and so on.
        label_column: Name or position of the label column, if it is known.
        id_column: Name or position of the id column, if it is known.
        likely_label: The column that looks like labels, if one must; see `likely_label_column`.

    Raises:
        DataError: If the columns contradict the rules or the arguments.
    """
    if len(names) == 1 and (mark := _OTHER_SEPARATOR.search(names[0])):
        raise DataError(f"{source}: its cells are separated by {mark[1]!r}; save it with commas")
    label = _find_column("label", names, source, label_column, LABEL_NAMES, other=id_column)
    identifier = _find_column("id", names, source, id_column, ID_NAMES, other=label_column)
    rest = [column for column in range(len(names)) if column not in (label, identifier)]
    notes: list[str] = []
    if has_header:
        pixels, notes = _pixels_by_name(names, rest, source)
        rest_names = [names[column] for column in rest if not is_index_name(names[column])]
        is_numbered = all(map(_NUMBERED_NAME.fullmatch, rest_names))
        may_be_label = is_numbered and label is None and labels != "forbidden" and len(rest) > 4
        if may_be_label and is_square(len(rest_names) - 1) and likely_label in pixels:
            pixels.remove(likely_label)  # such as V1 of V1 … V785
        elif is_numbered and is_number(names[-1]) and not is_square(len(pixels)):
            raise _no_square(source, len(rest))
    else:
        pixels = _pixels_by_number(rest, source, likely_label, label is None and identifier is None)
    others = sorted(set(rest) - set(pixels))
    for column in others:
        if not is_index_name(names[column]) and not is_square(len(pixels)):
            raise unknown_column(source, names[column], names[pixels[0]])
    if not pixels:
        raise DataError(f"{source}: has no pixel columns; give a CSV with pixels")
    if label is None and not others and labels == "required":
        raise no_labels(source, None if likely_label is None else names[likely_label])
    if label is not None and labels == "forbidden":
        raise looks_labelled(source, names[label])
    return Layout(label, identifier, pixels, others, notes)


def likely_label_column(rows: Sequence[tuple[bytes, bytes]]) -> int:
    """The column that looks like labels: the first, unless only the last one does.

    In most pictures, the first and the last pixel are nearly always of the same colour. Labels
    vary, but repeat.

    Args:
        rows: First and last cell of some rows.

    Returns:
        0 or -1.
    """
    if len(rows) < _FEWEST_ROWS:
        return 0
    shares = []
    for cells in zip(*rows, strict=True):
        counts = Counter(cells)
        # Pixels of a photograph vary more than labels.
        varied = len(counts) > min(_MOST_LIKELY, len(rows) // 2)
        shares.append(1.0 if varied else counts.most_common(1)[0][1] / len(rows))
    first, last = shares
    return -1 if first > _NEARLY_CONSTANT > last else 0


def unknown_column(source: str, name: str, pixel: str) -> DataError:
    """Create the error for a column of unknown meaning."""
    return DataError(
        f"{source}: column {quoted(name)} is neither the label, nor the id, nor a pixel like "
        f"{quoted(pixel)}; remove it or say which it is"
    )


def no_labels(source: str, likely: str | None) -> DataError:
    """Create the error for a file without labels; `likely` is the column that may hold them."""
    hint = "or name the column that holds the digits"
    if likely is not None:
        hint = f"or, if column {quoted(likely)} holds the digits, write data.label_column: {likely}"
    return DataError(
        f"{source}: has no label column, it looks like a test file; give the training file, {hint}"
    )


def looks_labelled(source: str, name: str) -> DataError:
    """Create the error for labels in a test file."""
    return DataError(
        f"{source}: has labels (column {quoted(name)}), it looks like a training file; "
        "give the test file, or use 'nntrain evaluate' for a labelled one"
    )


def _find_column(
    kind: str,
    names: list[str],
    source: str,
    given: str | int | None,
    known: set[str],
    other: str | int | None,
) -> int | None:
    """Find the label or id column by name or position; None if there is none."""
    if given is not None and given == other:
        raise DataError(
            f"{source}: column {quoted(str(given))} cannot be both label and id; name two"
        )
    wanted = known if given is None else {str(given).lower()}
    taken = "" if other is None else str(other).lower()
    found = [
        column
        for column, name in enumerate(names)
        if name.lower() in wanted and (other is None or name.lower() != taken)
    ]
    if len(found) > 1:
        _check_unique([names[column] for column in found], source)
        candidates = " and ".join(quoted(names[column]) for column in found)
        raise DataError(
            f"{source}: {candidates} could each be the {kind} column; "
            f"say which with {kind}_column or rename one"
        )
    if given is None or found:
        return found[0] if found else None
    if _POSITION.fullmatch(str(given)):
        return _at_position(int(given), kind, len(names), source)
    hint = did_you_mean(
        str(given), names, f"the columns are {quoted(names[0])} to {quoted(names[-1])}"
    )
    raise DataError(f"{source}: has no column {quoted(str(given))} for the {kind}; {hint}")


def _at_position(position: int, kind: str, columns: int, source: str) -> int:
    if not 1 <= abs(position) <= columns:
        raise DataError(
            f"{source}: has no column {position} for the {kind}; positions are 1 to {columns:,}, "
            "and -1 is the last"
        )
    return position - 1 if position > 0 else columns + position


def _pixels_by_name(names: list[str], rest: list[int], source: str) -> tuple[list[int], list[str]]:
    """Pixel columns among the rest, in the order of their numbers; a note if that is another."""
    rest = [c for c in rest if not is_index_name(names[c])]
    numbered = {c: match for c in rest if (match := _NUMBERED_NAME.fullmatch(names[c]))}
    in_grid = {c: match for c in rest if (match := _GRID_NAME.fullmatch(names[c]))}
    if len(in_grid) > len(numbered):
        pixels = _grid_order(names, in_grid, source)
    elif numbered:
        pixels = _number_order(numbered, source)
    else:
        pixels = rest
        _check_unique([names[column] for column in pixels], source)
    note = "the pixel columns are put in the order of their names"
    return pixels, [note] if pixels != sorted(pixels) else []


def _number_order(numbered: dict[int, re.Match[str]], source: str) -> list[int]:
    prefix = Counter(match[1] for match in numbered.values()).most_common(1)[0][0]
    numbers = {c: int(match[2]) for c, match in numbered.items() if match[1] == prefix}
    _check_unique([f"{prefix}{number}" for number in numbers.values()], source)
    # A square image's numbers may begin anywhere, as those of R's V2 … V785 beside the label V1.
    first = min(numbers.values()) if is_square(len(numbers)) else min(1, *numbers.values())
    missing = set(range(first, first + len(numbers))) - set(numbers.values())
    if missing:
        raise _missing_pixel(source, f"{prefix}{min(missing)}")
    return sorted(numbers, key=numbers.__getitem__)


def _grid_order(names: list[str], in_grid: dict[int, re.Match[str]], source: str) -> list[int]:
    """Row by row: names hold row and column, or column and row as `_COLUMN_FIRST`."""
    form = Counter((match[1], match[3], match[5]) for match in in_grid.values()).most_common(1)[0][
        0
    ]
    places = {
        c: (int(match[2]), int(match[4]))
        for c, match in in_grid.items()
        if (match[1], match[3], match[5]) == form
    }
    _check_unique([f"{form[0]}{a}{form[1]}{b}{form[2]}" for a, b in places.values()], source)
    first, second = zip(*places.values(), strict=True)
    for a in range(min(first), max(first) + 1):
        for b in range(min(second), max(second) + 1):
            if (a, b) not in places.values():
                raise _missing_pixel(source, f"{form[0]}{a}{form[1]}{b}{form[2]}")
    if _COLUMN_FIRST.match(f"{form[0]}0{form[1]}"):
        return sorted(places, key=lambda c: places[c][::-1])
    return sorted(places, key=places.__getitem__)


def _missing_pixel(source: str, name: str) -> DataError:
    return DataError(
        f"{source}: pixel column {quoted(name)} is missing; give a file with every pixel"
    )


def _check_unique(names: list[str], source: str) -> None:
    name, times = Counter(names).most_common(1)[0] if names else ("", 0)
    if times > 1:
        raise DataError(f"{source}: column {quoted(name)} appears {times} times; keep one")


def _pixels_by_number(
    columns: list[int], source: str, likely_label: int | None, nothing_given: bool
) -> list[int]:
    """Apply rule 4 of the module's docstring."""
    if is_square(len(columns)):
        return columns
    if is_square(len(columns) - 2) and len(columns) > _FEWEST_NUMBERED + 5 and nothing_given:
        return columns[2:]
    if is_square(len(columns) - 1):
        other = likely_label if nothing_given and likely_label is not None else columns[0]
        return [column for column in columns if column != other]
    if not nothing_given:
        return columns
    raise _no_square(source, len(columns))


def _no_square(source: str, columns: int) -> DataError:
    return DataError(
        f"{source}: {columns} columns without a header are neither a square image nor a "
        "label and a square image; add a header such as label,pixel0,pixel1"
    )


def is_index_name(name: str) -> bool:
    """Whether pandas or R calls a column so that only numbers the rows."""
    return _INDEX_NAME.fullmatch(name.lower()) is not None


def is_square(number: int) -> bool:
    """Whether so many pixels are a square image."""
    return number > 0 and math.isqrt(number) ** 2 == number
