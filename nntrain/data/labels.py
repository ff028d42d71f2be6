"""Labels of any kind: the names of classes, and which labels of a file are mistakes."""

import re
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Literal, NamedTuple, TypeAlias

from nntrain.data.cells import format_cell, is_id, is_number
from nntrain.errors import DataError

MOST_CLASSES = 1_000
DIGITS = 10  # classes 0 … 9

# Which classes there may be: these, or so many, or any; "any": any, but others may be elsewhere.
Classes: TypeAlias = int | tuple[str, ...] | Literal["any"] | None

_WHOLE = re.compile(r"-?[0-9]{1,15}")
_MISSING = {"", "nan", "na", "n/a", "null", "none"}
_USUAL_ROWS = 20  # rows per class from which a class of a single row is doubtful


class Occurrences(NamedTuple):
    """Where a label stands in a file."""

    rows: int
    first: str  # location of the first one, for messages


def numbered(classes: int) -> tuple[str, ...]:
    """Names of the classes 0 … `classes` − 1."""
    return tuple(map(str, range(classes)))


def label_of(cell: str) -> str | None:
    """Name of the class that a cell of the label column means; None if it can mean none.

    Whole numbers in another notation, such as 7.0 or 7e0, are written as whole numbers.
    """
    if is_number(cell):
        value = float(cell)
        if _WHOLE.fullmatch(cell):
            return cell
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else None
    missing = cell.lower() in _MISSING or cell.lower().lstrip("+-") in {"inf", "infinity"}
    return cell if is_id(cell) and not missing else None


def in_order(labels: Iterable[str]) -> tuple[str, ...]:
    """Labels in the order of their numbers, or of the alphabet if one is no number."""
    names = list(labels)
    if all(map(_WHOLE.fullmatch, names)):
        return tuple(sorted(names, key=lambda name: (int(name), name)))
    return tuple(sorted(names))


def codes_of(labels: Iterable[str], classes: Sequence[str]) -> list[int | None]:
    """Number of the class of each label, where 07 is a 7, too; None if it is not among them."""
    exact = {name: number for number, name in enumerate(classes)}
    by_value = {_key(name): number for name, number in exact.items()}
    return [exact.get(label, by_value.get(_key(label))) for label in labels]


def _key(name: str) -> str | int:
    return int(name) if _WHOLE.fullmatch(name) else name


def resolve_classes(found: dict[str, Occurrences], expected: Classes) -> tuple[str, ...]:
    """Names of the classes of a file.

    Args:
        found: The file's labels.
        expected: The classes that there may be; or their number K, for labels 0 … K − 1 or K
            labels of another kind; None: any; "any": any, of which a file may hold few.

    Returns:
        `expected`, or 0 … K − 1, or the file's labels in order.

    Raises:
        DataError: If a label is not expected; or if it is probably a mistake.
    """
    if expected is None or expected == "any":
        names = in_order(found)
        if expected is None:
            _check_no_stray(found, names)
        return names
    allowed = numbered(expected) if isinstance(expected, int) else expected
    others = [
        label for label, code in zip(found, codes_of(found, allowed), strict=True) if code is None
    ]
    if others and len(found) == expected:
        return in_order(found)
    if others:
        raise DataError(
            f"{found[others[0]].first}: {format_cell(others[0])} is not {describe_one(allowed)}; "
            "correct it or remove the row"
        )
    return allowed


def _check_no_stray(found: dict[str, Occurrences], names: tuple[str, ...]) -> None:
    """Refuse a number far from the others, or a word among numbers, in too few rows to learn."""
    rows = sum(occurrences.rows for occurrences in found.values())
    numbers = [name for name in names if _WHOLE.fullmatch(name)]
    for stray in (name for name in names if found[name].rows == 1):
        others = [int(name) for name in numbers if name != stray]
        is_alone = others and (
            len(others) == len(names) - 1
            if stray not in numbers
            else not min(others) - 1 <= int(stray) <= max(others) + 1
        )
        if is_alone and rows >= _USUAL_ROWS * len(names):
            raise DataError(
                f"{found[stray].first}: {format_cell(stray)} is the only row of its class, among "
                f"labels {min(others)}–{max(others)}; correct it, remove the row, or say that "
                f"there are data.classes: {len(names)}"
            )


def describe_one(classes: Sequence[str]) -> str:
    """What a label must be, such as "a digit 0–9"."""
    if tuple(classes) == numbered(len(classes)) and len(classes) <= DIGITS:
        return f"a digit 0–{len(classes) - 1}"
    return f"one of the {len(classes)} classes {ranges(classes)}"


def describe(classes: Sequence[str]) -> str:
    """Classes as text, such as "digits 0–9" or "26 classes A–Z"."""
    kind = class_kind(classes)
    return f"{kind if kind == 'digits' else f'{len(classes)} classes'} {ranges(classes)}"


def ranges(names: Sequence[str]) -> str:
    """Names as short text: "0–9" if they are consecutive, else "0, 1, 7"."""
    numbers = [int(name) if _WHOLE.fullmatch(name) else ord(name[0]) for name in names]
    consecutive = all(number == numbers[0] + at for at, number in enumerate(numbers))
    if len(names) > 2 and consecutive and (len(names[-1]) == 1 or _WHOLE.fullmatch(names[-1])):
        return f"{names[0]}–{names[-1]}"
    shown = ", ".join(name if len(name) <= 20 else f"{name[:20]}…" for name in islice(names, 10))
    return shown if len(names) <= 10 else f"{shown}, …"


def class_kind(classes: Sequence[str], count: int = 2) -> str:
    """What so many classes are called: "digits" or "classes", or "digit" or "class" for one."""
    if set(classes) <= set(numbered(DIGITS)):
        return "digits" if count > 1 else "digit"
    return "classes" if count > 1 else "class"


def are_numbers(names: Sequence[str]) -> Literal["all", "some", "none"]:
    """How many of the names are whole numbers."""
    numbers = sum(map(bool, map(_WHOLE.fullmatch, names)))
    return "all" if numbers == len(names) else "some" if numbers else "none"


def value_of(name: str) -> int | str:
    """A label as a number, if it is one."""
    return int(name) if _WHOLE.fullmatch(name) and str(int(name)) == name else name
