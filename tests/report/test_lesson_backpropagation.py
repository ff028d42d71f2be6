"""The lesson's section on backpropagation: its steps are held against `nntrain trace`."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from tests.report.lesson import Lesson, numbers
from tests.support.cli import succeed

ROOT = Path(__file__).parents[2]
EXAMPLE = "configs/lecture-3-4-2.yaml"
STEPS = [
    *("z_1", "x_1", "z_2", "x_2", "E"),
    *("δ_2", "∂E/∂W_2", "∂E/∂b_2", "δ_1", "∂E/∂W_1", "∂E/∂b_1"),
    *("W_1 after", "b_1 after", "W_2 after", "b_2 after"),
]
# The weights that are lit with an equation.
LIT = {"z_1": 12, "z_2": 8, "δ_1": 8, "∂E/∂W_1": 12, "∂E/∂W_2": 8, "W_1 after": 12, "W_2 after": 8}

START = """() => {
  document.getElementById("backpropagation-restart").click();
  const parameter = document.getElementById("backpropagation-parameter");
  parameter.value = "";
  parameter.dispatchEvent(new Event("change"));
  for (const form of document.querySelectorAll("#backpropagation form")) {
    delete form.dataset.result;  // which another test has left
    form.querySelector(".answer").textContent = "";
  }
}"""
# Presses “Next equation” again and again, and reads what is shown after each.
STEP = """(count) => Array.from({ length: count }, () => {
  document.getElementById("backpropagation-next").click();
  const text = (element) => element.textContent;
  const now = document.querySelector("#backpropagation .now");
  const result = now.querySelector(".result > :first-child");
  const current = [...document.querySelectorAll(".equation[aria-current=step] .algebra")];
  return {
    numbers: result.children.length ? [...result.children].map(text).join(" ") : text(result),
    shape: text(now.querySelector(".result small")),
    place: text(now.querySelector("h3")),
    equation: text(now.querySelector(".algebra")),
    listed: current.map(text),
    lit: document.querySelectorAll("#backpropagation-figure .edge.lit").length,
    tooWide: [document.documentElement, now.querySelector(".numbers")]
      .map((one) => one.scrollWidth - one.clientWidth),
  };
})"""
# The lines of each parameter's gradient, each with its sides.
CHAINS = """(parameters) => parameters.map((parameter) => {
  const select = document.getElementById("backpropagation-parameter");
  select.value = parameter;
  select.dispatchEvent(new Event("change"));
  return [...document.querySelectorAll("#backpropagation-chain .algebra")]
    .map((line) => [...line.children].map((side) => side.textContent));
})"""
# All that the section shows, with the values of its controls.
SHOWN = """() => {
  const section = document.getElementById("backpropagation");
  const values = [...section.querySelectorAll("input, select")].map(({ value }) => value);
  return [section.innerHTML.replace(/ data-shown="[^"]*"/g, ""), ...values].join("|");
}"""
FOCUSED = """() => {
  const { opacity, stroke } = getComputedStyle(document.activeElement.querySelector(".halo"));
  const stops = document.querySelectorAll("#backpropagation-figure [tabindex='0']").length;
  return [document.activeElement.ariaLabel, Number(opacity) > 0.5 && stroke !== "none", stops];
}"""


class Section:
    """Section 4 of an opened lesson."""

    def __init__(self, lesson: Lesson) -> None:
        self.page = lesson.page
        self.page.evaluate(START)

    def press(self, button: str) -> None:
        self.page.evaluate(f"() => document.getElementById('backpropagation-{button}').click()")

    def set(self, field: str, value: object) -> None:
        self.page.locator(f"#backpropagation-{field}").fill(str(value))
        self.page.keyboard.press("Enter")

    def choose(self, field: str, value: str) -> None:
        self.page.locator(f"#backpropagation-{field}").select_option(value)

    def value(self, field: str) -> str:
        return self.page.input_value(f"#backpropagation-{field}")

    @property
    def error(self) -> float:
        """E as the caption of its curve says it."""
        return numbers(self.page.locator("#backpropagation-error").inner_text()[2:])[0]

    def shown(self) -> str:
        state: str = self.page.evaluate(SHOWN)
        return state


@pytest.fixture
def section(opened_lesson: Lesson) -> Section:
    """Section 4 as it opens, but for what can be undone."""
    return Section(opened_lesson)


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], str]:
    """The arrays of `nntrain trace` for the first row, and what it prints."""
    file = tmp_path_factory.mktemp("trace") / "row.npz"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        printed = succeed("trace", EXAMPLE, "--row", "1", "--npz", str(file)).stdout
    with np.load(file) as arrays:
        return dict(arrays), printed


def test_the_steps_show_the_numbers_of_nntrain_trace(
    section: Section, traced: tuple[dict[str, Any], str]
) -> None:
    records = section.page.evaluate(STEP, len(STEPS))
    for number, (symbol, shown) in enumerate(zip(STEPS, records, strict=True), 1):
        row = re.search(
            rf"^{re.escape(symbol)} +\((.*?)\) (.*\n(?: .*\n)*)", traced[1], re.MULTILINE
        )
        assert row, symbol
        assert numbers(shown["numbers"]) == numbers(row[2]), symbol
        shape = re.findall(r"\d+", row[1])
        assert shown["shape"] == ("×".join([*shape, "1"][:2]) if shape else ""), symbol
        assert shown["place"].endswith(f"equation {number} of {len(STEPS)}")
        # The same equation is lit in the list and in the figure.
        assert shown["listed"] == [shown["equation"]]
        assert shown["equation"].startswith(symbol.removesuffix(" after").replace("_", ""))
        assert shown["lit"] == LIT.get(symbol, 0), symbol


def test_a_weight_s_factors_multiply_to_its_gradient(
    section: Section, traced: tuple[dict[str, Any], str]
) -> None:
    arrays, _ = traced
    weights = [(1, 0, 0), (1, 3, 2), (1, 1, 2), (2, 0, 0), (2, 1, 3), (2, 1, 2)]
    chains = section.page.evaluate(CHAINS, [f"{i},{j},{k}" for i, j, k in weights])
    for (i, j, k), lines in zip(weights, chains, strict=True):
        gradient = arrays[f"dE_dW_{i}"][j, k]
        product, factors, *later, step, measured = lines
        assert_allclose(
            [*numbers(product[1]), *numbers(product[2])],
            [arrays[f"delta_{i}"][j], arrays[f"x_{i - 1}"][k], gradient],
            atol=6e-5,
        )
        *terms, slope = numbers(factors[1])
        if i == 1:  # the sum over the successors, whose δ follow
            assert_allclose(terms[::2], arrays["W_2"][:, j], atol=6e-5)
            assert_allclose(terms[1::2], arrays["delta_2"], atol=6e-5)
            back = terms[0] * terms[1] + terms[2] * terms[3]
            assert_allclose(
                [numbers(line[2]) for line in later], arrays["delta_2"][:, None], atol=6e-5
            )
        else:
            back = terms[0] - terms[1]
            assert later == []
        assert back * slope == pytest.approx(arrays[f"delta_{i}"][j], abs=2e-4)
        assert numbers(step[2]) == pytest.approx([arrays[f"W_{i}_after"][j, k]], abs=6e-5)
        assert numbers(measured[0])[0] == pytest.approx(gradient, abs=6e-5)


def test_undo_restores_every_state_exactly(section: Section) -> None:
    actions: list[tuple[str, ...]] = [
        ("press", "next"),
        ("press", "next"),
        ("press", "many"),
        ("choose", "parameter", "1,2,0"),
        ("set", "value", "1.25"),
        ("set", "rate", "0.5"),
        ("press", "finish"),
        ("choose", "row", "3"),
        ("press", "next"),
        ("press", "restart"),
    ]
    states = [section.shown()]
    for method, *arguments in actions:
        getattr(section, method)(*arguments)
        states.append(section.shown())
    assert len(set(states)) == len(states)  # each changed something
    section.page.locator("#backpropagation-row").focus()
    for number, before in enumerate(reversed(states[:-1])):
        if number % 2:
            section.press("undo")
        else:
            section.page.keyboard.press("Control+z")
        assert section.shown() == before


def test_alpha_and_a_weight_can_be_changed(section: Section) -> None:
    section.press("finish")
    first = section.error
    section.press("many")
    assert section.error < first
    section.press("restart")
    section.set("rate", 0)
    section.press("many")
    assert section.error == first
    section.choose("parameter", "2,1,3")
    section.set("value", -2)
    section.press("finish")
    assert section.error != first
    assert section.value("value") == "-2"  # α is still 0
    section.set("rate", "")  # no number: it stays
    assert section.value("rate") == "0"


def test_the_keyboard_reaches_every_parameter(section: Section) -> None:
    page = section.page
    page.locator("#backpropagation-figure [tabindex='0']").focus()
    page.keyboard.press("Home")
    seen = set()
    for _ in range(26):
        name, is_marked, stops = page.evaluate(FOCUSED)
        assert is_marked, name
        assert stops == 1
        seen.add(name)
        page.keyboard.press("ArrowRight")
    assert len(seen) == 4 * 3 + 4 + 2 * 4 + 2
    page.keyboard.press("Enter")
    assert section.value("parameter") == "2,1,"
    assert page.locator(":focus").get_attribute("aria-pressed") == "true"
    assert page.locator("#backpropagation-chain li").count() == 4
    page.keyboard.press("Home")
    page.keyboard.press(" ")
    assert section.value("parameter") == "1,0,0"


def test_every_equation_fits_on_a_phone(section: Section) -> None:
    wide = section.page.viewport_size
    assert wide
    section.page.set_viewport_size({"width": 360, "height": 640})
    section.choose("parameter", "1,0,0")
    records = section.page.evaluate(STEP, len(STEPS))
    section.page.set_viewport_size(wide)
    assert [record["tooWide"] for record in records] == [[0, 0]] * len(STEPS)


def test_the_questions_are_answered_by_the_page_s_numbers(section: Section) -> None:
    def answer(question: int, choice: str) -> str:
        form = section.page.locator("#backpropagation .question").nth(question)
        form.get_by_label(choice).check()
        form.get_by_role("button").click()
        return form.locator(".answer").inner_text()

    assert answer(0, "negative").startswith("Right.")
    assert answer(1, "input 1").startswith("Right.")
    section.choose("row", "1")  # 0.2, 0, 1: the other digit
    assert answer(0, "negative").startswith("No: positive.")
    assert answer(1, "input 1").startswith("No: input 3.")
