"""Colours that can be read in every terminal: a contrast of at least 4.5 (WCAG 2.2, 1.4.3).

A terminal's own background is not known, so that text and background are set together. Of its
first 16 colours, which each terminal shows differently, only black on yellow has that contrast
in the palettes of xterm, VS Code and Jupyter. The colours above them are the same everywhere.
"""

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

# Of the rarest and the most frequent confusion.
_RAREST, _MOST_FREQUENT = (104, 96, 96), (215, 25, 28)
_OFTEN = 0.25  # of the most frequent confusion's count; used with 16 colours


def has_fixed_colours(console: "Console") -> bool:
    """Whether the console shows colours beside the 16 that each terminal chooses by itself."""
    return console.color_system in {"256", "truecolor"}


def heat(relative: float, console: "Console") -> str:
    """Return the style of a confusion by its count relative to the most frequent one."""
    if not has_fixed_colours(console):
        return "black on yellow" if relative >= _OFTEN else ""
    # The square root separates small counts better.
    red, green, blue = (
        round(low + math.sqrt(relative) * (high - low))
        for low, high in zip(_RAREST, _MOST_FREQUENT, strict=True)
    )
    return f"#ffffff on rgb({red},{green},{blue})"
