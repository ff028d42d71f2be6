"""The lesson's sections 1, 2, 3 and 5 in a real browser, held against plain arithmetic."""

import math
import re
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.testing import assert_allclose

from nntrain.nn import ACTIVATIONS
from tests.report.lesson import Lesson, numbers
from tests.support.variants import slow

if TYPE_CHECKING:
    from playwright.sync_api import Locator


def forward(told: dict[str, float], x: list[float]) -> list[float]:
    """The outputs of the 3-4-2 network, with nothing of the program."""
    for i, widths in enumerate([(4, 3), (2, 4)], 1):
        sums = [
            told[f"b {i}, bias of neuron {j + 1}"]
            + sum(told[f"W {i}, row {j + 1}, column {k + 1}"] * x[k] for k in range(widths[1]))
            for j in range(widths[0])
        ]
        x = [1 / (1 + math.exp(-z)) for z in sums]
    return x


def test_a_target_is_dragged_and_a_weight_slid(lesson: Lesson) -> None:
    lesson.handle("Target y 1").scroll_into_view_if_needed()
    box = lesson.handle("Target y 1").locator(".knob").bounding_box()
    assert box is not None
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    lesson.page.mouse.move(*middle)
    lesson.page.mouse.down()
    lesson.page.mouse.move(middle[0] + 30, middle[1] + 60, steps=3)
    lesson.page.mouse.up()
    target, output, before = lesson.heard("Target y 1")
    assert 0.4 < target < 0.95
    network = lesson.page.locator("#error-network")
    network.get_by_role("button", name="W 1, row 2, column 1").press("Enter")
    lesson.set("error-weight", 3.5)
    told = lesson.parameters()
    assert told["W 1, row 2, column 1"] == 3.5
    x = forward(told, [1, 0, 0.2])
    shown = numbers(lesson.text("#error-formula p:nth-child(3)"))
    assert_allclose(shown[::2], x, atol=2e-4)
    after = ((x[0] - target) ** 2 + x[1] ** 2) / 2
    assert_allclose(float(lesson.text("#error-value")), after, atol=2e-4)
    assert after != pytest.approx(before, abs=1e-3)
    assert output == pytest.approx(0.2904, abs=1e-4)
    sizes = "all => all.map((one) => [one.width.baseVal.value, one.height.baseVal.value])"
    bars = lesson.page.locator("#error-squares .bar").evaluate_all(sizes)
    unit = bars[0][1] / x[0]
    assert_allclose(bars[1][1], x[1] * unit, rtol=1e-3)
    squares = lesson.page.locator("#error-squares .wash").evaluate_all(sizes)
    sides = np.abs(np.subtract(x, [target, 0])) * unit
    assert_allclose(squares, [[side, side] for side in sides], rtol=1e-3)


def descend(α: float, β: float, w: float) -> tuple[str, int]:
    """What a ball on ½ w² does within 200 steps: its fate, and the number of steps."""
    v, turns = 0.0, 0
    for step in range(1, 201):
        v = β * v - α * w
        before, w = w, w + v
        if abs(w) > 1e3:
            return "far too large", step
        turns += before * w < 0 and abs(w) > 0.02
        if abs(w) < 0.02 and abs(v) < 0.02:
            return (
                "rather large" if turns > 1 else "too small" if step > 25 else "about right",
                step,
            )
    return "too large", 200


@pytest.mark.parametrize(
    "rates", [(0.03, 0.5, 1.7, 2.0, 2.3), *slow(((0.03, 0.1, 0.5, 1.0, 1.2, 1.7, 2.0, 2.3),))]
)
def test_the_page_says_what_a_learning_rate_does(lesson: Lesson, rates: tuple[float, ...]) -> None:
    fates = []
    for α in rates:
        lesson.set("descent-rate", α)
        lesson.click("#descent-run")
        fate, steps = descend(α, 0, -2.2)
        verdict = lesson.text("#descent-verdict")
        assert verdict.startswith(f"α = {α:.2f} is {fate}."), verdict
        assert steps in numbers(verdict)
        fates.append(fate)
    assert len(set(fates)) == 5


def test_momentum_goes_beside_it(lesson: Lesson) -> None:
    lesson.click("#descent-momentum")
    lesson.set("descent-share", 0.6)
    for _ in range(2):
        lesson.click("#descent-step")
    places = [
        lesson.page.locator(f"#descent-plot .dot.{kind}").evaluate_all(
            "all => all.map((one) => one.cx.baseVal.value)"
        )
        for kind in ("weight", "other")
    ]
    plain, heavy = [sorted(found) for found in places]
    # w = −2.2, −1.98, then −1.782 without and −1.65 with the share β of the last step.
    unit = (plain[1] - plain[0]) / 0.22
    assert_allclose(
        [(plain[2] - plain[0]) / unit, (heavy[2] - heavy[0]) / unit], [0.418, 0.55], rtol=1e-3
    )
    lesson.click("#descent-run")
    assert f"after {descend(0.1, 0.6, -2.2)[1]} steps" in lesson.text("#descent-verdict .other")


def test_the_start_decides_which_of_two_minima_is_found(lesson: Lesson) -> None:
    lesson.click("[name=descent-landscape][value=two]")
    ends = []
    for keys in (["Shift+ArrowRight"] * 3, ["Shift+ArrowLeft"] * 4):
        lesson.click("#descent-reset")
        lesson.press("The ball", *keys)
        lesson.click("#descent-run")
        w, f = lesson.heard("The ball")
        assert w**3 - 2 * w + 0.25 == pytest.approx(0, abs=0.02)
        ends.append((w, f, "but the other one is deeper" in lesson.text("#descent-verdict")))
    (right, high, is_shallow), (left, low, is_also_shallow) = ends
    assert left < 0 < right
    assert low < high
    assert (is_shallow, is_also_shallow) == (True, False)


