"""Verdicts of `nntrain grade`: a table for one file, lines or a CSV row for each of several."""

import csv
import io
from typing import TYPE_CHECKING, Any, NamedTuple

from nntrain.cli.terminal import console, echo, table
from nntrain.errors import NNTrainError
from nntrain.text.colours import marked

if TYPE_CHECKING:
    from pathlib import Path

    from nntrain.explain.grading import Report

FUNCTIONS = ("sigmoid", "sigmoid_prime", "forward", "backprop")
COLUMNS = ("file", "verdict", *FUNCTIONS, "mistakes")


class Graded(NamedTuple):
    """A file, and the report on it or the reason why there is none."""

    file: "Path"
    report: "Report | NNTrainError"

    @property
    def verdict(self) -> str:
        """One of "right", "wrong", "incomplete" and "error"."""
        if isinstance(self.report, NNTrainError):
            return "error"
        if self.report.is_right:
            return "right"
        verdicts = {finding.verdict for finding in self.report.findings}
        return "wrong" if verdicts <= {"right", "wrong"} else "incomplete"

    def as_dict(self) -> dict[str, Any]:
        """The report or the error as JSON types."""
        if isinstance(self.report, NNTrainError):
            return {"file": str(self.file), "error": str(self.report), "right": False}
        return self.report.as_dict()

    def mistakes(self) -> list[str]:
        """What is to be corrected, each with its function.

        The last of several reasons is the first difference, which the others explain.
        """
        if isinstance(self.report, NNTrainError):
            return [str(self.report)]
        found = [
            f"{finding.function}: {reason}"
            for finding in self.report.findings
            if finding.verdict != "right"
            for reason in finding.reasons[:-1] or finding.reasons or [finding.verdict]
        ]
        adapter = self.report.adapter
        unjudged = [f"{name}: not judged" for name in (adapter.unjudged if adapter else ())]
        return [*found, *unjudged, *imports(self.report), *self.report.loops]


def imports(report: "Report") -> list[str]:
    """The message on forbidden imports, if there are any."""
    names = ", ".join(report.imports)
    return [f"imports {names}; only NumPy, pandas and the standard library"] if names else []


def print_report(report: "Report") -> None:
    """Print the verdict on one file as a table."""
    out = console()
    rows = table("function", "verdict", "why")
    for finding in report.findings:
        rows.add_row(finding.function, marked(finding.verdict, out), "\n".join(finding.reasons))
    for label, issues in (("imports", imports(report)), ("loops", report.loops)):
        rows.add_row(label, marked("wrong" if issues else "right", out), "\n".join(issues))
    if report.speed is not None:
        rows.add_row("speed", "", _compared(report.speed.student, report.speed.ours))
    out.print(rows)
    for note in report.notes:
        out.print(note)
    if report.adapter is not None and report.adapter.text:
        name = report.adapter.name
        out.print(
            f"{name}: graded through these lines, which may stand at its file's end"
            if report.adapter.complete
            else f"{name}: add these lines to the file, with what belongs where '...' stands"
        )
        echo(f"\n{report.adapter.text}", keep="\n")
    out.print(marked("right" if report.is_right else "wrong", out, report.conclusion()))


def print_short(files: list[Graded]) -> None:
    """Print what is wrong with each of several files."""
    from rich.padding import Padding

    out = console()
    for graded in files:
        out.print(marked(graded.verdict, out, f"{graded.file}: {graded.verdict}"))
        for mistake in graded.mistakes():
            out.print(Padding(mistake, (0, 0, 0, 4), expand=False))
    right = sum(graded.verdict == "right" for graded in files)
    out.print(f"{right} of {len(files)} files {'is' if right == 1 else 'are'} right")


def csv_text(files: list[Graded]) -> str:
    """A header and one row per file."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for graded in files:
        findings = getattr(graded.report, "findings", [])
        verdicts = {finding.function: finding.verdict for finding in findings}
        cells = [verdicts.get(function, "") for function in FUNCTIONS]
        writer.writerow([graded.file, graded.verdict, *cells, "; ".join(graded.mistakes())])
    return text.getvalue()


def _compared(student: float, ours: float) -> str:
    return (
        f"{1000 * student:,.2f} ms, ours {1000 * ours:,.2f} ms: "
        f"{student / ours:,.1f} times as long (784-100-10, batch of 128, one thread)"
    )
