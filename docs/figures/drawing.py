"""SVG drawings on a white card: shapes, text, networks, plots and contour lines.

The text of a drawing depends on its numbers only: a number is written with one decimal, nothing
holds a date, and no font is embedded. The card is opaque, so it is readable on a dark page, too.
"""

import math
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path
from typing import NamedTuple

import numpy as np
from contourpy import contour_generator  # a part of matplotlib
from numpy.typing import NDArray

# The colours of the lecture's quantities, as on the page of `nntrain lesson`.
X, W, DELTA, TARGET, OTHER = "#1a5fa3", "#1c6b42", "#b3420d", "#8a3579", "#5b45ad"
INK, QUIET, FAINT, PAPER = "#1d2733", "#5a6672", "#c9d1d9", "#ffffff"
TINT = {X: "#e2eefb", W: "#e0f1e7", DELTA: "#fdeadf", TARGET: "#f6e6f2", OTHER: "#ece8f8"}
FONT = "'DejaVu Sans', Verdana, 'Segoe UI', Helvetica, Arial, sans-serif"

Point = tuple[float, float]
Numbers = Sequence[float] | NDArray[np.floating]


def number(value: float, decimals: int = 4) -> str:
    """A number as `nntrain trace` rounds it, with a real minus sign."""
    return f"{value + 0.0:.{decimals}f}".replace("-", "−")


def name(symbol: str, layer: int, *place: int) -> str:
    """A quantity as in docs/pencil.md, such as W₂[0, 1]; places count from 0."""
    return f"{symbol}{'₀₁₂₃₄₅₆₇₈₉'[layer]}[{', '.join(map(str, place))}]"


class Drawing:
    """An SVG drawing.

    Args:
        width, height: Its size, in pixels.
        title: What it shows, for readers who cannot see it.
    """

    def __init__(self, width: int, height: int, title: str) -> None:
        self.width, self.height, self.title = width, height, title
        self.lines: list[str] = []
        self._clips = 0

    def add(self, name: str, content: str | None = None, **attributes: object) -> None:
        """Append an element; `stroke_width` becomes stroke-width, numbers are rounded."""
        words = [
            f'{key.replace("_", "-")}="{_coordinate(value)}"'
            for key, value in attributes.items()
            if value is not None
        ]
        opening = " ".join([name, *words])
        self.lines.append(
            f"<{opening}/>" if content is None else f"<{opening}>{escape(content)}</{name}>"
        )

    def text(
        self,
        at: Point,
        content: str,
        colour: str = INK,
        size: float = 14,
        anchor: str = "middle",
        bold: bool = False,
    ) -> None:
        """Write one line; `at` is its baseline."""
        self.add(
            "text",
            content,
            x=at[0],
            y=at[1],
            fill=colour,
            font_size=size,
            text_anchor=anchor,
            font_weight="bold" if bold else None,
        )

    def notes(self, at: Point, lines: Sequence[str], colour: str = QUIET, size: float = 13) -> None:
        """Write lines below each other, from the left."""
        for row, line in enumerate(lines):
            self.text((at[0], at[1] + row * size * 1.45), line, colour, size, "start")

    def tag(self, at: Point, content: str, colour: str, size: float = 12.5) -> None:
        """Write a line on white, so that lines behind it do not disturb."""
        width = 0.62 * size * len(content) + 6
        self.add(
            "rect",
            x=at[0] - width / 2,
            y=at[1] - size,
            width=width,
            height=size * 1.35,
            rx=4,
            fill=PAPER,
            opacity=0.92,
        )
        self.text(at, content, colour, size)

    def path(
        self, points: Sequence[Point], colour: str, width: float = 2, **attributes: object
    ) -> None:
        """Draw a line through points."""
        d = "M" + " L".join(f"{_coordinate(x)},{_coordinate(y)}" for x, y in points)
        self.add(
            "path",
            d=d,
            fill="none",
            stroke=colour,
            stroke_width=width,
            stroke_linejoin="round",
            stroke_linecap="round",
            **attributes,
        )

    def dot(self, at: Point, colour: str, radius: float = 5, ring: str = PAPER) -> None:
        """Draw a point."""
        self.add("circle", cx=at[0], cy=at[1], r=radius, fill=colour, stroke=ring, stroke_width=1.5)

    def arrow(self, start: Point, end: Point, colour: str, width: float = 2) -> None:
        """Draw an arrow; its head is part of its length."""
        a, b = np.array(start, float), np.array(end, float)
        length = float(np.hypot(*(b - a)))
        if length < 1:
            return
        along = (b - a) / length
        head = min(5 + 2 * width, length)
        side = np.array([-along[1], along[0]]) * head * 0.42
        neck = b - along * head
        self.path([start, (neck[0], neck[1])], colour, width)
        corners = [b, neck + side, neck - side]
        d = "M" + " L".join(f"{_coordinate(x)},{_coordinate(y)}" for x, y in corners) + " z"
        self.add("path", d=d, fill=colour)

    def neuron(
        self, at: Point, label: str, value: str | None = None, colour: str = X, radius: float = 30
    ) -> None:
        """Draw a neuron with its symbol and its value."""
        self.add(
            "circle",
            cx=at[0],
            cy=at[1],
            r=radius,
            fill=TINT[colour],
            stroke=colour,
            stroke_width=1.8,
        )
        lift = 5 if value is None else -2
        self.text((at[0], at[1] + lift), label, INK, 13)
        if value is not None:
            self.text((at[0], at[1] + 14), value, colour, 12.5, bold=True)

    def matrix(
        self,
        at: Point,
        values: NDArray[np.float64],
        colour: str,
        cell: Point = (66, 34),
        marked: Callable[[int, int], bool] = lambda row, column: False,
    ) -> None:
        """Draw a matrix as a table of numbers; marked cells are tinted. `at` is its corner."""
        for row, column in np.ndindex(values.shape):
            x, y = at[0] + column * cell[0], at[1] + row * cell[1]
            self.add(
                "rect",
                x=x,
                y=y,
                width=cell[0],
                height=cell[1],
                fill=TINT[colour] if marked(row, column) else PAPER,
                stroke=colour,
                stroke_width=1.1,
            )
            self.text((x + cell[0] / 2, y + cell[1] / 2 + 5), number(values[row, column]), INK, 13)

    def clipped(self, box: tuple[float, float, float, float]) -> None:
        """Begin a group that is cut off at a box (x, y, width, height); `end` ends it."""
        self._clips += 1
        x, y, width, height = map(_coordinate, box)
        name = f"clip{self._clips}"
        self.lines.append(
            f'<clipPath id="{name}"><rect x="{x}" y="{y}" width="{width}" height="{height}"/>'
            f'</clipPath><g clip-path="url(#{name})">'
        )

    def end(self) -> None:
        """End the group."""
        self.lines.append("</g>")

    def save(self, path: Path) -> None:
        """Write the file."""
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" '
            f'width="{self.width}" height="{self.height}" font-family="{FONT}" role="img">\n'
            f"<title>{escape(self.title)}</title>\n"
            f'<rect x="0.5" y="0.5" width="{self.width - 1}" height="{self.height - 1}" rx="14" '
            f'fill="{PAPER}" stroke="{FAINT}"/>\n'
        )
        text = head + "\n".join(self.lines) + "\n</svg>\n"
        path.write_text(text, encoding="utf-8", newline="\n")


