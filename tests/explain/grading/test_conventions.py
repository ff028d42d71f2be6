"""Samples as rows are recognized, and graded like samples as columns."""

import re
from pathlib import Path

import pytest

from tests.support.grading import grade, verdicts

HELPERS = """import numpy as np
def sigmoid(z): return 1 / (1 + np.exp(-z))
def sigmoid_prime(z): return sigmoid(z) * (1 - sigmoid(z))
"""
PASSES = """
def forward(weights, biases, X):
    zs, activations = [], [X]
    for W, b in zip(weights, biases):
        zs.append(activations[-1] @ W + b)
        activations.append(sigmoid(zs[-1]))
    return zs, activations
def backprop(weights, biases, X, Y):
    zs, activations = forward(weights, biases, X)
    grads_W, grads_b = [], []
    delta = (activations[-1] - Y) * sigmoid_prime(zs[-1]) / len(X)
    for i in reversed(range(len(weights))):
        grads_W.insert(0, activations[i].T @ delta)
        grads_b.insert(0, delta.sum(axis=0, keepdims=True))
        if i:
            delta = delta @ weights[i].T * sigmoid_prime(zs[i - 1])
    return grads_W, grads_b
"""
ROWS = HELPERS + PASSES
LIKE_THE_LECTURE = (
    ROWS.replace("@ W + b", "@ W.T + b")
    .replace("activations[i].T @ delta", "delta.T @ activations[i]")
    .replace("delta @ weights[i].T", "delta @ weights[i]")
)
pytestmark = pytest.mark.usefixtures("within_this_process")


@pytest.mark.parametrize("text", [ROWS, LIKE_THE_LECTURE])
@pytest.mark.parametrize("biases", ["axis=0, keepdims=True", "axis=0"])
def test_rows_are_right_and_said_to_be_rows(tmp_path: Path, text: str, biases: str) -> None:
    report = grade(tmp_path, text.replace("axis=0, keepdims=True", biases))
    assert report.is_right
    assert [finding.reasons for finding in report.findings[2:]] == [["with samples as rows"]] * 2
    shape = "(n_in, n_out)" if text is ROWS else "(n_out, n_in)"
    assert f"samples as rows, W of shape {shape}" in report.notes[0]


@pytest.mark.parametrize("text", [ROWS, LIKE_THE_LECTURE])
@pytest.mark.parametrize(
    ("old", "new", "mistake"),
    [
        ("activations[-1] - Y", "Y - activations[-1]", "δ_L has the wrong sign"),
        (" / len(X)", "", "the gradient is the sum over the batch"),
        ("delta.sum(axis=0, keepdims=True)", "delta", r"not summed over the samples \(axis=0\)"),
        (" / len(X)", " / X.shape[1]", r"n_0 = x.shape\[1\] where B = len\(x\) belongs"),
        ("delta.sum(axis=0,", "delta.sum(axis=1,", "summed over the wrong axis"),
    ],
)
def test_the_mistake_is_named_in_rows(
    tmp_path: Path, text: str, old: str, new: str, mistake: str
) -> None:
    report = grade(tmp_path, text.replace(old, new))
    (finding,) = (finding for finding in report.findings if finding.verdict == "wrong")
    assert re.search(mistake, finding.reasons[0])
    assert report.notes[1].startswith("formulas and shapes are the lecture's")


def test_a_forgotten_bias_does_not_hide_the_rows(tmp_path: Path) -> None:
    report = grade(tmp_path, ROWS.replace("@ W + b", "@ W"))
    assert verdicts(report)["forward"] == "wrong"
    assert report.findings[2].reasons[0] == "z_i lacks the bias b_i"


def test_a_file_that_fits_no_shapes_is_read_as_columns(tmp_path: Path) -> None:
    report = grade(tmp_path, ROWS.replace("W + b", "W.T @ W + b").replace("range(", "renge("))
    assert report.notes == []
