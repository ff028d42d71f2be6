"""The lesson's section on training: a network learns in the page; and what is shown of a run."""

import csv
import json
import re
from base64 import b64decode
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zlib import decompress

import numpy as np
import pytest

from nntrain.data.demo import demo_digits
from nntrain.report import lesson as lesson_module
from nntrain.report.lesson_digits import DEMO_DIGITS, HELD_OUT
from tests.report.lesson import Lesson
from tests.support.cli import succeed

if TYPE_CHECKING:
    from playwright.sync_api import Page

SEVEN = [(28, 20), (70, 20), (45, 85)]


def number(page: "Page", name: str) -> float:
    """A number of the section, without its unit."""
    text = page.locator(f"#training-{name}").inner_text().replace("\u00a0", " ")
    return float(text.replace(",", "").removesuffix(" %").split(" ")[0])


def digits_of(file: Path) -> dict[str, Any]:
    """The digits that are embedded in a lesson."""
    data = re.search(r'id="lesson-data">(.*?)</script>', file.read_text("utf-8"))
    assert data
    digits: dict[str, Any] = json.loads(data[1])["digits"]
    return digits


def test_the_digits_are_the_demo_s(lesson_page: Path) -> None:
    embedded = digits_of(lesson_page)
    pixels, labels = demo_digits(500)
    assert len(embedded["labels"]) == DEMO_DIGITS
    assert embedded["labels"].startswith("".join(map(str, labels)))
    packed = np.frombuffer(decompress(b64decode(embedded["pixels"])), np.uint8)
    greys = np.stack([packed >> 4, packed & 15], axis=1).reshape(DEMO_DIGITS, -1)
    assert np.abs(greys[:500] * 17.0 - pixels).max() <= 8.5


@pytest.mark.slow
def test_a_network_learns_to_read_in_the_page(opened_lesson: Lesson) -> None:
    from playwright.sync_api import expect

    page = opened_lesson.page
    for name, at_first in (("rate", "0.5"), ("hidden", "3"), ("batch", "2")):
        page.locator(f"#training-{name}").fill(at_first)  # another test may have moved it
    page.click("#training-reset")
    steps = page.locator("#training-steps")
    expect(steps).to_have_text("0")
    before = number(page, "right")
    assert 0 < before < 30
    weights = page.locator("#training-weights canvas")
    assert weights.count() == 30
    look = "all => all.map((canvas) => canvas.toDataURL())"
    noise = weights.evaluate_all(look)

    page.click("#training-step")
    expect(steps).to_have_text("1")
    page.click("#training-run")
    expect(page.locator("#training-right")).to_have_text(
        re.compile(r"^[89]\d\.\d %"), timeout=40_000
    )
    page.click("#training-run")
    # The worker reports where it has paused.
    expect(page.locator("#training-status")).to_have_text(re.compile(r"right after \d{3,} steps"))
    mistakes = number(page, "wrong")
    assert mistakes == round(HELD_OUT * (1 - number(page, "right") / 100))
    assert page.locator("#training-mistakes li").count() == min(mistakes, 24)
    assert number(page, "epochs") == pytest.approx(
        number(page, "steps") * 10 / (DEMO_DIGITS - HELD_OUT), abs=0.02
    )
    assert all(a != b for a, b in zip(noise, weights.evaluate_all(look), strict=True))
    paused = steps.inner_text()

    paper = page.locator("#drawn-paper")
    paper.scroll_into_view_if_needed()
    box = paper.bounding_box()
    assert box
    for at, (x, y) in enumerate(SEVEN):
        page.mouse.move(box["x"] + box["width"] * x / 100, box["y"] + box["height"] * y / 100)
        if at == 0:
            page.mouse.down()
    page.mouse.up()
    assert page.locator("#drawn-parts .board-status").inner_text().startswith("7, ")
    assert steps.inner_text() == paused  # it is still paused

    page.click("#training-reset")
    expect(steps).to_have_text("0")
    assert number(page, "right") == before  # the same weights as before
    assert weights.evaluate_all(look) == noise
    page.locator("#training-hidden").fill("0")
    expect(weights).to_have_count(5)
    assert page.locator("#drawn-parts .board-count").first.inner_text() == "5"
    page.locator("#training-batch").fill("5")
    page.click("#training-step")
    expect(page.locator("#training-epochs")).to_have_text(f"{100 / (DEMO_DIGITS - HELD_OUT):.2f}")


def test_a_finished_run_is_shown(
    demo_folder: Path, lesson_page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = digits_of(lesson_page)  # need not be drawn once more
    monkeypatch.setattr(lesson_module, "demo_set", lambda: drawn)
    run, out = demo_folder / "run-0", tmp_path / "lesson.html"
    succeed("lesson", str(run), "--out", str(out))
    html = out.read_text("utf-8")
    assert len(html.encode()) < 1e6
    own = html[html.index('id="own-run"') :]
    with (run / "metrics.csv").open() as file:
        best = float(next(csv.DictReader(file))["val_accuracy"])  # of its only epoch
    assert f"<strong>{best:.2%}</strong> of 400 validation rows right" in own
    assert own.count('alt="weights of neuron ') == 20
    mistakes = round(400 * (1 - best))
    assert f"Its mistakes: {mistakes}<" in own
    assert len(re.findall(r'alt="a \d, taken for a \d"', own)) == min(mistakes, 20)
    # 784-300-100-10 is too large for a board in this page.
    assert "266,610 parameters would add 0.7 MB" in own
