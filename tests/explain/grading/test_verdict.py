"""The verdict on each function and on the file."""

from pathlib import Path

import pytest

from nntrain.explain.grading import starter_text
from tests.support.grading import BODY_LINE, grade, only_reason, verdicts, with_backprop
from tests.support.students import BOARD, BOOK, RIGHT, modified


@pytest.mark.parametrize("style", RIGHT)
def test_a_right_file_is_right_in_any_style(tmp_path: Path, style: str) -> None:
    report = grade(tmp_path, RIGHT[style])
    assert report.is_right
    assert report.conclusion().endswith("mine.py: all right")
    assert report.speed is not None
    assert 0.01 < report.speed.student / report.speed.ours < 1000


@pytest.mark.usefixtures("within_this_process")
def test_an_overflow_that_does_no_harm_is_a_remark(tmp_path: Path) -> None:
    findings = grade(tmp_path, BOOK).findings
    assert findings[0].reasons == [
        "warns for z = ±1000, though its answer is right: overflow encountered in exp"
    ]
    assert grade(tmp_path, RIGHT["recursive"]).findings[0].reasons == []


def test_the_starter_is_not_written_yet_rather_than_wrong(tmp_path: Path) -> None:
    report = grade(tmp_path, starter_text())
    assert set(verdicts(report).values()) == {"not written yet"}
    assert not report.is_right


@pytest.mark.usefixtures("within_this_process")
def test_a_function_that_needs_an_unwritten_one_is_not_written_yet(tmp_path: Path) -> None:
    body = "return sigmoid(z) * (1 - sigmoid(z))"
    report = grade(tmp_path, modified("board", (body, "raise NotImplementedError('later')")))
    assert verdicts(report) == {
        "sigmoid": "right",
        "sigmoid_prime": "not written yet",
        "forward": "right",
        "backprop": "not written yet",
    }
    assert report.findings[-1].reasons == ["it needs sigmoid_prime"]


@pytest.mark.usefixtures("within_this_process")
def test_a_missing_function_is_missing(tmp_path: Path) -> None:
    report = grade(tmp_path, BOARD.replace("def forward", "def forwards"))
    assert verdicts(report)["forward"] == "missing"
    assert report.findings[2].reasons == ["'forwards' is another name"]


@pytest.mark.usefixtures("within_this_process")
def test_a_failure_is_reported_once_and_not_for_its_callers(tmp_path: Path) -> None:
    report = grade(tmp_path, modified("board", ("np.exp(-z)", "float('x')")))
    assert report.findings[0].reasons[0].startswith("line ")
    for finding in report.findings[1:]:
        assert finding.reasons == ["it needs sigmoid, which fails"]


@pytest.mark.usefixtures("within_this_process")
def test_a_call_with_wrong_arguments_is_its_own_fault(tmp_path: Path) -> None:
    call = "zs, xs = forward(weights, biases, x)"
    report = grade(tmp_path, modified("board", (call, call.replace("biases, x", "x, biases"))))
    assert "in forward: " in only_reason(report, "backprop")


@pytest.mark.usefixtures("within_this_process")
def test_a_mistake_in_forward_is_marked_as_such_in_backprop(tmp_path: Path) -> None:
    report = grade(tmp_path, modified("board", ("W @ xs[-1] + b", "W @ xs[-1]")))
    assert report.findings[2].reasons[0] == "z_i lacks the bias b_i"
    assert report.findings[3].reasons[0] == "as in forward: z_i lacks the bias b_i"


@pytest.mark.usefixtures("within_this_process")
def test_backprop_is_not_blamed_for_sigmoid_prime(tmp_path: Path) -> None:
    slope = "0.25 / np.cosh(z / 2)"
    report = grade(tmp_path, modified("board", ("sigmoid(z) * (1 - sigmoid(z))", slope)))
    assert report.findings[-1].reasons[0] == (
        "its own formulas are right: sigmoid_prime, which it uses, makes it wrong"
    )


@pytest.mark.usefixtures("within_this_process")
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("return 1 / 0", "ZeroDivisionError: division by zero for a network 3-2, batch of 1"),
        ("return unknown", "NameError: name 'unknown' is not defined for"),
        ("raise SystemExit(0)", "ends the program (SystemExit) where it should return for"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt for"),
        ("return backprop(weights, biases, x, y)", "RecursionError: maximum recursion depth"),
    ],
)
def test_an_exception_is_reported_with_its_line(tmp_path: Path, body: str, expected: str) -> None:
    reason = only_reason(grade(tmp_path, with_backprop(body)), "backprop")
    assert reason.startswith(f"line {BODY_LINE}, in backprop: {expected}")


def test_a_forbidden_import_is_wrong_even_if_all_functions_are_right(
    tmp_path: Path,
) -> None:
    report = grade(tmp_path, f"import click\n{BOARD}")
    assert set(verdicts(report).values()) == {"right"}
    assert not report.is_right
    assert report.conclusion().endswith(
        "4 of 4 functions are right, but it imports what it may not"
    )
