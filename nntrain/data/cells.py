"""Parses single cells of a CSV."""

import math
import re
from functools import lru_cache

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def is_number(text: str) -> bool:
    """Whether the text is a decimal number, such as 7, 7.0, +7 or 7e1."""
    return _NUMBER.fullmatch(text) is not None


@lru_cache(maxsize=4096)  # pixels repeat
def parse_uint(text: str, limit: int) -> int | None:
    """Whole number from 0 to `limit`, in any notation; None for any other text."""
    value = float(text) if is_number(text) else math.nan
    return int(value) if value.is_integer() and 0 <= value <= limit else None


def is_id(text: str) -> bool:
    """Whether the text can be an id: not blank, and printable."""
    return bool(text) and text.isprintable() and "\ufffd" not in text  # U+FFFD: was not UTF-8


def format_cell(text: str) -> str:
    """Format a cell for a message: short, without control characters."""
    if not text:
        return "a blank"
    return repr(text if len(text) <= 20 else text[:20] + "…")


def quoted(text: str) -> str:
    """Format the name of a column for a message."""
    return repr(text if len(text) <= 40 else text[:40] + "…")
