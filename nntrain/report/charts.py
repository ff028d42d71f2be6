"""Charts as SVG elements of a page, with the colours of its style sheet.

So a chart is readable in light and in dark mode. Lines are drawn in placeholder colours, which are
then replaced by CSS variables; text remains text, in the page's font.
"""

import io
import logging
import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

import numpy as np
from markupsafe import Markup
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import MaxNLocator, PercentFormatter

from nntrain.report.answers import BINS, Bin
from nntrain.training.progress import EpochRecord
from nntrain.training.progress import best as best_of

# Matplotlib logs when it builds its font cache.
logging.getLogger("matplotlib").setLevel(logging.ERROR)

COLOURS = 8
_DASHES = ("solid", "dashed", "dotted")
INK = "#010101"
_CSS = {INK: "currentColor"} | {f"#0202{n:02x}": f"var(--series-{n})" for n in range(COLOURS)}
SERIES = [placeholder for placeholder in _CSS if placeholder != INK]
_STYLE: dict[str, Any] = {
    "axes.edgecolor": INK,
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.facecolor": "none",
    "font.family": ["DejaVu Sans"],
    "font.size": 9,
    "grid.alpha": 0.15,
    "grid.color": INK,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "lines.markersize": 3.5,
    "savefig.facecolor": "none",
    "svg.fonttype": "none",
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}
_WIDTH, _HEIGHT = 3.7, 2.6  # inches; small, so that text is readable on a phone
_MOST_MARKERS = 30
_MOST_IN_LEGEND = 12  # lines; the table of the runs tells the others


class Curve(NamedTuple):
    """A quantity by epoch.

    Attributes:
        name: The name in the legend; "" for none.
        values: The values of the epochs 1, 2, 3 …; NaN if missing.
    """

    name: str
    values: Sequence[float]


class Chart(NamedTuple):
    """A chart for a page.

    Attributes:
        svg: The SVG element.
        text: The text alternative.
    """

    svg: Markup
    text: str


def by_epoch(
    title: str,
    lines: Sequence[Curve],
    *,
    percent: bool = False,
    logarithmic: bool = False,
    best: int | None = None,
) -> Chart:
    """A line chart over the epochs.

    Args:
        title: The title.
        lines: The lines, each in its own colour; from the ninth on, dashed or dotted.
        percent: Whether values are fractions to be shown as percentages.
        logarithmic: Whether the scale is logarithmic, which omits values ≤ 0.
        best: An epoch to mark.
    """
    with styled(title):
        figure = Figure((_WIDTH, _HEIGHT))
        axes = figure.subplots()
        for number, line in enumerate(lines):
            values = np.array(line.values, float)
            if logarithmic:
                values[values <= 0] = np.nan
            axes.plot(
                range(1, len(values) + 1),
                values,
                color=SERIES[number % COLOURS],
                linestyle=dash_of(number),
                marker="o" if len(values) <= _MOST_MARKERS else "",
                label=line.name or "_",
            )
        if best is not None:
            axes.axvline(best, color=INK, linestyle=":", linewidth=1, label=f"best: epoch {best}")
        if logarithmic:
            axes.set_yscale("log")
        if percent:
            _widen(axes, 0.01)
            axes.yaxis.set_major_formatter(PercentFormatter(1))
        elif not logarithmic:
            axes.yaxis.set_major_formatter("{x:g}")
        if max((len(line.values) for line in lines), default=0) == 1:
            axes.set(xlim=(0.5, 1.5), xticks=[1])
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.set_xlabel("epoch")
        axes.set_title(title, loc="left")
        if best is not None or (len(lines) <= _MOST_IN_LEGEND and any(map(_name, lines))):
            figure.legend(loc="outside lower left", ncols=3, fontsize=8)
        ends = "; ".join(_describe(line, percent) for line in lines)
        marked = "" if best is None else f"; epoch {best} is marked as the best"
        return Chart(to_svg(figure), f"{title}, by epoch: {ends}{marked}.")


