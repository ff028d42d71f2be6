import math
import re

import numpy as np
import pytest

from nntrain.report import charts, pictures
from nntrain.report.answers import Answers
from nntrain.report.charts import Curve
from tests.support.variants import slow


def test_a_chart_takes_its_colours_from_the_page() -> None:
    chart = charts.by_epoch(
        "Loss", [Curve("training", [2.0, 1.0]), Curve("validation", [3.0, 2.5])]
    )
    colours = set(re.findall(r"(?:fill|stroke): ([^;\"]+)", chart.svg))
    assert colours == {"none", "currentColor", "var(--series-0)", "var(--series-1)"}
    assert not re.search(r"#0[12]0[12]", chart.svg)


def test_a_chart_says_what_it_shows() -> None:
    lines = [Curve("training", [0.5, 0.75]), Curve("validation", [math.nan, math.nan])]
    text = charts.by_epoch("Accuracy", lines, percent=True, best=2).text
    assert text == (
        "Accuracy, by epoch: training from 50.00% to 75.00%; validation: nothing; "
        "epoch 2 is marked as the best."
    )


@pytest.mark.parametrize(
    "values",
    [[], [math.nan], [1e-30, 1e30], *slow([1.0], [0.0, 0.0], [1.0] * 200)],
    ids=str,
)
@pytest.mark.parametrize("logarithmic", [False, True])
def test_whatever_was_measured_is_drawn_without_a_warning(
    values: list[float], logarithmic: bool
) -> None:
    charts.by_epoch("Size of the gradient", [Curve("layer 1", values)], logarithmic=logarithmic)


@pytest.mark.parametrize("epochs", [1, 2, 3])
def test_a_few_epochs_are_whole_numbers(epochs: int) -> None:
    chart = charts.by_epoch("Accuracy", [Curve("", [0.5] * epochs)], percent=True)
    told = re.findall(r">([^<>%]+)</text>", chart.svg)
    assert told == [*map(str, range(1, epochs + 1)), "epoch", "Accuracy"]


def test_each_of_many_lines_has_a_style_of_its_own() -> None:
    styles = {(charts.colour_of(number), charts.dash_of(number)) for number in range(24)}
    assert len(styles) == 24
    charts.by_epoch("Loss", [Curve("", [1.0, 0.5])] * 100)


def test_names_within_one_chart_are_not_those_of_another() -> None:
    lines = [Curve("training", [2.0, 1.0])]
    first, second = (
        set(re.findall(r' id="([^"]+)"', charts.by_epoch(title, lines).svg))
        for title in ("Loss", "Accuracy")
    )
    assert first
    assert first.isdisjoint(second)


def test_a_chart_is_no_document_of_its_own() -> None:
    bins = Answers(np.array([0, 1], np.uint8), np.array([[0.9, 0.1], [0.6, 0.4]])).bins()
    svg = charts.reliability(bins).svg
    assert svg.startswith("<svg")
    assert "http" not in svg
    assert "<style" not in svg


def test_what_is_no_square_is_no_picture() -> None:
    assert pictures.digit(np.zeros(15, np.uint8)) is None
    assert pictures.weights(np.zeros(15)) is None
    assert pictures.weights(np.zeros(16)) is not None
