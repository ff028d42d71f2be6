"""Colours and signs that can be read in every terminal: a contrast of 4.5 (WCAG 2.2, 1.4.3).

A terminal's own background is not known, so that text and background are set together. Of its
first 16 colours, which each terminal shows differently, only black on yellow has that contrast
in the palettes of xterm, VS Code and Jupyter. The colours above them are the same everywhere.
"""

from rich.console import Console
from rich.text import Text

# A sign, its replacement where the encoding lacks it, the background, and the style with 16
# colours.
_SIGNS = {
    "right": ("✓", "+", "#005f00", "reverse"),
    "wrong": ("✗", "x", "#af0000", "black on yellow"),
}
# Backgrounds of curves.
_SERIES = ("#005f87", "#870087", "#875f00", "#005f00", "#5f00af", "#870000")


def has_fixed_colours(out: Console) -> bool:
    """Whether a console shows colours beside the 16 that each terminal chooses by itself."""
    return out.color_system in {"256", "truecolor"}


def verdict_style(verdict: str, out: Console) -> str:
    """Return the style of "right", or of any other verdict as that of "wrong"."""
    *_, background, otherwise = _SIGNS["right" if verdict == "right" else "wrong"]
    return f"#ffffff on {background}" if has_fixed_colours(out) else otherwise


def marked(verdict: str, out: Console, text: str = "") -> Text:
    """A verdict with its sign and colour in a terminal; the plain text elsewhere."""
    text = text or verdict
    if not out.is_terminal or not verdict:
        return Text(text)
    sign, fallback, *_ = _SIGNS["right" if verdict == "right" else "wrong"]
    try:
        sign.encode(out.encoding)
    except UnicodeEncodeError:
        sign = fallback
    return Text.assemble((f"{sign} {text}", verdict_style(verdict, out)))


def series_style(number: int, out: Console) -> str:
    """Return the style of the curve of a number."""
    return f"#ffffff on {_SERIES[number % len(_SERIES)]}" if has_fixed_colours(out) else ""
