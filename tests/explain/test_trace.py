"""The trace, compared with the lecture's loops over columns; its display and its file."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nntrain.explain.trace import Quantity, saturated_share, save, trace
from nntrain.explain.trace_text import (
    SATURATED_WHERE,
    SHORT,
    SHORT_LINE,
    number,
    numbers,
    short_number,
)
from nntrain.nn import ACTIVATIONS
from tests.support import lecture
from tests.support.examples import examples
from tests.support.networks import HIDDEN, batch_for, network_of

PAIRS = [
    ("squared_error", "sigmoid"),
    ("squared_error", "softmax"),
    ("squared_error", "scaled_tanh"),
    ("cross_entropy", "softmax"),
    ("binary_cross_entropy", "sigmoid"),
]


@examples(60)
@given(
    widths=st.lists(st.integers(2, 5), min_size=2, max_size=4),
    pair=st.sampled_from(PAIRS),
    seed=st.integers(0, 99),
    data=st.data(),
)
def test_every_quantity_is_the_lectures(
    widths: list[int], pair: tuple[str, str], seed: int, data: st.DataObject
) -> None:
    loss, output = pair
    depth = len(widths) - 1
    activations = [data.draw(st.sampled_from(HIDDEN)) for _ in range(depth - 1)] + [output]
    network = network_of(widths, activations, loss, seed)
    before = network.parameters.copy()
    x, y = batch_for(network, 1, seed)
    found = {q.name: q.value for q in trace(network, x[0], y[0], learning_rate=0.3)}

    np.testing.assert_array_equal(network.parameters, before)
    weights = [layer.weights.astype(np.float64) for layer in network.layers]
    biases = [layer.biases.astype(np.float64)[:, None] for layer in network.layers]
    column, target = x[0][:, None], y[0][:, None]
    error, by_weights, by_biases = lecture.gradient(
        weights, biases, activations, loss, [(column, target)]
    )
    expected = {"x_0": column[:, 0], "y": y[0], "E": np.array(error)}
    for i in range(1, depth + 1):
        z = weights[i - 1] @ column + biases[i - 1]
        column = lecture.sigma(activations[i - 1], z)
        expected |= {
            f"W_{i}": weights[i - 1],
            f"b_{i}": biases[i - 1][:, 0],
            f"z_{i}": z[:, 0],
            f"x_{i}": column[:, 0],
            f"delta_{i}": by_biases[i - 1][:, 0],  # of one sample, ∂E/∂b_i = δ_i
            f"dE_dW_{i}": by_weights[i - 1],
            f"dE_db_{i}": by_biases[i - 1][:, 0],
            f"W_{i}_after": weights[i - 1] - 0.3 * by_weights[i - 1],
            f"b_{i}_after": (biases[i - 1] - 0.3 * by_biases[i - 1])[:, 0],
        }
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name].shape == value.shape, name
        assert found[name].dtype == np.float64
        np.testing.assert_allclose(found[name], value, rtol=1e-9, atol=1e-12, err_msg=name)


def test_the_order_is_that_of_the_computation() -> None:
    network = network_of([3, 4, 2], ["sigmoid", "sigmoid"], "squared_error")
    x, y = batch_for(network, 1)
    symbols = [quantity.symbol for quantity in trace(network, x[0], y[0], 1.0)]
    assert ", ".join(symbols) == (
        "x_0, W_1, b_1, z_1, x_1, W_2, b_2, z_2, x_2, y, E, δ_2, δ_1, "
        "∂E/∂W_1, ∂E/∂b_1, ∂E/∂W_2, ∂E/∂b_2, W_1 after, b_1 after, W_2 after, b_2 after"
    )


@pytest.mark.parametrize("name", SATURATED_WHERE)
def test_neurons_are_saturated_where_the_legend_says(name: str) -> None:
    text = SATURATED_WHERE[name]
    z = np.linspace(-6, 6, 1201)
    bound = float(text.removeprefix("|z| > ").split(",")[0]) if "|z|" in text else None
    if bound is not None:
        z = z[np.abs(np.abs(z) - bound) > 0.006]  # the legend gives it with two decimals
    expected = z <= 0 if bound is None else np.abs(z) > bound
    x = ACTIVATIONS[name].forward(z)
    for one, is_saturated in zip(x, expected, strict=True):
        assert saturated_share(ACTIVATIONS[name], np.array([one])) == is_saturated
    assert saturated_share(ACTIVATIONS[name], x) == np.mean(expected)


def test_layers_that_cannot_saturate_have_no_share() -> None:
    assert saturated_share(ACTIVATIONS["identity"], np.array([-9.0, 0, 9])) == 0
    assert saturated_share(ACTIVATIONS["softmax"], np.array([0.0, 1])) is None
    assert set(SATURATED_WHERE) == set(ACTIVATIONS) - {"identity", "softmax"}


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0.0000"), (-0.0, "0.0000"), (0.25, "0.2500"), (-12.34567, "-12.3457"),
     (0.0005, "0.0005"), (0.00049, "4.9e-04"), (-3e-9, "-3.0e-09"), (99999.5, "99999.5000"),
     (1.26e30, "1.3e+30"), (np.inf, "inf"), (np.nan, "nan")],
)  # fmt: skip
def test_small_and_large_numbers_are_shown_with_an_exponent(value: float, text: str) -> None:
    assert number(value) == text


def test_small_quantities_are_shown_in_full_and_large_ones_summarised() -> None:
    small = numbers(Quantity("W_1", "W_1", np.arange(12.0).reshape(3, 4)))
    assert small.splitlines()[2].split() == ["8.0000", "9.0000", "10.0000", "11.0000"]
    ten = numbers(Quantity("y", "y", np.eye(10)[9]))
    assert ten.split() == ["0.0000"] * 9 + ["1.0000"]
    assert "\n" not in ten
    wide = numbers(Quantity("W_1", "W_1", np.arange(14.0).reshape(2, 7)))
    assert wide == "mean 6.5000, from 0.0000 to 13.0000"
    long = numbers(Quantity("x_1", "x_1", np.ones(41), saturated=0.25))
    assert long == "mean 1.0000, from 1.0000 to 1.0000, 25% saturated"


@given(st.lists(st.floats(-1e4, 1e4), min_size=7, max_size=10), st.integers(SHORT_LINE, 120))
def test_ten_numbers_fit_one_line_and_say_as_much_as_fits(values: list[float], room: int) -> None:
    line = numbers(Quantity("z_1", "z_1", np.array(values)), room)
    assert "\n" not in line
    assert len(line) <= room
    for value, text in zip(values, line.split(), strict=True):
        if text == "≈0":
            assert abs(value) < 0.01
            continue
        assert (float(text) == 0) == (value == 0)
        decimals = len(text.partition(".")[2])
        exact = decimals == 0 or "e" in text
        assert float(text) == pytest.approx(
            value, rel=0.5 if exact else 0, abs=0.501 / 10**decimals
        )


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0.000"), (-0.0, "0.000"), (1.0, "1.000"), (0.12345, "0.123"), (-0.12345, "-.123"),
     (-12.345, "-12.3"), (0.00012, "1e-4"), (-0.00012, "-1e-4"), (1e-12, "1e-12"),
     (-1e-12, "≈0"), (12345.6, "12346"), (123456.0, "1e5"), (-1e200, None), (np.nan, "nan")],
)  # fmt: skip
def test_short_numbers(value: float, text: str | None) -> None:
    assert short_number(value, SHORT) == text


def test_numbers_that_cannot_be_shortened_take_several_lines() -> None:
    lines = numbers(Quantity("z_1", "z_1", np.full(10, -1e200)), SHORT_LINE).splitlines()
    assert [len(line.split()) for line in lines] == [6, 4]


def test_saved_arrays_are_read_without_pickles(tmp_path: Path) -> None:
    network = network_of([3, 4, 2], ["sigmoid", "sigmoid"], "squared_error")
    x, y = batch_for(network, 1)
    quantities = trace(network, x[0], y[0], 0.5)
    save(tmp_path / "row.npz", quantities, 0.5)
    with np.load(tmp_path / "row.npz", allow_pickle=False) as saved:
        assert set(saved) == {quantity.name for quantity in quantities} | {"alpha"}
        assert saved["alpha"] == 0.5
        for quantity in quantities:
            np.testing.assert_array_equal(saved[quantity.name], quantity.value)
