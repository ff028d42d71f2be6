"""nntrain sweep: many trainings, each with other values of some keys."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from nntrain.cli import completion
from nntrain.cli.elsewhere import refuse_without
from nntrain.cli.options import RUN_PATH, CompletedPath, Count, scheduler_option
from nntrain.errors import ConfigError, status_after

if TYPE_CHECKING:
    from nntrain.sweep.trials import Trials


@click.command(epilog="Example: nntrain sweep configs/sweep.yaml --parallel 2")
@click.argument("path", metavar="SWEEP", type=CompletedPath(completion.configs, path_type=Path))
@click.option(
    "--run",
    "folder",
    type=RUN_PATH,
    help="The sweep's folder.  [default: runs/<name of SWEEP>]",
)
@click.option(
    "--parallel",
    type=Count(1),
    help="Trials at once, on this machine.  [default: the number of cores]",
)
@click.option(
    "--threads",
    type=Count(1),
    help="How many share a trial's work.  [default: each trial's share of the cores]",
)
@scheduler_option
@click.option(
    "--best",
    type=Count(1),
    default=5,
    show_default=True,
    help="How many of the best make the committee.",
)
@click.option("--report", is_flag=True, help="Train nothing; write an HTML report of the trials.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="The report's file.  [default: report.html in the sweep's folder]",
)
def sweep(
    path: Path,
    folder: Path | None,
    parallel: int | None,
    threads: int | None,
    scheduler: str | None,
    best: int,
    report: bool,
    out: Path | None,
) -> None:
    """Train variants of a configuration, as the file SWEEP says, and rank them.

    Each trial is an ordinary run, runs/<name>/trial-N. The same command goes on with a sweep that
    was interrupted, and with one whose SWEEP now asks for more trials or hours.
    """
    if report:
        _report(path, folder, best, out)
        return
    if out is not None:
        raise ConfigError("--out names the file of --report; give --report too")
    refuse_without("distributed", "optuna")
    from nntrain.cli.sweep_progress import SweepProgress
    from nntrain.cluster.connect import workers
    from nntrain.cluster.crew import Crew
    from nntrain.sweep.conduct import conduct
    from nntrain.sweep.trials import open_trials
    from nntrain.training.fit import read_data
    from nntrain.training.interruption import deferred_signals
    from nntrain.training.reporter import TerminalReporter
    from nntrain.training.threads import cores

    trials = open_trials(path, folder)
    data = read_data(trials.definition.config({}), TerminalReporter())
    parallel = parallel or max(1, cores() // (threads or 1))
    threads = threads or max(1, cores() // parallel if scheduler is None else 1)
    with (
        trials.run.held(),
        deferred_signals() as interruption,
        workers(scheduler, parallel) as connect,
        SweepProgress(trials) as progress,
        Crew(connect, data, threads, progress.notice, progress.epoch) as crew,
    ):
        conduct(trials, crew, progress, lambda: interruption.signal is not None)
    show_ranking(trials, best)
    if interruption.signal is not None:
        again = f"nntrain sweep {path}{f' --run {folder}' if folder else ''}"
        again += f" --scheduler {scheduler}" if scheduler else ""
        click.echo(f"interrupted, and saved; go on with: {again}", err=True)
        raise click.exceptions.Exit(status_after(interruption.signal))


def _report(path: Path, folder: Path | None, best: int, out: Path | None) -> None:
    refuse_without("optuna", "matplotlib", "jinja2")
    from nntrain.sweep.report import default_place, write_sweep_report
    from nntrain.sweep.trials import begun_trials

    trials = begun_trials(path, folder)
    out = out or default_place(trials)
    write_sweep_report(out, trials, best)
    show_ranking(trials, best)
    click.echo(f"{out}: the report of {trials.run}; open it in a browser")


def show_ranking(trials: "Trials", best: int) -> None:
    """Print the trials, best first, and the line that lets the best of them vote together."""
    from nntrain.cli.terminal import console, table
    from nntrain.sweep.ranking import committee, ranking, short_value

    ranked = ranking(trials)
    keys = list(trials.definition.sweep.space)
    shown = table("run", ">val", ">epochs", *keys, "")
    for trial in ranked:
        shown.add_row(
            str(trial.run),
            "" if trial.accuracy is None else f"{trial.accuracy:.2%}",
            str(trial.epochs),
            *(short_value(trial.values[key]) for key in keys),
            trial.fate,
        )
    console().print(shown)
    runs = committee(ranked, best)
    if len(runs) > 1:
        click.echo(
            f"the best {len(runs)} as a committee: nntrain predict {' '.join(map(str, runs))}"
        )
