"""The lesson as a page, in a real browser: numbers, contrast, keyboard, questions, the command."""

import json
import re
from itertools import product
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from numpy.testing import assert_allclose

from nntrain.report import lesson as lesson_module
from tests.report.lesson import SECTIONS, Lesson
from tests.support.cli import refuse, succeed

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "configs/lecture-3-4-2.yaml"
OURS = ["error", "descent", "gradients", "biases"]
OURS_CSS = ", ".join(f"#{name}" for name in OURS)

# Text whose contrast with what lies behind it is below 4.5: an element's own text, over the colours
# of its ancestors. Drawn text lies on the ground of its figure.
FAINT_TEXT = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const over = ([r, g, b, a], below) =>
    [r, g, b].map((v, k) => (v * a + below[k] * (255 - a)) / 255);
  const ground = (element) => {
    if (!element) return [255, 255, 255];
    const own = rgba(getComputedStyle(element).backgroundColor);
    return own[3] === 255 ? own.slice(0, 3) : over(own, ground(element.parentElement));
  };
  const luminance = (colour) => {
    const [r, g, b] = colour.map((v) => {
      const share = v / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const faint = [];
  for (const element of document.querySelectorAll("body *")) {
    const text = [...element.childNodes].filter((node) => node.nodeType === 3 && node.data.trim());
    const isShown = element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true });
    if (!text.length || !isShown || element.closest("script, option, :disabled")) continue;
    const style = getComputedStyle(element);
    const below = ground(element);
    const colour = over(rgba(element instanceof SVGElement ? style.fill : style.color), below);
    const [light, dark] = [luminance(colour), luminance(below)].sort((a, b) => b - a);
    const contrast = (light + 0.05) / (dark + 0.05);
    if (contrast < 4.5) faint.push(`${text[0].data.trim()}: ${contrast.toFixed(2)}`);
  }
  return faint;
}"""

# The controls of a section, each by its markup without what changes: one radio button of a group.
CONTROLS = """(section) =>
  [...document.querySelectorAll(`#${section} :is(button, select, input, [tabindex='0'])`)]
    .filter((one) => one.checkVisibility() && !one.disabled)
    .filter((one) => one.type !== "radio" || one.checked || one.value === "0")
    .map((one) => one.id || one.ariaLabel || one.name || one.textContent)"""

# What has the focus: its name, what a slider says, whether it is in the section, and is marked.
FOCUSED = """(section) => {
  const one = document.activeElement;
  const style = getComputedStyle(one.querySelector(".halo") ?? one);
  const isMarked = style.outlineStyle !== "none" || style.stroke !== "none";
  return [
    one.id || one.ariaLabel || one.name || one.textContent,
    one.getAttribute("aria-valuetext") ?? "",
    one.closest("section")?.id === section,
    one.matches(":focus-visible") && isMarked,
  ];
}"""

# Chooses each answer of each question of a section: the choice, the verdict and the sentence.
ANSWERS = """(sections) => [...document.querySelectorAll(`:is(${sections}) form`)].map((form) =>
  [...form.querySelectorAll("input")].map((choice) => {
    choice.click();
    form.requestSubmit();
    return [form.dataset.result, form.querySelector(".answer").textContent];
  }))"""

# Elements of the tab order without an accessible name.
NAMELESS = """() =>
  [...document.querySelectorAll("main :is(button, input, select, [tabindex='0'])")]
  .filter((one) => !one.ariaLabel && !one.labels?.length && !one.textContent.trim()
    && !one.getAttribute("aria-labelledby"))
  .map((one) => one.outerHTML)"""


def traced(source: Path, tmp_path: Path) -> tuple[dict[str, Any], str]:
    """What `nntrain trace` saves and prints."""
    file = tmp_path / "trace.npz"
    printed = succeed("trace", str(source), "--npz", str(file)).stdout
    return dict(np.load(file)), printed


def test_the_page_opens_with_what_trace_prints(
    lesson: Lesson, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    quantities, printed = traced(EXAMPLE, tmp_path)
    lesson.open()
    x, y, x_, y_, error = re.findall(r"-?\d\.\d{4}", lesson.text("#error-formula"))
    for symbol, shown in {"x_2": [x, x_], "y": [y, y_], "E": [error]}.items():
        assert re.search(rf"^{symbol} .* {' +'.join(shown)}$", printed, re.M), symbol
    told = lesson.parameters()
    assert len(told) == 3 * 4 + 4 * 2 + 4 + 2
    for i in (1, 2):
        for (j, k), weight in np.ndenumerate(quantities[f"W_{i}"]):
            assert told[f"W {i}, row {j + 1}, column {k + 1}"] == round(weight, 4)
        for j, bias in enumerate(quantities[f"b_{i}"]):
            assert told[f"b {i}, bias of neuron {j + 1}"] == round(bias, 4)


@pytest.mark.parametrize("suffix", ["yaml", "csv"])
def test_the_packaged_network_is_that_of_configs(suffix: str) -> None:
    packaged = ROOT / f"nntrain/report/assets/lesson/lecture-3-4-2.{suffix}"
    assert packaged.read_bytes() == EXAMPLE.with_suffix(f".{suffix}").read_bytes()


def test_all_files_of_the_page_are_package_data() -> None:
    globs = re.search(r"^nntrain = (.*)$", (ROOT / "setup.cfg").read_text("utf-8"), re.M)
    assert globs
    installed = {file for glob in globs[1].split(", ") for file in (ROOT / "nntrain").glob(glob)}
    assert set((ROOT / "nntrain/report/assets").rglob("*.*")) <= installed


def test_the_page_fits_and_can_be_read(lesson: Lesson) -> None:
    page = lesson.page
    page.evaluate(ANSWERS, f"{OURS_CSS}, #backpropagation")
    page.get_by_role("checkbox", name=re.compile("momentum")).check()
    schemes: list[Literal["dark", "light"]] = ["dark", "light"]
    for width, scheme in product([360, 1280], schemes):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(FAINT_TEXT) == [], (width, scheme)
    faint = ["h1", ".axes text"]  # the test itself is tested
    for css in faint:
        page.evaluate("css => document.querySelector(css).style = 'color: #999; fill: #999'", css)
    assert len(page.evaluate(FAINT_TEXT)) == len(faint)
    for css in faint:
        page.evaluate("css => document.querySelector(css).removeAttribute('style')", css)


def test_it_is_one_small_file_with_six_sections(lesson: Lesson, lesson_page: Path) -> None:
    assert lesson_page.stat().st_size < 1e6
    sections = lesson.page.locator("main > section")
    assert sections.evaluate_all("all => all.map((one) => one.id)") == SECTIONS
    links = lesson.page.locator(".contents a")
    assert links.evaluate_all("all => all.map((one) => one.hash)") == [
        f"#{name}" for name in SECTIONS
    ]
    for name in SECTIONS:
        assert lesson.page.locator(f"#{name} .question").count() == 2, name


def test_every_control_is_reached_by_tab_and_moved_by_keys(lesson: Lesson) -> None:
    page = lesson.page
    assert page.evaluate(NAMELESS) == []
    for name in SECTIONS:
        awaited = set(page.evaluate(CONTROLS, name))
        page.locator(f"#{name} > h2").evaluate("one => { one.tabIndex = -1; one.focus(); }")
        while awaited:
            page.keyboard.press("Tab")
            control, text, is_inside, is_marked = page.evaluate(FOCUSED, name)
            assert is_inside, f"not reached: {awaited}"
            assert is_marked, f"no visible focus: {control}"
            awaited.discard(control)
            if text:
                page.keyboard.press("ArrowLeft")
                if page.evaluate(FOCUSED, name)[1] == text:  # it is at its end
                    page.keyboard.press("ArrowRight")
                assert page.evaluate(FOCUSED, name)[1] != text, control


def test_each_question_has_one_right_answer_and_a_reason(lesson: Lesson) -> None:
    form = lesson.page.locator("#error form").first
    form.get_by_role("button").click()
    assert form.get_by_role("status").inner_text() == "Choose an answer first."
    questions = lesson.page.evaluate(ANSWERS, OURS_CSS)
    assert len(questions) == 2 * len(OURS)
    for results in questions:
        assert [verdict for verdict, _ in results].count("right") == 1
        for verdict, told in results:
            pattern = r"Right\. .{20,}\." if verdict == "right" else r"No: .+\. .{20,}\."
            assert re.fullmatch(pattern, told), told


OWN = """
dtype: float64
data: {{train: {csv}, validation: 0, classes: 2}}
network:
  - {{dense: 6, activation: relu}}
  - {{dense: 5, activation: leaky_relu}}
  - {{dense: 2, activation: tanh}}
