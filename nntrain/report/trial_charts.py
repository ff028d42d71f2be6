"""Charts of the trials of a sweep: accuracy by trial and by the value of a key, and importances."""

import statistics
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator, PercentFormatter

from nntrain.report.charts import INK, SERIES, Chart, styled, to_svg

_WIDTH, _HEIGHT = 3.7, 2.6  # inches
_MOST_TICKS = 9
_MOST_NAMES = 6  # categories whose names stand upright below an axis


class TrialPoint(NamedTuple):
    """A trial in a chart.

    Attributes:
        number: The trial's number, counted from 1, as in the name of its folder.
        accuracy: Its best validation accuracy.
        complete: Whether it was trained to the end.
    """

    number: int
    accuracy: float
    complete: bool


def by_trial(trials: Sequence[TrialPoint]) -> Chart:
    """The accuracy of each trial in the order of their numbers, and the best so far."""
    best = _best(trials)
    with styled("trials"):
        figure = Figure((_WIDTH, _HEIGHT))
        axes = figure.subplots()
        _points(axes, [trial.number for trial in trials], trials)
        so_far = np.maximum.accumulate(
            [trial.accuracy if trial.complete else 0.0 for trial in trials]
        )
        shown = so_far > 0
        numbers = np.array([trial.number for trial in trials])
        axes.step(numbers[shown], so_far[shown], where="post", color=SERIES[1], label="best so far")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.set_xlabel("trial")
        axes.set_title("Validation accuracy", loc="left")
        figure.legend(loc="outside lower left", ncols=2, fontsize=8)
        top = f"trial {best.number}, {best.accuracy:.2%}"
        return Chart(to_svg(figure), f"Accuracy of {len(trials)} trials; the best is {top}.")


def by_value(
    key: str, values: Sequence[float | str], trials: Sequence[TrialPoint], *, logarithmic: bool
) -> Chart:
    """The accuracy of each trial by its value of a key.

    Args:
        key: The key.
        values: The value of each trial: numbers, or texts as categories.
        trials: The trials.
        logarithmic: Whether the axis of the values is logarithmic.
    """
    best = _best(trials)
    own = values[list(trials).index(best)]
    with styled(key):
        figure = Figure((_WIDTH, _HEIGHT))
        axes = figure.subplots()
        if any(isinstance(value, str) for value in values):
            names = list(dict.fromkeys(map(str, values)))
            places: Sequence[float] = [names.index(str(value)) for value in values]
            upright = len(names) <= _MOST_NAMES and sum(map(len, names)) <= 36
            axes.set_xticks(range(len(names)), names, rotation=0 if upright else 30, fontsize=8)
            if not upright:
                for label in axes.get_xticklabels():
                    label.set_horizontalalignment("right")
            axes.set_xlim(-0.5, len(names) - 0.5)
        else:
            places = [float(value) for value in values]
            if logarithmic:
                axes.set_xscale("log")
                axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
                axes.xaxis.set_minor_locator(NullLocator())
            elif len(set(places)) <= _MOST_TICKS and all(map(float.is_integer, places)):
                axes.set_xticks(sorted(set(places)))
            axes.xaxis.set_major_formatter("{x:g}")
        _points(axes, places, trials)
        axes.set_title(key, loc="left")
        shown = own if isinstance(own, str) else f"{own:.4g}"
        text = f"Accuracy by {key}: the best trial, {best.number}, has {shown}."
        return Chart(to_svg(figure), text)


def shares(names: Sequence[str], parts: Sequence[float]) -> Chart:
    """A horizontal bar for each share, the largest above, with its percentage."""
    with styled("shares"):
        figure = Figure((_WIDTH, 0.4 + 0.42 * len(names)))
        axes = figure.subplots()
        bars = axes.barh(range(len(names)), parts, color=SERIES[0], height=0.6)
        axes.bar_label(bars, [f"{part:.0%}" for part in parts], padding=4, fontsize=8)
        broken = [name.replace(".", ".\n") for name in names]
        axes.set_yticks(range(len(names)), broken, fontsize=8)
        axes.invert_yaxis()
        axes.set_xlim(0, 1.2 * max(parts))
        axes.xaxis.set_visible(False)
        axes.grid(visible=False)
        axes.spines["bottom"].set_visible(False)
        ranked = ", ".join(f"{name} {part:.0%}" for name, part in zip(names, parts, strict=True))
        return Chart(to_svg(figure), f"Importance of the keys: {ranked}.")


def _points(axes: Axes, places: Sequence[float], trials: Sequence[TrialPoint]) -> None:
    """Draw each trial: a dot, a ring if it was ended early, and a star for the best.

    Trials far below the others are drawn as triangles at the lower end, so that the good ones do
    not coincide.
    """
    accuracies = [trial.accuracy for trial in trials]
    best = _best(trials)
    usual = best.accuracy - statistics.median(accuracies)
    lowest = max(min(accuracies), best.accuracy - 3 * usual)
    margin = max(0.08 * (best.accuracy - lowest), 0.001)
    x, y = np.array(places), np.maximum(accuracies, lowest)
    complete = np.array([trial.complete for trial in trials])
    below = np.array(accuracies) < lowest
    star = np.array([trial is best for trial in trials])
    styles: list[tuple[Any, dict[str, Any]]] = [
        (complete & ~below & ~star, {"marker": "o", "label": "trained to the end"}),
        (~complete & ~below, {"marker": "o", "markerfacecolor": "none", "label": "ended early"}),
        (below, {"marker": "v", "label": "lower than shown"}),
    ]
    for chosen, look in styles:
        if chosen.any():
            axes.plot(x[chosen], y[chosen], color=SERIES[0], linestyle="", markersize=5, **look)
    top: dict[str, Any] = {"marker": "*", "markersize": 13, "markeredgecolor": INK}
    name = f"best: trial {best.number}"
    axes.plot(x[star], y[star], color=SERIES[1], linestyle="", label=name, **top)
    axes.set_ylim(lowest - margin, best.accuracy + 1.5 * margin)
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_formatter(PercentFormatter(1))


def _best(trials: Sequence[TrialPoint]) -> TrialPoint:
    """The best trial that was trained to the end."""
    return max(trials, key=lambda trial: (trial.complete, trial.accuracy))
