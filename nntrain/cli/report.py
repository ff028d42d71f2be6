"""nntrain report: write an HTML report of a run."""

from pathlib import Path

import click

from nntrain.cli.options import (
    OUT_PATH,
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
    type=OUT_PATH,
    help="The output file.  [default: report.html in the run's folder; for several runs, "
    "runs-report.html]",
)
def report(
    folders: tuple[Path, ...], path: str | None, label_column: str | None, out: Path | None
) -> None:
    """Write a report of a training to an HTML file.

    The report shows the learning curves, the confusion matrix, the worst mistakes, the weights of
    the first layer, the calibration, and the configuration and versions that the run used. The file
    is self-contained. It replaces its own earlier report, but no other file.

    RUN is the folder of a run; by default, the run that was finished last. Several RUNs, or the
    members of a committee, are compared and evaluated by their averaged probabilities.
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
    replaced = out.exists()
    write_report(out, runs, path, label_column, TerminalReporter(), cores())
    echo(f"{out}: the report of {', '.join(map(str, runs))}; open it in a browser")
    if replaced:
        echo(f"(replaced the earlier report {out})", err=True)