def learning_curves(runs: Sequence[tuple[str, Sequence[EpochRecord]]]) -> list[Chart]:
    """Loss, accuracy and learning rate by epoch, as far as they were recorded.

    Args:
        runs: The name and the finished epochs of each run. The names are for the legends of several
            runs; "" for none.
    """
    records = [record for _, history in runs for record in history]
    if not records:
        return []

    def of(field: str) -> list[Curve]:
        return [
            Curve(name, [getattr(record, field) for record in history]) for name, history in runs
        ]

    validated = any(record.validated for record in records)
    if len(runs) == 1:
        sets = {"training": "train", **({"validation": "val"} if validated else {})}
        loss, accuracy = (
            [Curve(name, of(f"{rows}_{quantity}")[0].values) for name, rows in sets.items()]
            for quantity in ("loss", "accuracy")
        )
        top = best_of(records).epoch
        return [
            by_epoch("Loss", loss, best=top),
            by_epoch("Accuracy", accuracy, percent=True, best=top),
            by_epoch("Learning rate", [Curve("", of("learning_rate")[0].values)], best=top),
        ]
    made = [
        by_epoch("Training loss", of("train_loss")),
        by_epoch("Training accuracy", of("train_accuracy"), percent=True),
    ]
    if validated:
        made += [
            by_epoch("Validation loss", of("val_loss")),
            by_epoch("Validation accuracy", of("val_accuracy"), percent=True),
        ]
    rates = [max(history, key=_rate).learning_rate for _, history in runs if history]
    differ = max(rates) >= 10 * min(rates)
    return [*made, by_epoch("Learning rate", of("learning_rate"), logarithmic=differ)]


def _rate(record: EpochRecord) -> float:
    return record.learning_rate


def reliability(bins: Sequence[Bin]) -> Chart:
    """The reliability diagram, and a histogram of the confidences."""
    title = "Accuracy by confidence"
    lefts = [each.low for each in bins]
    with styled(title):
        bars: dict[str, Any] = {
            "width": 1 / BINS,
            "align": "edge",
            "color": SERIES[0],
            "edgecolor": INK,
            "linewidth": 0.6,
        }
        figure = Figure((_WIDTH, 1.4 * _HEIGHT))
        axes, below = figure.subplots(2, sharex=True, height_ratios=(2.2, 1))
        axes.bar(lefts, [each.accuracy for each in bins], **bars)
        axes.plot([0, 1], [0, 1], color=INK, linestyle="--", linewidth=1, label="as sure as right")
        axes.set(ylim=(0, 1.02), ylabel="of them right")
        axes.yaxis.set_major_formatter(PercentFormatter(1))
        axes.set_title(title, loc="left")
        axes.legend(fontsize=8, loc="upper left")
        below.bar(lefts, [each.rows for each in bins], **bars)
        below.set_yscale("log")
        below.set(xlim=(0, 1), ylim=(0.5, None), xlabel="confidence", ylabel="answers")
        below.xaxis.set_major_formatter(PercentFormatter(1))
        text = "; ".join(
            f"{each.rows:,} of {each.low:.0%} to {each.high:.0%} confidence, "
            f"{each.accuracy:.1%} of them right"
            for each in bins
        )
        return Chart(to_svg(figure), f"Reliability diagram. Answers: {text}.")


def colour_of(number: int) -> str:
    """The CSS colour of a line of `by_epoch`; `number` counts from 0."""
    return _CSS[SERIES[number % COLOURS]]


def dash_of(number: int) -> str:
    """The line style of a line of `by_epoch`, the same for Matplotlib and CSS."""
    return _DASHES[number // COLOURS % len(_DASHES)]


def styled(salt: str) -> AbstractContextManager[None]:
    """The style of all charts, within which a figure is drawn; the salt makes ids unique."""
    return style.context(["default", {**_STYLE, "svg.hashsalt": salt}])


def to_svg(figure: Figure) -> Markup:
    """The figure as an SVG element, without the fixed colours of a document."""
    # Compute the layout once; `savefig` would compute it twice.
    ConstrainedLayoutEngine().execute(figure)
    buffer = io.StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    figure.savefig(buffer, format="svg", metadata=nothing)
    return _embedded(buffer.getvalue())


def _embedded(document: str) -> Markup:
    """An SVG document as an HTML element: without prologue, style and unused ids."""
    svg = document[document.index("<svg") :]
    svg = re.sub(r' xmlns(:\w+)?="[^"]*"|<style.*?</style>', "", svg, flags=re.DOTALL)
    svg = re.sub(r' id="([^"]+)"', lambda found: found[0] * (f"#{found[1]}" in svg), svg)
    for placeholder, colour in _CSS.items():
        svg = svg.replace(placeholder, colour)
    return Markup(svg)  # noqa: S704 (Matplotlib has escaped all texts)


def _widen(axes: Axes, least: float) -> None:
    """Give the vertical axis at least this range, so that its numbers need few decimals."""
    low, high = axes.get_ylim()
    missing = least - (high - low)
    if missing > 0:
        axes.set_ylim(low - missing / 2, high + missing / 2)


def _name(line: Curve) -> str:
    return line.name


def _describe(line: Curve, percent: bool) -> str:
    values = [value for value in line.values if not np.isnan(value)]
    if not values:
        return f"{line.name}: nothing"
    first, last = (
        f"{value:.2%}" if percent else f"{value:.4g}" for value in (values[0], values[-1])
    )
    return f"{line.name} from {first} to {last}".strip()