def column(x: float, count: int, pitch: float, middle: float) -> list[Point]:
    """The places of the neurons of one layer."""
    return [(x, middle + (j - (count - 1) / 2) * pitch) for j in range(count)]


def between(start: Point, end: Point, left: float, right: float) -> tuple[Point, Point]:
    """The ends of a line between two circles of these radii."""
    length = math.dist(start, end)
    x, y = (end[0] - start[0]) / length, (end[1] - start[1]) / length
    return (
        (start[0] + x * left, start[1] + y * left),
        (end[0] - x * right, end[1] - y * right),
    )


def edge(draw: Drawing, start: Point, end: Point, weight: float, radius: float = 30) -> None:
    """A weight between two neurons: the larger, the thicker; dashed if it is negative."""
    dashes = "6 5" if weight < 0 else None
    ends = between(start, end, radius, radius)
    draw.path(ends, W, 0.8 + 3.6 * abs(weight), opacity="0.75", stroke_dasharray=dashes)


class Plot(NamedTuple):
    """A pair of axes within a drawing.

    Attributes:
        drawing: The drawing.
        box: x, y, width and height within it.
        across, up: The ranges of the two axes.
    """

    drawing: Drawing
    box: tuple[float, float, float, float]
    across: Point
    up: Point

    def at(self, x: float, y: float) -> Point:
        """The place of a point in the drawing."""
        left, top, width, height = self.box
        return (
            left + (x - self.across[0]) / (self.across[1] - self.across[0]) * width,
            top + height - (y - self.up[0]) / (self.up[1] - self.up[0]) * height,
        )

    def axes(
        self,
        across: str,
        up: str,
        x_ticks: Sequence[float] = (),
        y_ticks: Sequence[float] = (),
    ) -> None:
        """Draw a frame, faint lines at the ticks, and the names of the axes."""
        draw, (left, top, width, height) = self.drawing, self.box
        for tick in x_ticks:
            x, _ = self.at(tick, 0)
            draw.path([(x, top), (x, top + height)], "#e8ecf0", 1)
            draw.text((x, top + height + 17), _tick(tick), QUIET, 12)
        for tick in y_ticks:
            _, y = self.at(0, tick)
            draw.path([(left, y), (left + width, y)], "#e8ecf0", 1)
            draw.text((left - 7, y + 4), _tick(tick), QUIET, 12, "end")
        draw.add("rect", x=left, y=top, width=width, height=height, fill="none", stroke="#9aa4b0")
        draw.text((left + width / 2, top + height + 36), across, INK, 13)
        draw.text((left, top - 9), up, INK, 13, "start")

    def curve(self, x: Numbers, y: Numbers, colour: str, width: float = 2.4) -> None:
        """Draw y over x, cut off at the frame."""
        self.drawing.clipped(self.box)
        self.drawing.path([self.at(*p) for p in zip(x, y, strict=True)], colour, width)
        self.drawing.end()

    def contours(
        self,
        xs: NDArray[np.float64],
        ys: NDArray[np.float64],
        heights: NDArray[np.float64],
        levels: Sequence[float],
        colour: str,
    ) -> None:
        """Draw the lines of equal height of a grid, shape (ys, xs); deep ones are darker."""
        lines = contour_generator(xs, ys, heights)
        for level, shade in zip(levels, np.linspace(0.9, 0.25, len(levels)), strict=True):
            for line in lines.lines(level):
                places = [self.at(float(x), float(y)) for x, y in line]
                self.drawing.path(places, colour, 1.2, opacity=f"{shade:.2f}")

    def steps(self, points: Sequence[Point], colour: str, width: float = 2.2) -> None:
        """Draw the steps of a descent: a line with a dot after each step."""
        self.drawing.clipped(self.box)
        places = [self.at(*point) for point in points]
        self.drawing.path(places, colour, width)
        for place in places[1:]:
            self.drawing.dot(place, colour, 3.2)
        self.drawing.end()


def _coordinate(value: object) -> str:
    return f"{value + 0.0:.1f}".removesuffix(".0") if isinstance(value, int | float) else str(value)


def _tick(value: float) -> str:
    return f"{value:g}".replace("-", "−")
