"""nntrain grade: check a student's own backpropagation."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nntrain.cli.options import BoundedFloat, BoundedInt, ExpandedPath
from nntrain.cli.terminal import echo
from nntrain.errors import NNTrainError
from nntrain.shell import command_line

if TYPE_CHECKING:
    from nntrain.cli.verdicts import Graded


@click.command(epilog="Example: nntrain grade --starter mine.py && nntrain grade mine.py")
@click.argument("files", metavar="FILE.py...", nargs=-1, type=ExpandedPath(path_type=Path))
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
@click.option("--json", "as_json", is_flag=True, help="Print JSON: a list for several files.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV: a row per file.")
def grade(
    files: tuple[Path, ...],
    starter: bool,
    seconds: float,
    memory: int,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Check your own backpropagation, and name its mistakes.

    The functions of each FILE.py are compared with nntrain's.

    FILE.py contains sigmoid, sigmoid_prime, forward and backprop, as --starter describes them, or
    a network's class. Samples are columns or rows. It runs in a process of its own, whose limits
    guard against accidents: do not grade files that you do not trust. Exit status 0: all is right;
    1: something is wrong.
    """
    if as_json and as_csv:
        raise click.UsageError("--json and --csv exclude each other")
    if starter:
        if len(files) > 1:
            raise click.UsageError("--starter writes one file")
        _write_starter(files[0] if files else None)
        return
    if not files:
        raise click.UsageError("missing argument 'FILE.py'")
    if len(files) == 1 and not as_csv:
        is_right = _grade_one(files[0], seconds, memory << 20, as_json)
    else:
        is_right = _grade_several(files, seconds, memory << 20, as_json, as_csv)
    if not is_right:
        raise click.exceptions.Exit(1)


def _grade_one(file: Path, seconds: float, memory: int, as_json: bool) -> bool:
    from nntrain.cli.verdicts import print_report
    from nntrain.explain import grading

    report = grading.grade(grading.read_source(file), seconds, memory)
    if as_json:
        echo(json.dumps(report.as_dict(), indent=2), keep="\n")
    else:
        print_report(report)
    return report.is_right


def _grade_several(
    files: Sequence[Path], seconds: float, memory: int, as_json: bool, as_csv: bool
) -> bool:
    from nntrain.cli.verdicts import csv_text, print_short

    graded = _grade_all(files, seconds, memory)
    if as_csv:
        echo(csv_text(graded), keep="\n", end="")
    elif as_json:
        echo(json.dumps([one.as_dict() for one in graded], indent=2), keep="\n")
    else:
        print_short(graded)
    return all(one.verdict == "right" for one in graded)


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


def _grade_all(files: Sequence[Path], seconds: float, memory: int) -> "list[Graded]":
    """Grade several files at a time, without measuring their speed."""
    from concurrent.futures import ThreadPoolExecutor  # slow to import

    from nntrain.cli.verdicts import Graded
    from nntrain.explain import grading
    from nntrain.training.threads import cores

    def graded(file: Path) -> Graded:
        try:
            source = grading.read_source(file)
            return Graded(file, grading.grade(source, seconds, memory, timed=False))
        except NNTrainError as error:
            return Graded(file, error)

    with ThreadPoolExecutor(cores()) as pool:
        return list(pool.map(graded, files))
