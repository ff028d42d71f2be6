"""What one cell of a CSV can say."""

import math
import re
from functools import lru_cache

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def is_number(text: str) -> bool:
    """Whether it is a number as programs write them: 7, 7.0, +7, 7e1."""
    return _NUMBER.fullmatch(text) is not None


@lru_cache(maxsize=4096)  # pixels repeat
def parse_uint(text: str, limit: int) -> int | None:
    """The whole number from 0 to `limit` that the text says, in whatever notation, or None."""
    value = float(text) if is_number(text) else math.nan
    return int(value) if value.is_integer() and 0 <= value <= limit else None


def is_id(text: str) -> bool:
    """Whether it can name a row: not blank, and nothing that does not print."""
    return bool(text) and text.isprintable() and "\ufffd" not in text  # U+FFFD: was not UTF-8


def shown(text: str) -> str:
    """A cell for a message: short, and without anything that moves the cursor."""
    if not text:
        return "a blank"
    return repr(text if len(text) <= 20 else text[:20] + "…")
