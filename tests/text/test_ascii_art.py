"""Digits drawn with characters."""

import io
import re

import numpy as np
import pytest
from rich.console import Console

from nntrain.text import ascii_art


def console(width: int, colours: bool) -> Console:
    return Console(
        width=width,
        color_system="truecolor" if colours else None,
        force_terminal=True,
        record=True,
        file=io.StringIO(),
    )


@pytest.mark.parametrize("side", [1, 2, 5, 28])
def test_each_half_of_a_character_is_a_pixel(side: int) -> None:
    pixels = np.random.default_rng(side).integers(0, 256, (side, side)).astype(np.uint8)
    drawn = ascii_art.picture(pixels.reshape(-1), console(80, colours=True))
    lines = drawn.split("\n")
    assert len(lines) == (side + 1) // 2
    for number, line in enumerate(lines):
        assert line.plain == "▀" * side
        for column, span in enumerate(line.spans):
            upper, lower = re.findall(r"rgb\((\d+),\1,\1\)", str(span.style))
            assert int(upper) == pixels[2 * number, column]
            assert int(lower) == (pixels[2 * number + 1, column] if 2 * number + 1 < side else 0)


@pytest.mark.parametrize(
    ("width", "columns", "lines"),
    [(300, 10 * 29 - 1, 15), (150, 5 * 29 - 1, 30), (80, 5 * 15 - 1, 16), (60, 4 * 15 - 1, 24)],
)
def test_pictures_are_printed_side_by_side(width: int, columns: int, lines: int) -> None:
    out = console(width, colours=False)
    images = np.full((10, 784), 255, np.uint8)
    out.print(ascii_art.side_by_side(images, [str(digit) for digit in range(10)], out))
    drawn = out.export_text().splitlines()
    assert len(drawn) == lines
    assert max(len(line.rstrip()) for line in drawn) == columns
    assert re.findall(r"\d", "".join(drawn)) == [str(digit) for digit in range(10)]


@pytest.mark.parametrize(
    ("pixels", "text"),
    [([255, 0, 51], "pixels 255 0 51"), ([7], "pixels 7"), ([1] * 41, f"pixels{' 1' * 40} …")],
)
def test_an_image_that_is_not_square_is_printed_as_numbers(pixels: list[int], text: str) -> None:
    assert str(ascii_art.render_or_list(np.array(pixels, np.uint8), Console())) == text
