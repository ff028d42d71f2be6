"""An evaluation as a cell shows it, in JupyterLab's themes."""

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest

from nntrain.data.labels import numbered
from nntrain.notebook.evaluation import MAX_CLASSES, ShownEvaluation
from tests.support.contrast import READABLE, contrast
from tests.support.variants import slow_except

if TYPE_CHECKING:
    from playwright.sync_api import Page

# How JupyterLab's packages/rendermime/style/base.css styles what a cell shows, with the colours of
# variables.css of its packages theme-light-extension and theme-dark-extension.
STYLE = """
body {{ background: {background}; margin: 0; }}
.jp-RenderedHTMLCommon {{ color: {text}; padding-right: 20px; font: 14px/1.6 sans-serif; }}
.jp-RenderedHTMLCommon table {{ color: {cells}; font-size: 13px; margin: auto auto 1em auto; }}
.jp-RenderedHTMLCommon tr:nth-child(odd) {{ background: {background}; }}
.jp-RenderedHTMLCommon tr:nth-child(even) {{ background: {even}; }}
"""
THEMES = {
    "light": {
        "background": "white",
        "text": "rgba(0, 0, 0, .87)",
        "cells": "rgba(0, 0, 0, .87)",
        "even": "#f5f5f5",
    },
    "dark": {
        "background": "#111",
        "text": "white",
        "cells": "rgba(255, 255, 255, .87)",
        "even": "#212121",
    },
}
SHOWN = """
() => [...document.querySelectorAll(".jp-RenderedHTMLCommon :is(p, th, td)")].map((element) => {
  const layers = [];
  for (let one = element; one; one = one.parentElement)
    layers.push(getComputedStyle(one).backgroundColor);
  return [element.textContent, getComputedStyle(element).color, layers];
})
"""


def evaluation(classes: int) -> ShownEvaluation:
    generator = np.random.default_rng(classes)
    confusion = np.diag([900] * classes) + generator.integers(0, 3, (classes, classes)) ** 5
    confusion[0] = 0
    names = ("<b>&", *numbered(classes)[1:])
    return ShownEvaluation(confusion, 0.25, "cross_entropy", names)


def over(colour: str, below: tuple[int, ...]) -> tuple[int, int, int]:
    """A CSS colour, which may let the colour below shine through."""
    *rgb, opacity = [*map(float, re.findall(r"[\d.]+", colour)), 1.0][:4]
    red, green, blue = (
        round(opacity * upper + (1 - opacity) * lower)
        for upper, lower in zip(rgb, below, strict=True)
    )
    return red, green, blue


@pytest.mark.parametrize("theme", slow_except({"dark"}, THEMES))
def test_each_cell_can_be_read_and_a_wide_matrix_scrolls(page: "Page", theme: str) -> None:
    shown = evaluation(26)._repr_html_()
    style = STYLE.format(**THEMES[theme])
    page.set_viewport_size({"width": 500, "height": 800})
    page.set_content(f"<style>{style}</style><div class=jp-RenderedHTMLCommon>{shown}</div>")
    texts = []
    for text, colour, layers in page.evaluate(SHOWN):
        background = (255, 255, 255)
        for layer in reversed(layers):
            background = over(layer, background)
        assert contrast(over(colour, background), background) >= READABLE, text
        texts.append(text)
    assert texts.count("<b>&") == 3
    assert page.evaluate("document.documentElement.scrollWidth") <= 500
    widths = page.evaluate(
        "[...document.querySelectorAll('div > div > div')].map(e => [e.scrollWidth, e.clientWidth])"
    )
    assert [whole > seen for whole, seen in widths] == [False, True]


def test_a_cell_shows_what_the_terminal_shows() -> None:
    judged = evaluation(10)
    shown = re.sub(r"<[^>]*>", " ", judged._repr_html_()).replace("&lt;b&gt;&amp;", "<b>&")
    words = shown.replace(",", "").split()
    missing = [word for word in repr(judged).replace(",", "").split() if word not in words]
    assert missing == []
    assert {"±", "F1", "read"} <= set(words)
    colours = re.findall(r"background: (rgb\(.*?\))", judged._repr_html_())
    assert len(colours) == (judged.confusion > 0).sum()
    assert len(set(colours)) == 1 + 2, "right, and confusions of two frequencies"


def test_what_is_too_large_is_left_out_with_a_word() -> None:
    many = evaluation(MAX_CLASSES + 1)
    assert f"the matrix of {MAX_CLASSES + 1} classes is left out" in many._repr_html_()
    assert "is too wide; see .confusion)" in repr(many)
