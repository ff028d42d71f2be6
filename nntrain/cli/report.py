"""nntrain report: all that is known of a run, on one page."""

from pathlib import Path

import click

from nntrain.cli.options import (
    check_label_column_is_used,
    data_option,
    label_column_option,
    runs_argument,
)
from nntrain.cli.terminal import echo
from nntrain.errors import MissingLibraryError


@click.command(epilog="Example: nntrain report runs/config --out report.html")
@runs_argument
@data_option
@label_column_option
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="The file to write.  [default: report.html in the run's folder; of several runs, "
    "runs-report.html]",
)
def report(
    folders: tuple[Path, ...], path: str | None, label_column: str | None, out: Path | None
) -> None:
    """Write what became of a training into one HTML file.

    Learning curves, confusion matrix, the worst mistakes, the first layer's weights, calibration
    and all that the training depended on. The file needs no network and nothing beside it.

    RUN is the folder of a run; without any, the run that was finished last. Several RUNs, or a
    committee's members, are compared, and judged by their vote.
    """
    from nntrain.training.inference import resolve_runs
    from nntrain.training.reporter import TerminalReporter
    from nntrain.training.threads import cores

    try:
        from nntrain.report.page import default_place, write_report
    except ModuleNotFoundError as error:
        raise MissingLibraryError(f"reports need {error.name}", "report") from error
    check_label_column_is_used(path, label_column)
    runs = resolve_runs(folders)
    out = out or default_place(runs)
    write_report(out, runs, path, label_column, TerminalReporter(), cores())
    echo(f"{out}: the report of {', '.join(map(str, runs))}; open it in a browser")
