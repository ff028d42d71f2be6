"""Parses single cells of a CSV."""

import math
import re
from functools import lru_cache

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def is_number(text: str) -> bool:
    """Whether the text is a decimal number, such as 7, 7.0, +7 or 7e1."""
    return _NUMBER.fullmatch(text) is not None


@lru_cache(maxsize=4096)  # pixels repeat
def parse_number(text: str) -> float:
    """Number in any decimal notation; NaN for any other text."""
    return float(text) if is_number(text) else math.nan


def is_id(text: str) -> bool:
    """Whether the text can be an id: not blank, and printable."""
    return bool(text) and text.isprintable() and "\ufffd" not in text  # U+FFFD: was not UTF-8


def format_cell(text: str) -> str:
    """Format a cell for a message: short, without control characters."""
    return quoted(text, 20) if text else "a blank"


def quoted(text: str, longest: int = 40) -> str:
    """Quote a text, such as the name of a column, in at most that many of its characters."""
    return repr(text if len(text) <= longest else text[:longest] + "…")
