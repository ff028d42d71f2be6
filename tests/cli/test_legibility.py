"""Coloured output can be read in every terminal: the contrast of its text is at least 4.5."""

import io
import sys
from pathlib import Path

import numpy as np
import pytest

from nntrain.cli.curves import show_error_curves
from nntrain.cli.terminal import console
from nntrain.data.labels import numbered
from nntrain.nn.activations import ACTIVATIONS, Elementwise, sigmoid
from nntrain.nn.arrays import Array
from nntrain.text.colours import marked
from nntrain.training.metrics import Evaluation
from tests.support.contrast import Style, contrast, illegible, styles
from tests.support.palettes import PALETTES
from tests.support.students import BOARD, modified
from tests.support.terminal import Screen, Terminal
from tests.support.variants import slow_except

# What a terminal says that it can show.
DEPTHS = {
    "16": {"TERM": "xterm"},
    "256": {"TERM": "xterm-256color"},
    "truecolor": {"TERM": "xterm-256color", "COLORTERM": "truecolor"},
}


every_depth = pytest.mark.parametrize("depth", slow_except({"16"}, DEPTHS))


def test_the_contrast_is_that_of_wcag() -> None:
    # Bright white on yellow:
    style = Style().after(["97", "43"])
    shown = {palette.name: style.contrast(palette) for palette in PALETTES}
    assert shown["VS Code, Dark+"] == pytest.approx(1.07, abs=0.01)
    assert shown["xterm"] == pytest.approx(1.70, abs=0.01)
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast((119, 119, 119), (255, 255, 255)) == pytest.approx(4.48, abs=0.01)
    assert [letter for letter, _ in styles("a\x1b[1;38;5;196mb\x1b[2Kc\x1b[0m")] == ["a", "b", "c"]
    assert dict(styles("\x1b[1;38;5;196mb"))["b"] == Style(text=196, bold=True)
    assert len(illegible("\x1b[2mdim\x1b[0m plain")) >= 1


@every_depth
def test_all_of_the_matrix_can_be_read(
    trained_runs: None, terminal: Terminal, monkeypatch: pytest.MonkeyPatch, depth: str
) -> None:
    confusion = np.diag([100] * 10)
    confusion[0, 1:] = [1, 2, 3, 5, 8, 13, 21, 34, 55]
    confusion[1, 2:] = np.arange(7, 55, 6)
    judged = Evaluation(confusion, 0.25, "cross_entropy", numbered(10))
    monkeypatch.setattr("nntrain.training.inference.evaluate", lambda *_: judged)
    shown = terminal("evaluate", "runs/good", **DEPTHS[depth])
    assert illegible(shown) == set()
    cells = {style for letter, style in styles(shown) if letter.isdigit() and style.background}
    assert len(cells) > {"16": 0, "256": 3, "truecolor": 8}[depth], "the matrix is a heat map"


def with_wrong_formula(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the derivative of tiny.yaml's activation be wrong."""

    def wrong(x: Array, out: Array | None = None) -> Array:
        return np.positive(x, out=out)

    monkeypatch.setitem(ACTIVATIONS, "sigmoid", Elementwise(sigmoid, wrong))


@every_depth
def test_all_of_the_other_commands_can_be_read(
    trained_runs: None, terminal: Terminal, monkeypatch: pytest.MonkeyPatch, depth: str
) -> None:
    Path("right.py").write_text(BOARD)
    Path("wrong.py").write_text(modified("board", ("xs[-1] - y", "y - xs[-1]")))
    shown = {
        "data": terminal("data", "check", "data/train.csv", **DEPTHS[depth]),
        "doctor": terminal("doctor", "runs/poor", **DEPTHS[depth]),
        "gradcheck": terminal("gradcheck", "tiny.yaml", **DEPTHS[depth]),
        "grade": terminal("grade", "right.py", "wrong.py", status=1, **DEPTHS[depth]),
        "inspect": terminal("inspect", "tiny.yaml", **DEPTHS[depth]),
        "runs": terminal("runs", **DEPTHS[depth]),
        "trace": "".join(
            terminal("trace", "runs/good", "--row", str(row), **DEPTHS[depth]) for row in (1, 2)
        ),
    }
    with_wrong_formula(monkeypatch)
    shown["wrong formula"] = terminal("gradcheck", "tiny.yaml", status=1, **DEPTHS[depth])
    assert {name: found for name, text in shown.items() if (found := illegible(text))} == {}
    told = {"grade": "✓✗", "gradcheck": "✓", "wrong formula": "✓✗", "trace": "✓"}
    for name, signs in told.items():
        coloured = {letter for letter, style in styles(shown[name]) if style != Style()}
        assert set(signs) <= coloured, name


@every_depth
def test_curves_can_be_read(monkeypatch: pytest.MonkeyPatch, depth: str) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("COLORTERM", raising=False)
    for name, value in DEPTHS[depth].items():
        monkeypatch.setenv(name, value)
    screen = Screen()
    monkeypatch.setattr(sys, "stdout", screen)
    show_error_curves({str(n): [0.1, 0.5 + n / 50] for n in range(12)}, console())
    drawn = screen.getvalue()
    assert illegible(drawn) == set()
    assert len({style for _, style in styles(drawn)}) == {"16": 1, "256": 7, "truecolor": 7}[depth]


@pytest.mark.parametrize(("encoding", "signs"), [("utf-8", "✓✗"), ("cp1252", "+x")])
def test_signs_are_those_of_the_encoding(
    monkeypatch: pytest.MonkeyPatch, encoding: str, signs: str
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    screen = Screen()
    screen.encoding = encoding
    monkeypatch.setattr(sys, "stdout", screen)
    right, wrong = signs[0], signs[1]
    assert marked("right", console()).plain == f"{right} right"
    assert marked("wrong", console(), "b.py: wrong").plain == f"{wrong} b.py: wrong"
    assert marked("", console()).plain == ""
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert marked("right", console()).plain == "right"
