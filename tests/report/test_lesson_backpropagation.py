"""The lesson's section on backpropagation: its steps are held against `nntrain trace`."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from tests.support.cli import succeed

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parents[2]
EXAMPLE = "configs/lecture-3-4-2.yaml"
STEPS = [
    *("z_1", "x_1", "z_2", "x_2", "E"),
    *("δ_2", "∂E/∂W_2", "∂E/∂b_2", "δ_1", "∂E/∂W_1", "∂E/∂b_1"),
    *("W_1 after", "b_1 after", "W_2 after", "b_2 after"),
]
# All that section 4 shows, with the values of its controls.
SHOWN = """() => {
  const section = document.getElementById("backpropagation");
  const values = [...section.querySelectorAll("input, select")].map(({ value }) => value);
  return [section.innerHTML.replace(/ data-shown="[^"]*"/g, ""), ...values];
}"""


def numbers(text: str) -> list[float]:
    found = re.findall(r"-?\d+(?:\.\d+)?(?:e[-+]\d+)?", text.replace("−", "-"))
    return [float(number) for number in found]


class Section:
    """Section 4 of an opened lesson."""

    def __init__(self, page: "Page") -> None:
        self.page = page

    def press(self, button: str) -> None:
        self.page.click(f"#backpropagation-{button}")

    def set(self, field: str, value: object) -> None:
        self.page.locator(f"#backpropagation-{field}").fill(str(value))
        self.page.keyboard.press("Enter")

    def choose(self, parameter: str) -> None:
        self.page.locator("#backpropagation-parameter").select_option(parameter)

    @property
    def value(self) -> float:
        return float(self.page.input_value("#backpropagation-value"))

    @property
    def error(self) -> float:
        """E as the caption of its curve says it."""
        text = self.page.locator("#backpropagation-error").inner_text()
        return numbers(text.removeprefix("E "))[0]

    def shown(self) -> list[Any]:
        state: list[Any] = self.page.evaluate(SHOWN)
        return state


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


@pytest.fixture
def section(opened: "Page") -> Section:
    """Section 4 as it opens."""
    opened.reload()
    return Section(opened)


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
    _, printed = traced
    for number, symbol in enumerate(STEPS, 1):
        section.press("next")
        now = section.page.locator(".now")
        row = re.search(rf"^{re.escape(symbol)} +\((.*?)\) (.*\n(?: .*\n)*)", printed, re.MULTILINE)
        assert row, symbol
        expected = numbers(row[2])
        result = now.locator(".result > :first-child")
        assert numbers(result.inner_text()) == expected, symbol
        shape = [int(n) for n in re.findall(r"\d+", row[1])]
        drawn = "×".join(map(str, [*shape, 1][:2])) if shape else ""
        assert now.locator(".result small").inner_text() == drawn, symbol
        current = section.page.locator(".equation[aria-current=step]")
        assert current.count() == 1
        assert f"equation {number} of {len(STEPS)}" in now.locator("h3").inner_text()
        # The same equation is lit in the list and in the figure.
        shown, listed = now.locator(".algebra").inner_text(), current.locator(".algebra")
        assert shown == listed.inner_text()
        assert shown.replace("\n", "").startswith(symbol.removesuffix(" after").replace("_", ""))
        lit = section.page.locator("#backpropagation-figure .edge.lit").count()
        weights = {"z_1": 12, "z_2": 8, "δ_1": 8}
        in_name = {"W_1": 12, "W_2": 8}
        assert lit == weights.get(
            symbol, in_name.get(symbol[-3:] if "∂" in symbol else symbol[:3], 0)
        )


def test_a_weight_s_factors_multiply_to_its_gradient(
    section: Section, traced: tuple[dict[str, Any], str]
) -> None:
    arrays, _ = traced
    for i, shape in ((1, (4, 3)), (2, (2, 4))):
        for j, k in ((0, 0), (shape[0] - 1, shape[1] - 1), (1, 2)):
            section.choose(f"{i},{j},{k}")
            first, delta, *others = section.page.locator("#backpropagation-chain li").all()
            *_, of_delta, x, product = numbers(first.locator(".algebra").inner_text())
            assert_allclose(
                [of_delta, x, product],
                [
                    arrays[f"delta_{i}"][j],
                    arrays[f"x_{i - 1}"][k],
                    arrays[f"dE_dW_{i}"][j, k],
                ],
                atol=6e-5,
            )
            factors = numbers(delta.locator(".side").nth(1).inner_text())
            slope = factors.pop()
            if i == 1:  # the sum over the successors
                back = factors[0] * factors[1] + factors[2] * factors[3]
                assert factors[::2] == pytest.approx(arrays["W_2"][:, j], abs=6e-5)
            else:
                back = factors[0] - factors[1]
            assert back * slope == pytest.approx(arrays[f"delta_{i}"][j], abs=2e-4)
            measured = numbers(others[-1].locator(".algebra").inner_text())[0]
            assert measured == pytest.approx(arrays[f"dE_dW_{i}"][j, k], abs=6e-5)


def test_undo_restores_every_state_exactly(section: Section) -> None:
    actions: list[Callable[[], object]] = [
        lambda: section.press("next"),
        lambda: section.press("next"),
        lambda: section.press("many"),
        lambda: section.choose("1,2,0"),
        lambda: section.set("value", 1.25),
        lambda: section.set("rate", 0.5),
        lambda: section.press("finish"),
        lambda: section.page.locator("#backpropagation-row").select_option("3"),
        lambda: section.page.locator("#backpropagation-list button").nth(8).click(),
        lambda: section.press("restart"),
    ]
    states = [section.shown()]
    for act in actions:
        act()
        states.append(section.shown())
    assert len({str(state) for state in states}) == len(states)  # each changed something
    for number, before in enumerate(reversed(states[:-1])):
        if number % 2:
            section.press("undo")
        else:
            section.page.locator("#backpropagation-row").press("Control+z")
        assert section.shown() == before
    section.page.keyboard.press("Control+z")  # there is no more
    assert section.shown() == states[0]


def test_alpha_and_a_weight_can_be_changed(section: Section) -> None:
    section.press("finish")
    first = section.error
    section.press("many")
    assert section.error < first
    section.press("restart")
    section.set("rate", 0)
    section.press("many")
    assert section.error == first
    section.choose("2,1,3")
    section.set("value", -2)
    section.press("finish")
    assert section.error != first
    assert section.value == -2  # α is still 0
    section.set("rate", "")  # no number: it stays
    assert section.page.input_value("#backpropagation-rate") == "0"


def test_the_keyboard_reaches_every_parameter(section: Section) -> None:
    figure = section.page.locator("#backpropagation-figure")
    stops = figure.locator("[tabindex='0']")
    assert stops.count() == 1
    stops.focus()
    seen = set()
    for _ in range(26):
        focused = section.page.locator(":focus")
        seen.add(focused.get_attribute("aria-label"))
        halo = focused.locator(".halo").first
        style = halo.evaluate(
            "one => [getComputedStyle(one).opacity, getComputedStyle(one).stroke]"
        )
        assert float(style[0]) > 0.5
        assert style[1] != "none"
        assert stops.count() == 1
        section.page.keyboard.press("ArrowRight")
    assert len(seen) == 4 * 3 + 4 + 2 * 4 + 2
    section.page.keyboard.press("Enter")
    assert section.page.locator(":focus").get_attribute("aria-pressed") == "true"
    assert section.page.locator("#backpropagation-chain li").count() == 4
    section.page.keyboard.press("Home")
    section.page.keyboard.press(" ")
    assert section.page.input_value("#backpropagation-parameter") == "1,0,0"


def test_every_equation_fits_on_a_phone(section: Section) -> None:
    wide = section.page.viewport_size
    assert wide
    section.page.set_viewport_size({"width": 360, "height": 640})
    section.choose("1,0,0")
    for _ in STEPS:
        section.press("next")
        width, numbers = section.page.evaluate(
            "() => [document.documentElement, document.querySelector('.numbers')]"
            ".map((one) => one.scrollWidth - one.clientWidth)"
        )
        assert width == numbers == 0
    section.page.set_viewport_size(wide)


def test_the_questions_are_answered_by_the_page_s_numbers(section: Section) -> None:
    def answer(question: int, choice: str) -> str:
        form = section.page.locator("#backpropagation .question").nth(question)
        form.get_by_label(choice).check()
        form.get_by_role("button").click()
        return form.locator(".answer").inner_text()

    assert answer(0, "negative").startswith("Right.")
    assert answer(1, "input 1").startswith("Right.")
    section.page.locator("#backpropagation-row").select_option("1")  # 0.2, 0, 1: the other digit
    assert answer(0, "negative").startswith("No: positive.")
    assert answer(1, "input 1").startswith("No: input 3.")
