"""Differences between a student's arrays and the right ones, in words."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from nntrain.explain.grading.problems import Array
from nntrain.explain.grading.sandbox import OtherType

TOLERANCE = 1e-9  # of numbers near 1 or below, all in float64
ROUNDING = 1e-4  # the error that float32 or numerical differences may add to a right gradient


def first_difference(function: str, value: Any, right: Any) -> str | None:
    """The first difference, in the order of computation; None if there is none.

    Args:
        function: `"forward"` or `"backprop"`.
        value: What the student's function returned.
        right: Two lists of arrays, as the function should return them.
    """
    if not isinstance(value, list) or len(value) != 2:
        return f"it returns {_description(value)} where two lists belong"
    if not all(isinstance(part, list) for part in value):
        return f"it returns {' and '.join(map(_description, value))} where two lists belong"
    lengths, right_lengths = [len(part) for part in value], [len(part) for part in right]
    if lengths != right_lengths:
        return (
            f"its lists hold {lengths[0]} and {lengths[1]} arrays where {right_lengths[0]} and "
            f"{right_lengths[1]} belong"
        )
    if function == "forward":
        return _first_in_forward(value, right)
    return _first_in_backprop(value, right)


def _first_in_forward(value: Any, right: Any) -> str | None:
    (zs, xs), (right_zs, right_xs) = value, right
    steps = [("x_0", xs[0], right_xs[0])]
    for i in range(len(right_zs)):
        steps.append((f"z_{i + 1}", zs[i], right_zs[i]))
        steps.append((f"x_{i + 1}", xs[i + 1], right_xs[i + 1]))
    for step in steps:
        found = difference(*step)
        if found is not None:
            return f"{found}, the first to be wrong"
    return None


def _first_in_backprop(value: Any, right: Any) -> str | None:
    for i in reversed(range(len(right[0]))):
        both = [
            difference(f"{name}_{i + 1}", gradients[i], right_gradients[i])
            for name, gradients, right_gradients in zip(
                ("∂E/∂W", "∂E/∂b"), value, right, strict=True
            )
        ]
        found = [text for text in both if text is not None]
        if len(found) == 2:
            return f"δ_{i + 1} is the first to be wrong: {', '.join(found)}"
        if found:
            return f"{found[0]}, the first to be wrong, while δ_{i + 1} is right"
    return None


def difference(symbol: str, value: Any, right: Array) -> str | None:
    """How a value differs from the right array; None if it does not."""
    if not isinstance(value, np.ndarray):
        return f"{symbol} is {_description(value)} where an array belongs"
    if value.shape != right.shape:
        return f"{symbol} has shape {value.shape} where {right.shape} belongs"
    distances = np.abs(value.astype(np.float64) - right)
    if np.isnan(distances).any():
        return f"{symbol} holds nan"
    if (distances <= TOLERANCE).all():
        return None
    if not value.any():
        return f"{symbol} is 0 throughout"
    return f"{symbol} differs by up to {distances.max():.2g}"


def _description(value: Any) -> str:
    if isinstance(value, OtherType):
        return "nothing (None)" if value.type == "NoneType" else f"a {value.type}"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    return f"an array of shape {value.shape}"


def same_numbers(value: Any, other: Any, tolerance: float = TOLERANCE) -> bool:
    """Whether two values hold the same numbers in the same lists; shapes may differ by ones."""
    if isinstance(value, list) or isinstance(other, list):
        return (
            isinstance(value, list)
            and isinstance(other, list)
            and len(value) == len(other)
            and all(same_numbers(*pair, tolerance) for pair in zip(value, other, strict=True))
        )
    if not isinstance(value, np.ndarray) or value.size != np.size(other):
        return False
    with np.errstate(invalid="ignore"):  # ∞ − ∞ is not the same
        distances = np.abs(value.ravel().astype(np.float64) - np.ravel(other))
    return bool((distances <= tolerance).all())


def rounded(value: Any, right: Any) -> list[str]:
    """The remark that a value is right up to rounding, if it is."""
    if not same_numbers(value, right, ROUNDING):
        return []
    if any(array.dtype in (np.float32, np.float16) for array in _arrays(value)):
        return ["computed in single precision (float32), though what is given is float64"]
    return ["almost right, as numerical differences or single precision (float32) make it"]


def scaled(cases: Iterable[tuple[int, Any, Any]]) -> list[str]:
    """The remark that all numbers are off by one factor, such as a learning rate, if they are.

    Args:
        cases: Batch size B, value and right value of several problems; a factor is stated only if
            it is that of all of them, as a constant, times B or divided by B.
    """
    factors = []
    for batch_size, value, right in cases:
        factor = _factor(value, right)
        if factor is None:
            return []
        factors.append((batch_size, factor))
    for text, power in (("", 0), (" B", 1), (" / B", -1)):
        constants = np.array([factor * float(size) ** -power for size, factor in factors])
        if (np.ptp(constants) <= TOLERANCE * np.abs(constants)).all():
            constant = constants[0]
            if not power and abs(constant - 1) <= TOLERANCE:
                return []
            number = f"{constant:.4g}{text}"
            return [f"all of it is {number} times as large as it should be"]
    return []


def _factor(value: Any, right: Any) -> float | None:
    """The factor between the numbers; None if there is none, or they are 0."""
    numbers, right_numbers = (
        np.concatenate([array.ravel() for array in _arrays(arrays)] or [np.empty(0)])
        for arrays in (value, right)
    )
    if numbers.shape != right_numbers.shape or not np.isfinite(numbers).all():
        return None
    factor = float(numbers @ right_numbers / (right_numbers @ right_numbers))
    if not factor or not same_numbers(numbers, factor * right_numbers):
        return None
    return factor


def _arrays(value: Any) -> Iterable[np.ndarray[Any, Any]]:
    if isinstance(value, list):
        for item in value:
            yield from _arrays(item)
    elif isinstance(value, np.ndarray):
        yield value
