"""The smallest sets of known mistakes that lead to exactly the student's numbers.

For `forward` every set is tried. For `backprop` these are too many: the formulas of the gradients
are compared one by one, given the δ_i, and the δ_i are computed only if the last layer fits.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, product
from types import SimpleNamespace
from typing import Any, TypeAlias

import numpy as np

from nntrain.explain.grading.compare import TOLERANCE, same_numbers
from nntrain.explain.grading.mistakes import (
    LECTURE,
    MISTAKES,
    Elementwise,
    Mistake,
    ReferencePass,
    answer_with,
    answers_with_mistakes,
)
from nntrain.explain.grading.problems import Problem, sigmoid, sigmoid_prime

Chosen: TypeAlias = tuple[Mistake, ...]

OF_LAST_DELTA = ("σ", "z_i", "x_i", "σ′", "x_L − y", "2", "σ′_L")
OF_OTHER_DELTAS = ("Wᵀδ", "σ′_i", "δ_i")

# No mistake, or one, in each formula that is compared given δ_i.
OPTIONS: dict[str, list[Chosen]] = {
    key: [(), *((mistake,) for mistake in MISTAKES["backprop"] if mistake.replaces == key)]
    for key in ("backprop", "1/B", "∂E/∂W_i", "∂E/∂b_i")
}


def explanations(
    function: str,
    cases: Sequence[tuple[Problem, Any]],
    most: int,
    sigma: Elementwise = sigmoid,
    prime: Elementwise = sigmoid_prime,
) -> list[Chosen]:
    """The smallest sets of mistakes that explain all values, the likeliest first.

    Args:
        function: `"forward"` or `"backprop"`.
        cases: Problems, and what the student's function returned for each.
        most: Maximum number of mistakes in a set.
        sigma: σ, if the student's is wrong.
        prime: σ′, if the student's is wrong.
    """
    (case, value), *others = cases
    order = {mistake: number for number, mistake in enumerate(MISTAKES[function])}
    for number in range(most + 1):
        found = [
            chosen
            for chosen in _candidates(function, case, value, number, sigma, prime)
            if all(
                same_numbers(other_value, answer_with(function, other, chosen, sigma, prime))
                for other, other_value in others
            )
        ]
        if found:
            sorted_sets = [tuple(sorted(chosen, key=lambda m: order[m])) for chosen in found]
            return sorted(sorted_sets, key=lambda chosen: sum(order[m] for m in chosen))
    return []


def _candidates(
    function: str, case: Problem, value: Any, number: int, sigma: Elementwise, prime: Elementwise
) -> Iterator[Chosen]:
    """The sets of this size that give one value."""
    if function == "forward":
        for chosen, answer in answers_with_mistakes(function, case, number, sigma, prime):
            if len(chosen) == number and same_numbers(value, answer):
                yield chosen
        return
    for chosen in _sets([m for m in MISTAKES[function] if m.replaces in OF_LAST_DELTA], number):
        with np.errstate(all="ignore"):
            yield from _with_last_delta(case, value, number, chosen, sigma, prime)


def _sets(mistakes: Sequence[Mistake], most: int) -> Iterator[Chosen]:
    """The sets of at most so many mistakes, each in another formula.

    A mistake in σ′ everywhere, but with another one in δ_L, is one in δ_i and one in δ_L.
    """
    for number in range(most + 1):
        for chosen in combinations(mistakes, number):
            replaced = {mistake.replaces for mistake in chosen}
            if len(replaced) == number and not replaced >= {"σ′", "σ′_L"}:
                yield chosen


def _with_last_delta(
    case: Problem,
    value: Any,
    number: int,
    chosen: Chosen,
    sigma: Elementwise,
    prime: Elementwise,
) -> Iterator[Chosen]:
    formulas = LECTURE | {mistake.replaces: mistake.formula for mistake in chosen}
    reference = ReferencePass(case, formulas, sigma, prime)
    try:
        reference.forward()
        reference.compute_delta(reference.L)
    except ValueError:  # the shapes do not fit
        return
    rest = number - len(chosen)
    last = (reference.L,)
    if not any(True for _ in _gradients(reference, value, rest, last, exact=False)):
        return
    in_delta = [m for m in MISTAKES["backprop"] if m.replaces in OF_OTHER_DELTAS]
    for hidden in _sets(in_delta, rest):
        if {mistake.replaces for mistake in (*chosen, *hidden)} >= {"σ′", "σ′_i"}:
            continue
        reference.formulas = formulas | {mistake.replaces: mistake.formula for mistake in hidden}
        try:
            for i in range(reference.L - 1, 0, -1):
                reference.compute_delta(i)
        except ValueError:
            continue
        layers = tuple(range(reference.L, 0, -1))
        for others in _gradients(reference, value, rest - len(hidden), layers):
            yield (*chosen, *hidden, *others)


def _gradients(
    reference: ReferencePass, value: Any, rest: int, layers: tuple[int, ...], exact: bool = True
) -> Iterator[Chosen]:
    """The mistakes in the gradients' own formulas, given δ_i.

    Args:
        reference: A pass with its δ_i.
        value: What the student's function returned.
        rest: How many mistakes there are.
        layers: The layers to compare.
        exact: Whether it has to be this number; otherwise at most.
    """
    fits = _comparison(reference, layers)
    for returned, scaled in product(OPTIONS["backprop"], OPTIONS["1/B"]):
        left = rest - len(returned) - len(scaled)
        parts = _undone(reference, value, returned) if left >= 0 else None
        if parts is None:
            continue
        scale = (scaled[0].formula if scaled else LECTURE["1/B"])(reference, 0)
        quotients = [{i: _divided(part[i - 1], scale) for i in layers} for part in parts]
        for by_weights in OPTIONS["∂E/∂W_i"][: 1 if left < 1 else None]:
            if not fits(quotients[0], "∂E/∂W_i", by_weights):
                continue
            in_biases = left - len(by_weights)
            for by_biases in OPTIONS["∂E/∂b_i"][: 1 if in_biases < 1 else None]:
                if exact and in_biases != len(by_biases):
                    continue
                if fits(quotients[1], "∂E/∂b_i", by_biases):
                    yield (*scaled, *by_weights, *by_biases, *returned)


def _undone(reference: ReferencePass, value: Any, returned: Chosen) -> list[Any] | None:
    """The gradients by weights and by biases in a value; None if there are none.

    Each wrong order or step is its own inverse.
    """
    if not isinstance(value, list) or not all(isinstance(part, list) for part in value):
        return None
    parts: list[Any] = value
    if returned:
        if len({*map(len, value)}) > 1 or (len(value) != 2 and {*map(len, value)} != {2}):
            return None
        if len(value) != 2:  # layer by layer
            value = [list(part) for part in zip(*value, strict=True)]
            parts = value
            if "layer by layer" not in returned[0].message:
                return None
        else:
            pair = SimpleNamespace(
                by_weights=value[0], by_biases=value[1], W=reference.W, b=reference.b
            )
            inverse: Any = returned[0].formula
            try:
                parts = inverse(pair, 0)
            except (ValueError, TypeError):
                return None
    return parts if [*map(len, parts)] == [reference.L] * 2 else None


def _comparison(
    reference: ReferencePass, layers: tuple[int, ...]
) -> Callable[[dict[int, Any], str, Chosen], bool]:
    """A function that compares gradients, before the division by B, with one formula's."""
    known: dict[tuple[str, Chosen, int], Any] = {}

    def value(key: str, chosen: Chosen, i: int) -> Any:
        if (key, chosen, i) not in known:
            formula = chosen[0].formula if chosen else LECTURE[key]
            try:
                known[key, chosen, i] = formula(reference, i)
            except ValueError:  # the shapes do not fit
                known[key, chosen, i] = None
        return known[key, chosen, i]

    def fits(gradients: dict[int, Any], key: str, chosen: Chosen) -> bool:
        return all(_same(gradients[i], value(key, chosen, i)) for i in layers)

    return fits


def _divided(gradient: Any, scale: float) -> Any:
    return np.asarray(gradient / scale) if isinstance(gradient, np.ndarray) else gradient


def _same(value: Any, other: Any) -> bool:
    """`same_numbers`, but faster for arrays whose first numbers differ."""
    if other is None or not isinstance(value, np.ndarray) or value.size != np.size(other):
        return False
    if value.size and not abs(value.flat[0] - np.asarray(other).flat[0]) <= TOLERANCE:
        return False
    return same_numbers(value, other)
