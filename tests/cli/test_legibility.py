"""Coloured output can be read in every terminal: the contrast of its text is at least 4.5."""

import numpy as np
import pytest
from rich.style import Style as RichStyle

from nntrain.data.labels import numbered
from nntrain.training.metrics import Evaluation
from tests.support.contrast import Style, contrast, illegible, styles
from tests.support.palettes import PALETTES
from tests.support.terminal import Terminal

# What a terminal says that it can show, and what of it a command uses.
DEPTHS = {
    "16": {"TERM": "xterm"},
    "256": {"TERM": "xterm-256color"},
    "truecolor": {"TERM": "xterm-256color", "COLORTERM": "truecolor"},
}


@pytest.fixture(autouse=True)
def fresh_styles() -> None:
    """rich remembers a style's escape codes for the first depth in which it was printed."""
    RichStyle.parse.cache_clear()
    RichStyle._add.cache_clear()  # noqa: SLF001 - there is no public way


every_depth = pytest.mark.parametrize("depth", DEPTHS)


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
