"""Finds the label, id and pixel columns of a CSV by its first line.

1. The first line is a header unless at least half its cells are numbers and none is a known name.
   Consecutive whole numbers from 0 or 1 on are a header too, as of a DataFrame without names; they
   only number the columns, so rules 4 and 5 apply.
2. A column with a name in `LABEL_NAMES` holds the labels, one in `ID_NAMES` the ids; case does not
   matter. The arguments `label_column` and `id_column` override the names.
3. All others are pixels. Numbered names (`pixel0` …, `n1` …) determine their order, and none may be
   missing or duplicate; columns with other names keep their order.
4. Without a header, a square number of columns is pixels; one more is a first column and pixels.
5. A first column of unknown name, before a square number of pixels, is the label if labels are
   required. Otherwise it is the label if every value is a class, else the id.
"""

import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from nntrain.data.cells import is_number, quoted
from nntrain.errors import DataError, did_you_mean

LABEL_NAMES = {"label", "labels", "class", "digit", "number", "target", "y"}
ID_NAMES = {"id", "ids", "imageid", "image_id", "index", "row", "row_id", "rowid"}

_FEWEST_NUMBERED = 10
_OTHER_SEPARATOR = re.compile(r"[;\t|]|(?<=\d) +(?=\d)")
_NUMBERED_NAME = re.compile(r"(\D*)([0-9]{1,9})")


class Layout(NamedTuple):
    """Column numbers of label, id and pixels, the pixels in image order."""

    label: int | None
    id: int | None
    pixels: list[int]
    undecided: bool  # whether the id column may hold labels; its values decide


def is_header(cells: Sequence[str], given: set[str | None]) -> bool:
    """Apply rule 1 of the module's docstring, except for numbered columns."""
    named = any(cell in given or cell.lower() in LABEL_NAMES | ID_NAMES for cell in cells)
    return named or 2 * sum(is_number(cell) for cell in cells) < len(cells)


def only_numbers_columns(cells: Sequence[str]) -> bool:
    """Whether the cells are 0, 1, 2 … or 1, 2, 3 …; no row of an image counts like that.

    Fewer than ten cells may be an image, such as one of 2×2 pixels.
    """
    starts = ([str(first + number) for number in range(len(cells))] for first in (0, 1))
    return len(cells) >= _FEWEST_NUMBERED and list(cells) in starts


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
    label_column: str | None,
    id_column: str | None,
) -> Layout:
    """Apply rules 2 to 5 of the module's docstring.

    Raises:
        DataError: If the columns contradict the rules or the arguments.
    """
    if len(names) == 1 and (mark := _OTHER_SEPARATOR.search(names[0])):
        raise DataError(f"{source}: its cells are separated by {mark[0]!r}; save it with commas")
    label = _find_column("label", names, source, label_column, LABEL_NAMES, other=id_column)
    identifier = _find_column("id", names, source, id_column, ID_NAMES, other=label_column)
    rest = [column for column in range(len(names)) if column not in (label, identifier)]
    if has_header:
        pixels = _pixels_by_name(names, rest, source)
    elif label is None and identifier is None:
        pixels = _pixels_by_number(rest, source)
    else:
        pixels = rest
    unknown = sorted(set(rest) - set(pixels))
    undecided = False
    if unknown == [0] and label is None and identifier is None and _is_square(len(pixels)):
        if labels == "required":
            label = 0
        else:
            identifier, undecided = 0, True
    elif unknown:
        raise DataError(
            f"{source}: column {quoted(names[unknown[0]])} is neither the label, nor the id, nor "
            f"a pixel like {quoted(names[pixels[0]])}; remove it or say which it is"
        )
    if not pixels:
        raise DataError(f"{source}: has no pixel columns; give a CSV with pixels")
    if label is None and labels == "required":
        raise DataError(
            f"{source}: has no label column, it looks like a test file; "
            "give the training file, or name the column that holds the digits"
        )
    if label is not None and labels == "forbidden":
        raise looks_labelled(source, names[label])
    return Layout(label, identifier, pixels, undecided)


def looks_labelled(source: str, name: str) -> DataError:
    """Create the error for labels in a test file."""
    return DataError(
        f"{source}: has labels (column {quoted(name)}), it looks like a training file; "
        "give the test file, or use 'nntrain evaluate' for a labelled one"
    )


def _find_column(
    kind: str, names: list[str], source: str, given: str | None, known: set[str], other: str | None
) -> int | None:
    """Find the label or id column by name; None if there is none."""
    if given is not None and given == other:
        raise DataError(f"{source}: column {quoted(given)} cannot be both label and id; name two")
    wanted = known if given is None else {given.lower()}
    found = [
        column
        for column, name in enumerate(names)
        if name.lower() in wanted and (other is None or name.lower() != other.lower())
    ]
    if len(found) > 1:
        _check_unique([names[column] for column in found], source)
        candidates = " and ".join(quoted(names[column]) for column in found)
        raise DataError(
            f"{source}: {candidates} could each be the {kind} column; "
            f"say which with {kind}_column or rename one"
        )
    if given is not None and not found:
        hint = did_you_mean(
            given, names, f"the columns are {quoted(names[0])} to {quoted(names[-1])}"
        )
        raise DataError(f"{source}: has no column {quoted(given)} for the {kind}; {hint}")
    return found[0] if found else None


def _pixels_by_name(names: list[str], rest: list[int], source: str) -> list[int]:
    """Pixel columns among the rest, ordered by their numbers."""
    numbered = {c: match for c in rest if (match := _NUMBERED_NAME.fullmatch(names[c]))}
    if not numbered:
        _check_unique([names[column] for column in rest], source)
        return rest
    prefix = Counter(match[1] for match in numbered.values()).most_common(1)[0][0]
    numbers = {c: int(match[2]) for c, match in numbered.items() if match[1] == prefix}
    _check_unique([f"{prefix}{number}" for number in numbers.values()], source)
    first = 0 if 0 in numbers.values() else 1
    missing = set(range(first, first + len(numbers))) - set(numbers.values())
    if missing:
        raise DataError(
            f"{source}: pixel column '{prefix}{min(missing)}' is missing; "
            "give a file with every pixel"
        )
    return sorted(numbers, key=numbers.__getitem__)


def _check_unique(names: list[str], source: str) -> None:
    name, times = Counter(names).most_common(1)[0] if names else ("", 0)
    if times > 1:
        raise DataError(f"{source}: column {quoted(name)} appears {times} times; keep one")


def _pixels_by_number(columns: list[int], source: str) -> list[int]:
    """Apply rule 4 of the module's docstring."""
    if _is_square(len(columns)):
        return columns
    if _is_square(len(columns) - 1):
        return columns[1:]
    raise DataError(
        f"{source}: {len(columns)} columns without a header are neither a square image nor a "
        "label and a square image; add a header such as label,pixel0,pixel1"
    )


def _is_square(number: int) -> bool:
    return number > 0 and math.isqrt(number) ** 2 == number