loss: squared_error
training: {{epochs: 1, batch_size: 1, optimizer: {{name: sgd, learning_rate: 0.25}}}}
"""


def data_of(page: Path) -> Any:
    """The data that are embedded in a page."""
    found = re.search(r'id="lesson-data">(.*?)</script>', page.read_text("utf-8"))
    assert found
    return json.loads(found[1])


@pytest.fixture
def drawn(lesson_page: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The data of the lecture's page, whose demo digits are not drawn once more."""
    data = data_of(lesson_page)
    monkeypatch.setattr(lesson_module, "demo_set", lambda: data["digits"])
    return data


@pytest.mark.usefixtures("drawn")
def test_another_network_is_shown_with_its_own_numbers(
    opened_lesson: Lesson, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    config = tmp_path / "own.yaml"
    config.write_text(OWN.format(csv=EXAMPLE.with_suffix(".csv")), "utf-8")
    succeed("lesson", "own.yaml")
    data = data_of(Path("lesson.html"))
    quantities, printed = traced(config, tmp_path)
    for i in (1, 2, 3):
        assert_allclose(data["network"]["W"][i - 1], quantities[f"W_{i}"], rtol=0, atol=0)
    assert data["α"] == quantities["alpha"] == 0.25
    assert data["command"] == "nntrain trace own.yaml"
    other = Lesson(opened_lesson.page.context, tmp_path / "lesson.html")
    error = other.text("#error-value")
    assert re.search(rf"^E .* {error}$", printed, re.M)
    assert len(other.parameters()) == 3 * 6 + 6 + 6 * 5 + 5 + 5 * 2 + 2
    other.page.close()
    assert other.trouble() == []


def test_a_network_that_cannot_be_drawn_leaves_the_lecture_s(folder: Path, drawn: Any) -> None:
    told = succeed("lesson", "tiny.yaml").stdout
    assert told.startswith("tiny.yaml: sections 1 to 5 show the lecture's network; ")
    assert data_of(folder / "lesson.html")["network"] == drawn["network"]


def test_no_other_file_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("lesson.html").write_text("mine", "utf-8")
    assert refuse(2, "lesson").startswith("lesson.html: is no report")
    assert Path("lesson.html").read_text("utf-8") == "mine"
    config = Path("empty.yaml")
    config.touch()
    assert refuse(2, "lesson", "empty.yaml", "--out", "empty.yaml").startswith("empty.yaml: ")
    assert config.read_bytes() == b""
