"""Grades the text of a file, for tests of the grader."""

from pathlib import Path

from nntrain.explain import grading
from nntrain.explain.grading import Report, read_source
from tests.support.students import BOARD

MEMORY = 1 << 30


def grade(folder: Path, text: str, seconds: float = 10, memory: int = MEMORY) -> Report:
    path = folder / "mine.py"
    path.write_text(text, "utf-8")
    return grading.grade(read_source(path), seconds, memory)


def verdicts(report: Report) -> dict[str, str]:
    return {finding.function: finding.verdict for finding in report.findings}


def only_reason(report: Report, function: str) -> str:
    """The one reason why one function is wrong, while all others are right."""
    reasons = {
        finding.function: finding.reasons
        for finding in report.findings
        if finding.verdict != "right"
    }
    assert list(reasons) == [function]
    (reason,) = reasons[function]
    return reason


def with_backprop(body: str) -> str:
    """A right file, but for a backprop of this body."""
    start = BOARD.index("    zs, xs = forward(weights, biases, x)\n    B =")
    return f"{BOARD[:start]}    {body}\n"


BODY_LINE = with_backprop("pass").count("\n")
