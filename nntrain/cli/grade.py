"""nntrain grade: a verdict on a student's own backpropagation."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nntrain.cli.options import NonNegativeFloat, PositiveInt
from nntrain.cli.terminal import echo
from nntrain.errors import NNTrainError

if TYPE_CHECKING:
    from nntrain.explain.grading import Report


@click.command(epilog="Example: nntrain grade --starter mine.py && nntrain grade mine.py")
@click.argument("file", metavar="FILE.py", required=False, type=click.Path(path_type=Path))
@click.option("--starter", is_flag=True, help="Print the file to begin with, or write it as FILE.")
@click.option(
    "--seconds",
    type=NonNegativeFloat(0.1, 3600),
    default=10,
    show_default=True,
    help="The longest that one call of a function may take.",
)
@click.option(
    "--memory",
    type=PositiveInt(256, 1 << 20),
    default=1024,
    show_default=True,
    help="The most memory that it may have, in MB.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def grade(file: Path | None, starter: bool, seconds: float, memory: int, as_json: bool) -> None:
    """Hold the functions of FILE.py against our own backpropagation.

    FILE.py holds sigmoid, sigmoid_prime, forward and backprop, as the starter describes them. It is
    run in a process of its own, with limits against accidents: it is no place for files that you
    do not trust. Exit status 0 if all is right, 1 if something is to be mended.
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
    echo(f"{file}: written; grade it with 'nntrain grade {file}'")


def _print(report: "Report") -> None:
    from nntrain.cli.terminal import console, table

    made = table("function", "verdict", "why")
    for finding in report.findings:
        made.add_row(finding.function, finding.verdict, "\n".join(finding.reasons))
    imports = f"imports {', '.join(report.imports)}; only NumPy, pandas and the standard library"
    made.add_row(
        "imports", "wrong" if report.imports else "right", imports if report.imports else ""
    )
    made.add_row("loops", "wrong" if report.loops else "right", "\n".join(report.loops))
    if report.speed is not None:
        made.add_row("speed", "", _compared(report.speed.student, report.speed.ours))
    console().print(made)
    for note in report.notes:
        echo(note)
    echo(report.conclusion())


def _compared(student: float, ours: float) -> str:
    return (
        f"{1000 * student:,.2f} ms, ours {1000 * ours:,.2f} ms: "
        f"{student / ours:,.1f} times as long (784-100-10, batch of 128, one thread)"
    )
