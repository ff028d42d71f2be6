import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from nntrain.report.answers import Answers


@st.composite
def answers(draw: st.DrawFn) -> Answers:
    rows, classes = draw(st.integers(1, 40)), draw(st.integers(2, 10))
    # Whole numbers give equal confidences, and some that lie on the edge of a bin.
    votes = draw(arrays.arrays(np.float64, (rows, classes), elements=st.integers(0, 15)))
    votes[:, 0] += votes.sum(axis=1) == 0
    labels = draw(arrays.arrays(np.uint8, rows, elements=st.integers(0, classes - 1)))
    return Answers(labels, votes / votes.sum(axis=1, keepdims=True))


@given(answers())
def test_the_calibration_error_is_that_of_the_paper(given: Answers) -> None:
    confidences, right = given.confidences, given.digits == given.labels
    total = 0.0
    for m in range(1, 16):  # I_m = ((m − 1)/M, m/M], equations 2, 3 and 5
        members = [
            i
            for i, p in enumerate(confidences)
            if np.linspace(0, 1, 16)[m - 1] < p <= np.linspace(0, 1, 16)[m]
        ]
        if members:
            accuracy = sum(right[i] for i in members) / len(members)
            confidence = sum(confidences[i] for i in members) / len(members)
            total += len(members) / len(given.labels) * abs(accuracy - confidence)
    assert given.calibration_error == pytest.approx(total, abs=1e-12)


@given(answers())
def test_every_answer_is_in_one_bin(given: Answers) -> None:
    bins = given.bins()
    assert sum(found.rows for found in bins) == len(given.labels)
    right = sum(found.rows * found.accuracy for found in bins)
    assert right == pytest.approx(given.accuracy * len(given.labels))
    assert all(found.low < found.confidence <= found.high + 1e-12 for found in bins)


@given(answers())
def test_wrong_and_right_answers_come_surest_first_and_are_all_there_are(given: Answers) -> None:
    for rows in (given.wrong(), given.right()):
        confidences = given.confidences[rows].tolist()
        assert confidences == sorted(confidences, reverse=True)
    assert sorted([*given.wrong(), *given.right()]) == list(range(len(given.labels)))
    assert all(given.digits[row] != given.labels[row] for row in given.wrong())


def test_who_is_right_as_often_as_sure_is_calibrated() -> None:
    shares = np.tile([0.75, 0.25], (4, 1))
    assert Answers(np.array([0, 0, 0, 1], np.uint8), shares).calibration_error == 0
    assert Answers(np.array([1, 1, 1, 1], np.uint8), shares).calibration_error == 0.75
