"""What people write for numbers and for null, but YAML reads as text."""

import math
import re

_NULL_WORDS = {"none", "nil", "undefined", "n/a", "na", "nan"}
_PLAIN = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_UNIT_FACTORS = {"%": 0.01, "‰": 0.001, "k": 1e3, "K": 1e3, "M": 1e6}
_LONGEST = 40


def is_null_word(text: str) -> bool:
    """Whether it is a word for nothing that YAML does not know, such as Python's None."""
    return text.strip().lower() in _NULL_WORDS


def is_percentage(text: str) -> bool:
    """Whether it is a percentage or has a decimal comma, so that it is hardly a name."""
    return number_in(text) is not None and re.fullmatch(r"[\d.]+\s*%|\d+,\d+", text) is not None


def number_in(text: str) -> float | None:
    """The number that a text means, such as 0.2 for "20%"; None if it is not clear.

    Known are percentages, thousands with separators ("1,000", "1 000") or a k, a decimal comma
    ("0,1"), fractions ("1/255"), powers ("10^-3"), units ("10 epochs") and a comma at the end.
    """
    text = text.strip().rstrip(",;").replace("−", "-")
    if len(text) > _LONGEST:
        return None
    if re.fullmatch(r"[-+]?[1-9]\d{0,2}([,' _\u00a0\u202f]\d{3})+", text):
        text = re.sub(r"[^-+\d]", "", text)
    text = re.sub(r"^([-+]?\d+),(\d+)", r"\1.\2", text)
    if match := re.fullmatch(rf"({_PLAIN})\s*([%‰°]|[^\W\d_]+)?", text):
        return _finite(float(match[1]) * _UNIT_FACTORS.get(match[2], 1))
    if match := re.fullmatch(rf"({_PLAIN})\s*/\s*({_PLAIN})", text):
        divisor = float(match[2])
        return _finite(float(match[1]) / divisor) if divisor else None
    if match := re.fullmatch(r"([1-9]\d{0,2})\s*(?:\^|\*\*)\s*\(?([-+]?\d{1,2})\)?", text):
        return _finite(float(match[1]) ** int(match[2]))
    return None


def _finite(number: float) -> float | None:
    rounded = float(f"{number:.12g}")  # 0.07, not 0.07000000000000001
    return rounded if math.isfinite(rounded) else None
