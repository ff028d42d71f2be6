"""The contrast of text in a terminal, from the escape codes that a command writes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from tests.support.palettes import PALETTES, RGB, Palette

READABLE = 4.5  # WCAG 2.2, success criterion 1.4.3
PICTURES = " ▀▄█"  # blank, or a pixel of an image
_SWITCHES = {
    "1": {"bold": True},
    "2": {"dim": True},
    "7": {"reverse": True},
    "22": {"bold": False, "dim": False},
    "27": {"reverse": False},
}
_TOKEN = re.compile(r"\x1b\[(?:([\d;]*m)|[\d;?]*[A-Za-z])|([^\x1b])")


@dataclass(frozen=True)
class Style:
    """What an escape code sets; a colour is a number below 256, RGB, or None for the default."""

    text: int | RGB | None = None
    background: int | RGB | None = None
    bold: bool = False
    dim: bool = False
    reverse: bool = False

    def after(self, codes: list[str]) -> "Style":
        """The style after the codes of one sequence, such as ["1", "38", "5", "196"]."""
        style = self
        while codes:
            code = codes.pop(0)
            style = Style() if code in {"", "0"} else replace(style, **_changes(code, codes))
        return style

    def contrast(self, palette: Palette) -> float:
        """The contrast of text to background; the least, where terminals differ."""
        texts = [_rgb(self.text, palette, palette.text)]
        if self.bold and isinstance(self.text, int) and self.text < 8:
            texts.append(palette.colour(self.text + 8))  # as xterm, VS Code and nbconvert do
        background = _rgb(self.background, palette, palette.background)
        if self.dim:  # half as opaque in xterm.js
            texts.extend([_mean(text, background) for text in texts])
        return min(contrast(text, background) for text in texts)


def contrast(first: RGB, second: RGB) -> float:
    """The contrast ratio of WCAG 2.2, 1 to 21."""
    darker, lighter = sorted((_luminance(first), _luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


def styles(shown: str) -> Iterator[tuple[str, Style]]:
    """Each character but escape codes, and its style."""
    style = Style()
    for colours, letter in _TOKEN.findall(shown):
        if letter:
            yield letter, style
        elif colours:
            style = style.after(colours.removesuffix("m").split(";"))


def illegible(shown: str) -> set[str]:
    """What is hard to read of a command's output, and in which palette; nothing if all is well."""
    found: dict[Style, str] = {}
    for letter, style in styles(shown):
        if letter not in PICTURES and letter.isprintable():
            found[style] = found.get(style, "") + letter
    return {
        f"{text!r}, {style} in {palette.name}: {ratio:.2f}"
        for style, text in found.items()
        for palette in PALETTES
        if (ratio := style.contrast(palette)) < READABLE
    }


def _changes(code: str, following: list[str]) -> dict[str, Any]:
    """The attributes that a code sets; those of 38 and 48 take the codes that follow them."""
    if code in _SWITCHES:
        return _SWITCHES[code]
    number = int(code)
    name = "text" if number // 10 in {3, 9} else "background"
    if number % 10 == 9:
        return {name: None}
    if number in {38, 48}:
        values = [int(following.pop(0)) for _ in range(2 if following[0] == "5" else 4)]
        return {name: values[1] if len(values) == 2 else tuple(values[1:])}
    return {name: number % 10 + (8 if number >= 90 else 0)}


def _rgb(colour: int | RGB | None, palette: Palette, default: RGB) -> RGB:
    if colour is None:
        return default
    return palette.colour(colour) if isinstance(colour, int) else colour


def _mean(first: RGB, second: RGB) -> RGB:
    red, green, blue = ((a + b) // 2 for a, b in zip(first, second, strict=True))
    return red, green, blue


def _luminance(colour: RGB) -> float:
    red, green, blue = (
        level / 12.92 if level <= 0.04045 else ((level + 0.055) / 1.055) ** 2.4
        for level in (channel / 255 for channel in colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
