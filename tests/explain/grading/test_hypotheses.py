"""Mistakes that hide each other are told apart by several networks and batch sizes."""

from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntrain.explain.grading.compare import same_numbers
from nntrain.explain.grading.hypotheses import explanations
from nntrain.explain.grading.mistakes import IN_BACKPROP, answer_with
from nntrain.explain.grading.problems import MISTAKE_PROBLEMS
from tests.support.grading import grade, verdicts
from tests.support.students import modified
from tests.support.variants import slow

pytestmark = pytest.mark.usefixtures("within_this_process")

SIGN = ("xs[-1] - y", "y - xs[-1]")
NO_MEAN = (" / B", "")
NO_SUM = ("delta.sum(axis=1, keepdims=True)", "delta")
NO_TRANSPOSE = ("weights[i].T @ delta", "weights[i] @ delta")
NO_SLOPE = (" @ delta * sigmoid_prime(zs[i - 1])", " @ delta")
PRIME = ("sigmoid(z) * (1 - sigmoid(z))", "z * (1 - z)")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        *slow(
            ([SIGN, NO_SUM], ["δ_L has the wrong sign", "∂E/∂b_i is not summed over the samples"]),
            ([SIGN, NO_MEAN], ["the gradient is the sum over the batch", "δ_L has the wrong sign"]),
            ([SIGN, NO_MEAN, NO_TRANSPOSE],
             ["the sum over the batch", "wrong sign", "δ_i lacks the"]),
        ),
        ([SIGN, (" / B", " / B**2")], ["δ_L has the wrong sign", "is divided by B twice"]),
        ([SIGN, NO_SUM, NO_SLOPE], ["wrong sign", "δ_i lacks ⊙ σ′", "∂E/∂b_i is not summed"]),
    ],
)  # fmt: skip
def test_mistakes_at_once_are_all_named(
    tmp_path: Path, changes: list[tuple[str, str]], expected: list[str]
) -> None:
    reasons = grade(tmp_path, modified("board", *changes)).findings[-1].reasons
    for reason, message in zip(reasons, expected, strict=False):
        assert message in reason
    assert not any("times as large" in reason for reason in reasons)


@pytest.mark.parametrize(
    ("factor", "expected"),
    [("-3 / B", "all of it is -3 / B times"), ("(B + 1)", ""),
     *slow(("-1.5", "all of it is -1.5 times"), ("2.5 * B", "all of it is 2.5 B times"),
           ("len(x)", ""))],
)  # fmt: skip
def test_a_factor_is_stated_only_if_it_holds_for_every_batch(
    tmp_path: Path, factor: str, expected: str
) -> None:
    text = modified(
        "board", ("return dW, db", f"return [[{factor} * d for d in g] for g in (dW, db)]")
    )
    reasons = grade(tmp_path, text).findings[-1].reasons
    assert ("times as large" in reasons[0]) == bool(expected)
    assert reasons[0].startswith(expected)


def test_two_mistakes_that_cancel_are_said_to(tmp_path: Path) -> None:
    changes = [PRIME, ("sigmoid_prime(zs[", "sigmoid_prime(xs[1:][")]
    report = grade(tmp_path, modified("board", *changes))
    assert verdicts(report)["sigmoid_prime"] == "wrong"
    assert report.findings[-1].verdict == "right"
    assert "though sigmoid_prime is wrong" in report.findings[-1].reasons[0]


def test_mistakes_in_backprop_are_named_beside_a_wrong_helper(tmp_path: Path) -> None:
    report = grade(tmp_path, modified("board", PRIME, SIGN, NO_MEAN))
    reasons = report.findings[-1].reasons
    assert [reason[:24] for reason in reasons[:2]] == [
        "the gradient is the sum ",
        "δ_L has the wrong sign: ",
    ]
    assert reasons[2] == "sigmoid_prime, which it uses, makes it wrong"


def test_every_pair_is_among_its_explanations() -> None:
    """The search finds what the plain formulas with two mistakes give, for a sample of pairs."""
    pairs = [p for p in combinations(IN_BACKPROP, 2) if p[0].replaces != p[1].replaces]
    for index in np.random.default_rng(0).choice(len(pairs), 20, replace=False):
        pair = pairs[index]
        values = [(case, answer_with("backprop", case, pair)) for case in MISTAKE_PROBLEMS]
        cases = [(case, arrays(value)) for case, value in values if value is not None]
        found = explanations("backprop", cases, 2)
        assert pair in found or len(found[0]) <= 2
        assert all(
            same_numbers(value, arrays(answer_with("backprop", case, found[0])))
            for case, value in cases
        )


def arrays(value: Any) -> Any:
    """Numbers as arrays, as they come from the student's process."""
    return [arrays(item) for item in value] if isinstance(value, list) else np.asarray(value)


def test_mistakes_that_cannot_be_told_apart_are_said_to_be(tmp_path: Path) -> None:
    """Where a gradient is divided by B twice, both its parts may be, or both at once."""
    changes = [("delta @ xs[i].T / B", "delta @ xs[i].T / B / B"), NO_SUM]
    reasons = grade(tmp_path, modified("board", *changes)).findings[-1].reasons
    assert reasons[0] == "∂E/∂W_i is divided by B twice"
    assert reasons[1] == "∂E/∂b_i is not summed over the samples (axis=1)"
    assert reasons[2].startswith("the same numbers would come from")
    assert "the gradient is divided by B twice" in reasons[2]
