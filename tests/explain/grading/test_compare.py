"""The first quantity that differs is reported."""

# ruff: noqa: E501  # a changed line and its message are one line

from pathlib import Path

import pytest

from tests.support.grading import grade, only_reason
from tests.support.students import BOARD, modified
from tests.support.variants import slow


@pytest.mark.usefixtures("within_this_process")
@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([("delta @ xs[i].T / B", "delta @ xs[i].T / (B + i)")], "∂E/∂W_2 differs by up to "),
        ([("xs[i].T / B", "xs[i].T[:, :-1] / B")], "∂E/∂W_1 has shape (2, 2) where (2, 3) belongs"),
        ([("return dW, db", "return dW, db[:-1]")], "its lists hold 1 and 0 arrays where 1 and 1 belong"),
        ([("return dW, db", "return dW, [b * np.nan for b in db]")], "∂E/∂b_1 holds nan"),
        *slow(
            ([("weights[i].T @ delta *", "2 * delta.sum() *")], "δ_1 is the first to be wrong: ∂E/∂W_1 "),
            ([("delta.sum(axis=1, keepdims=True) / B", "biases[i]")], "∂E/∂b_1 differs by up to "),
            ([("(xs[-1] - y)", "(xs[-1] - 3 * y)")], "δ_1 is the first to be wrong: ∂E/∂W_1 differs"),
            ([("return dW, db", "return dW, None")], "it returns a list of 1 and nothing (None) where two lists belong"),
            ([("return dW, db", "return np.array(dW), np.array(db)")], "it returns an array of shape (1, 2, 3) and an array of shape (1, 2, 1) where two lists"),
            ([("return dW, db", "return dW, [None] * len(db)")], "∂E/∂b_1 is nothing (None) where an array"),
        ),
    ],
)  # fmt: skip
def test_the_first_quantity_that_differs_is_reported(
    tmp_path: Path, changes: list[tuple[str, str]], expected: str
) -> None:
    assert expected in only_reason(grade(tmp_path, modified("board", *changes)), "backprop")


@pytest.mark.usefixtures("within_this_process")
def test_forward_is_compared_from_the_first_layer_on(tmp_path: Path) -> None:
    text = BOARD.replace("    return zs, xs\n", "    zs[-1] = 3 * zs[-1]\n    return zs, xs\n")
    finding = grade(tmp_path, text).findings[2]
    assert finding.reasons[0].startswith("z_1 differs by up to ")
    assert finding.reasons[0].endswith(", the first to be wrong; network 3-2, batch of 1")
