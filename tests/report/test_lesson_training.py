"""The lesson's section on training: a network learns in the page; and what is shown of a run."""

import csv
import json
import re
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from zlib import decompress

import numpy as np
import pytest

from nntrain.data.demo import demo_digits
from nntrain.report.lesson_digits import DEMO_DIGITS, HELD_OUT
from tests.support.cli import succeed

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SEVEN = [(28, 20), (70, 20), (45, 85)]


def number(page: "Page", name: str) -> float:
    """A number of the section, without its unit."""
    text = page.locator(f"#training-{name}").inner_text().replace("\u00a0", " ")
    return float(text.replace(",", "").removesuffix(" %").split(" ")[0])


@pytest.fixture(scope="module")
def opened(browser: "Browser", lesson_page: Path) -> Iterator["Page"]:
    """The lesson, in which nothing may go wrong."""
    page = browser.new_page(reduced_motion="reduce")
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text))
    page.on("pageerror", lambda error: faults.append(error.message))
    page.goto(lesson_page.as_uri())
    yield page
    page.close()
    assert faults == []


def test_the_digits_are_the_demo_s(lesson_page: Path) -> None:
    html = lesson_page.read_text("utf-8")
    data = re.search(r'id="lesson-data">(.*?)</script>', html)
    assert data
    embedded = json.loads(data[1])["digits"]
    pixels, labels = demo_digits(500)
    assert len(embedded["labels"]) == DEMO_DIGITS
    assert embedded["labels"].startswith("".join(map(str, labels)))
    packed = np.frombuffer(decompress(b64decode(embedded["pixels"])), np.uint8)
    greys = np.stack([packed >> 4, packed & 15], axis=1).reshape(DEMO_DIGITS, -1)
    assert np.abs(greys[:500] * 17.0 - pixels).max() <= 8.5


def test_a_network_learns_to_read_in_the_page(opened: "Page") -> None:
    from playwright.sync_api import expect

    page = opened
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
        re.compile(r"^(8[5-9]|9\d)\.\d %"), timeout=40_000
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


def test_a_finished_run_is_shown(demo_folder: Path, tmp_path: Path) -> None:
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


def test_a_configuration_that_is_not_trained_has_no_run(tmp_path: Path) -> None:
    config = tmp_path / "digits.yaml"
    rows = "\n".join(f"{n % 2},{n},{255 - n}" for n in range(20))
    (tmp_path / "train.csv").write_text(f"label,pixel0,pixel1\n{rows}\n")
    config.write_text(
        f"data: {{train: {tmp_path / 'train.csv'}, classes: 2, validation: 4}}\n"
        "network: [{dense: 2, activation: sigmoid}]\nloss: squared_error\n"
        "training: {epochs: 1, batch_size: 4, optimizer: {name: sgd, learning_rate: 1}}\n"
    )
    out = tmp_path / "lesson.html"
    succeed("lesson", str(config), "--out", str(out))
    assert 'id="own-run"' not in out.read_text("utf-8")
