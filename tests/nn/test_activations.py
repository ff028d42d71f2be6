import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nntrain.nn import ACTIVATIONS
from nntrain.nn.activations import Elementwise
from nntrain.nn.arrays import Array

FINITE = st.floats(width=32, allow_nan=False, allow_infinity=False)
EXTREMES = np.array(
    [[0, -0.0, 1e-45, -1e-45, 17, -17, 88, -89, 104, -104, 1.5e38, -1.5e38]], np.float32
)


def activate(name: str, z: Array) -> Array:
    return ACTIVATIONS[name].forward(z)


@given(st.lists(FINITE, min_size=1, max_size=20))
def test_sigmoid_of_any_finite_float32_is_a_share_and_raises_no_warning(
    values: list[float],
) -> None:
    x = activate("sigmoid", np.array([values], np.float32))
    assert ((x >= 0) & (x <= 1)).all()


def test_sigmoid_agrees_with_its_definition_to_float32_rounding() -> None:
    z = np.linspace(-80, 80, 4_001, dtype=np.float32)[None]
    exact = 1 / (1 + np.exp(-z.astype(np.float64)))
    np.testing.assert_allclose(activate("sigmoid", z), exact, rtol=0, atol=1.2e-7)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_extreme_inputs_give_finite_values_and_derivatives_without_warning(name: str) -> None:
    z = EXTREMES.copy()
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        x = activate(name, z)
        if name not in ("identity", "relu", "leaky_relu"):
            assert np.abs(x).max() <= 1.7159 * 1.000001
        delta = ACTIVATIONS[name].backward(np.ones_like(x), x)
    assert np.isfinite(x).all()
    assert np.isfinite(delta).all()


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_in_place_equals_out_of_place(name: str) -> None:
    z = np.random.default_rng(0).normal(0, 2, (7, 5)).astype(np.float32)
    expected = activate(name, z.copy())
    assert ACTIVATIONS[name].forward(z, out=z) is z
    np.testing.assert_array_equal(z, expected)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_going_back_in_place_equals_out_of_place(name: str) -> None:
    rng = np.random.default_rng(0)
    x = activate(name, rng.normal(0, 2, (7, 5)))
    gradient = rng.normal(0, 1, (7, 5))
    before, seen = gradient.copy(), x.copy()
    expected = ACTIVATIONS[name].backward(gradient, x)
    np.testing.assert_array_equal(gradient, before)
    delta = ACTIVATIONS[name].backward(gradient, x, out=gradient, scratch=np.empty_like(x))
    assert delta is gradient
    np.testing.assert_array_equal(delta, expected)
    np.testing.assert_array_equal(x, seen)


ELEMENTWISE = {name: a for name, a in ACTIVATIONS.items() if isinstance(a, Elementwise)}


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_derivative_is_the_slope(name: str) -> None:
    z = np.linspace(-3.03, 3.07, 60)[None]
    step = 1e-6
    slope = (activate(name, z + step) - activate(name, z - step)) / (2 * step)
    derivative = ELEMENTWISE[name].derivative(activate(name, z))
    np.testing.assert_allclose(derivative, slope, rtol=1e-8, atol=1e-9)


@given(st.lists(FINITE, min_size=2, max_size=12), st.floats(-100, 100))
def test_softmax_rows_sum_to_one_and_ignore_a_common_shift(
    values: list[float], shift: float
) -> None:
    z = np.clip(np.array([values], np.float64), -1e6, 1e6)
    x = activate("softmax", z)
    assert x.sum() == pytest.approx(1)
    np.testing.assert_allclose(activate("softmax", z + shift), x, rtol=1e-6, atol=1e-9)


def test_scaled_tanh_is_lecuns_with_plus_and_minus_one_fixed() -> None:
    x = activate("scaled_tanh", np.array([[1.0, -1.0, 100.0]]))
    np.testing.assert_allclose(x, [[1, -1, 1.7159]], atol=2e-5)
