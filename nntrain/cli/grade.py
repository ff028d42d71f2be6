"""nntrain grade: check a student's own backpropagation."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nntrain.cli.options import BoundedFloat, BoundedInt, ExpandedPath
from nntrain.cli.terminal import echo
from nntrain.errors import NNTrainError
from nntrain.shell import command_line

if TYPE_CHECKING:
    from nntrain.explain.grading import Report


@click.command(epilog="Example: nntrain grade --starter mine.py && nntrain grade mine.py")
@click.argument("file", metavar="FILE.py", required=False, type=ExpandedPath(path_type=Path))
@click.option("--starter", is_flag=True, help="Print a template, or write it to FILE.py.")
@click.option(
    "--seconds",
    type=BoundedFloat(0.1, 3600),
    default=10,
    show_default=True,
    help="Time limit per call of a function, in seconds.",
)
@click.option(
    "--memory",
    type=BoundedInt(256, 1 << 20),
    default=1024,
    show_default=True,
    help="Memory limit, in MB.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def grade(file: Path | None, starter: bool, seconds: float, memory: int, as_json: bool) -> None:
    """Compare the functions of FILE.py with nntrain's backpropagation.

    FILE.py contains sigmoid, sigmoid_prime, forward and backprop, as --starter describes them. It
    runs in a process of its own, whose limits guard against accidents: do not grade files that you
    do not trust. Exit status 0: all is right; 1: something is wrong.
    """
    from nntrain.explain import grading

    if starter:
        _write_starter(file)
        return
    if file is None:
        raise click.UsageError("missing argument 'FILE.py'")
    report = grading.grade(grading.read_source(file), seconds, memory << 20)
    if as_json:
        echo(json.dumps(report.as_dict(), indent=2), keep="\n")
    else:
        _print(report)
    if not report.is_right:
        raise click.exceptions.Exit(1)


def _write_starter(file: Path | None) -> None:
    from nntrain.explain.grading import starter_text
    from nntrain.files import atomic_write

    if file is None:
        echo(starter_text(), keep="\n", end="")
        return
    if file.exists():
        raise NNTrainError(f"{file}: exists already; name another file")
    with atomic_write(file, "w") as output:
        output.write(starter_text())
    echo(f"{file}: written; grade it with: {command_line('nntrain', 'grade', file)}")


def _print(report: "Report") -> None:
    from nntrain.cli.terminal import console, table

    rows = table("function", "verdict", "why")
    for finding in report.findings:
        rows.add_row(finding.function, finding.verdict, "\n".join(finding.reasons))
    names = ", ".join(report.imports)
    imports = [f"imports {names}; only NumPy, pandas and the standard library"] if names else []
    for label, issues in (("imports", imports), ("loops", report.loops)):
        rows.add_row(label, "wrong" if issues else "right", "\n".join(issues))
    if report.speed is not None:
        rows.add_row("speed", "", _compared(report.speed.student, report.speed.ours))
    console().print(rows)
    for note in report.notes:
        echo(note)
    if report.adapter is not None and report.adapter.text:
        complete = report.adapter.complete
        echo(
            f"class {report.adapter.name}: graded through these lines"
            if complete
            else "add these lines to the file, filled in:"
        )
        echo(f"\n{report.adapter.text}", keep="\n")
    echo(report.conclusion())


def _compared(student: float, ours: float) -> str:
    return (
        f"{1000 * student:,.2f} ms, ours {1000 * ours:,.2f} ms: "
        f"{student / ours:,.1f} times as long (784-100-10, batch of 128, one thread)"
    )