def gradient(x: float, y: float) -> list[float]:
    """Of 2x² + 3xy + y³."""
    return [4 * x + 3 * y, 3 * x + 3 * y * y]


def test_the_gradient_is_that_of_the_point(lesson: Lesson) -> None:
    lesson.set("gradients-rate", 0.05)
    lesson.press("The point (x, y)", "Shift+ArrowLeft", "ArrowDown", "ArrowDown")
    x, y, *shown = lesson.heard("The point (x, y)")
    assert_allclose([x, y], [0.6, 0.56])
    assert_allclose(shown, gradient(x, y), atol=1e-4)
    f, fx, fy, plane = [numbers(line) for line in lesson.text("#gradients-numbers").split("\n\n")]
    assert f[-1] == pytest.approx(2 * x * x + 3 * x * y + y**3, abs=1e-4)
    assert [fx[-1], fy[-1]] == shown
    assert plane == [f[-1], fx[-1], 0.6, fy[-1], 0.56]
    lesson.click("#gradients-step")
    after = [value - 0.05 * slope for value, slope in zip((x, y), gradient(x, y), strict=True)]
    assert_allclose(lesson.heard("The point (x, y)")[:2], after, atol=1e-4)


def test_the_saddle_and_the_minimum_are_told(lesson: Lesson) -> None:
    for keys, told in [
        (["Shift+ArrowLeft"] * 7 + ["Shift+ArrowDown"] * 6, "A saddle"),
        (
            ["Shift+ArrowLeft"] * 5 + ["ArrowLeft"] * 3 + ["Shift+ArrowUp"] * 7 + ["ArrowUp"] * 2,
            "A minimum",
        ),
    ]:
        assert not lesson.text("#gradients-remark").startswith(told)
        lesson.press("The point (x, y)", *keys)
        assert lesson.text("#gradients-remark").startswith(told)


def test_contour_lines_lie_where_the_function_has_their_value(lesson: Lesson) -> None:
    paths = lesson.page.locator("#gradients-map .contour").evaluate_all(
        "all => all.map((one) => one.getAttribute('d'))"
    )
    origin, unit = lesson.page.evaluate(
        """() => {
          const [axis] = document.querySelectorAll("#gradients-map clipPath rect");
          const { x, y, width, height } = axis;
          const value = (length) => length.baseVal.value;
          return [[value(x), value(y)], [value(width) / 3, value(height) / 3]];
        }"""
    )
    spread = []
    for path in paths:
        drawn = np.array(re.findall(r"[ML]([\d.-]+),([\d.-]+)", path), float)
        x, y = ((drawn - origin) / unit).T * [[1], [-1]] + [[-1.5], [1.5]]
        spread.append(np.ptp(2 * x**2 + 3 * x * y + y**3))
    assert len(spread) > 10
    assert max(spread) < 0.05


def test_each_activation_of_nntrain_has_its_slope(lesson: Lesson) -> None:
    options = lesson.page.locator("#biases-activation option")
    assert options.all_inner_texts() == list(ACTIVATIONS)
    unit = np.array([[1.0, 0.0, 0.0]])
    for (name, activation), bias in product(ACTIVATIONS.items(), (-1.5, 0.7)):
        lesson.set("biases-activation", name)
        lesson.set("biases-bias", bias)
        total, z, x, slope = lesson.heard("The weighted sum")
        assert total == 1
        assert z == pytest.approx(1 + bias)
        values = activation.forward(np.array([[z, 0.0, 0.0]]))
        assert x == pytest.approx(values[0, 0], abs=1e-4), name
        assert slope == pytest.approx(activation.backward(unit, values)[0, 0], abs=1e-4), name


def test_a_saturated_neuron_passes_nothing_back(lesson: Lesson) -> None:
    assert "Saturated" not in lesson.text("#biases-remark")
    lesson.press("The weighted sum", *["Shift+ArrowRight"] * 10)
    lesson.set("biases-back", 2)
    assert lesson.text("#biases-remark").startswith("Saturated: ")
    x = 1 / (1 + math.exp(-6))
    δ = 2 * x * (1 - x)
    assert float(lesson.text("#biases-delta")) == pytest.approx(δ, abs=1e-4)
    left = numbers(lesson.page.locator("#biases-left [role=img]").get_attribute("aria-label") or "")
    assert_allclose(left, [2 * (x * (1 - x)) ** k for k in range(6)], rtol=0.03)
    lesson.click("#biases-step")
    assert float(lesson.text("#biases-bias-value")) == pytest.approx(-δ, abs=1e-4)


def test_answers_follow_the_numbers(lesson: Lesson) -> None:
    weight, share = lesson.page.locator("#error form").all()

    def verdict(form: "Locator", name: str) -> str | None:
        form.get_by_role("radio", name=name).check()
        form.get_by_role("button").click()
        return form.get_attribute("data-result")

    # x_2 = (0.29, 0.45): the first output is far from 1, and a larger weight on its way raises it.
    assert verdict(share, "(x2)1") == "right"
    assert verdict(weight, "falls") == "right"
    lesson.press("Target y 1", *["Shift+ArrowDown"] * 10)
    assert verdict(share, "(x2)2") == "right"
    assert verdict(weight, "rises") == "right"
