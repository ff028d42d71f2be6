"""nntrain lesson: write an HTML page that teaches backpropagation on a small network."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from nntrain.cli import completion
from nntrain.cli.options import OUT_PATH, CompletedPath, check_output_is_not_input
from nntrain.cli.terminal import echo
from nntrain.errors import MissingLibraryError, RunError

if TYPE_CHECKING:
    from nntrain.explain.inputs import NetworkAndData
    from nntrain.report.lesson import Example
    from nntrain.report.lesson_run import RunData


@click.command(epilog="Example: nntrain lesson --out lesson.html")
@click.argument(
    "source",
    metavar="[CONFIG|RUN]",
    required=False,
    type=CompletedPath(completion.configs_and_runs, path_type=Path),
)
@click.option(
    "--out", type=OUT_PATH, default="lesson.html", show_default=True, help="The output file."
)
def lesson(source: Path | None, out: Path) -> None:
    """Write an HTML page in which backpropagation can be tried.

    The page goes through the lecture in its order: the error, gradient descent, gradients,
    backpropagation, biases and activations, training. It opens with the numbers of `nntrain trace`
    for the first row. The file is self-contained. It replaces its own earlier page, but no other
    file.

    CONFIG: the network with its initial weights; RUN: that of its best epoch; by default, the
    lecture's with 3, 4 and 2 neurons. A network that is too large to draw appears in the section
    about training only, if its training has finished.
    """
    try:
        from nntrain.report.document import check_report_path
        from nntrain.report.lesson import DRAWABLE, is_drawable, write_lesson
    except ModuleNotFoundError as error:
        raise MissingLibraryError(f"lessons need {error.name}", "report") from error
    check_report_path(out)
    example = _lecture() if source is None else _example(source, out)
    if not is_drawable(example):
        limits = f"{DRAWABLE} and with squared_error can be drawn"
        echo(f"{source}: sections 1 to 5 show the lecture's network; {limits}")
        example = _lecture()
    replaced = out.exists()
    write_lesson(out, example, None if source is None else _run(source))
    echo(f"{out}: a lesson on backpropagation; open it in a browser")
    if replaced:
        echo(f"(replaced the earlier page {out})", err=True)


def _lecture() -> "Example":
    """The lecture's 3-4-2 network."""
    from nntrain.explain.inputs import load_network_and_data, resolve_source
    from nntrain.report.lesson import lecture_files
    from nntrain.training.reporter import Reporter

    with lecture_files() as (config, csv):
        subject = load_network_and_data(resolve_source(config), str(csv), Reporter())
    return _first_rows(subject, Path("configs/lecture-3-4-2.yaml"))


def _example(source: Path, out: Path) -> "Example":
    """The network of a configuration or a run."""
    from nntrain.config import FileFinder
    from nntrain.explain.inputs import load_network_and_data, resolve_source
    from nntrain.training.reporter import TerminalReporter

    reporter = TerminalReporter()
    finder = FileFinder(reporter.log, needed=["train"])
    subject = load_network_and_data(resolve_source(source, finder=finder), None, reporter)
    inputs = [*source.iterdir()] if source.is_dir() else [source]
    check_output_is_not_input(out, *inputs, *subject.digits.sources)
    return _first_rows(subject, source)


def _first_rows(subject: "NetworkAndData", source: Path) -> "Example":
    from nntrain.report.lesson import MOST_ROWS, Example
    from nntrain.shell import command_line

    x, y = subject.rows(1, min(MOST_ROWS, len(subject.digits)))
    command = command_line("nntrain", "trace", source)
    return Example(subject.config, subject.network, x, y, subject.digits.classes, command)


def _run(source: Path) -> "RunData | None":
    """The finished run of a configuration, or a run, for the section about training."""
    from nntrain.explain.inputs import resolve_source
    from nntrain.report.lesson_run import run_data
    from nntrain.training.reporter import TerminalReporter
    from nntrain.training.run import RunFolder, find_run, name_for

    named = resolve_source(source)
    try:
        run = named if isinstance(named, RunFolder) else find_run(named, None, name_for(source))
    except RunError:
        return None  # not trained yet
    return run_data(run, TerminalReporter()) if run.is_finished() else None
