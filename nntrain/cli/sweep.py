"""nntrain sweep: search values of a configuration's keys."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nntrain.cli import completion
from nntrain.cli.options import (
    NEW_SWEEP_PATH,
    OUT_PATH,
    BoundedInt,
    CompletedPath,
    scheduler_option,
    set_option,
    threads_type,
)
from nntrain.cli.remote import require_extra
from nntrain.cli.terminal import echo, exit_interrupted
from nntrain.errors import ConfigError
from nntrain.shell import command_line

if TYPE_CHECKING:
    from nntrain.sweep.spec import SweepSpec
    from nntrain.sweep.trials import Trials


@click.command(epilog="Example: nntrain sweep configs/sweep.yaml --parallel 2")
@click.argument(
    "path", metavar="SWEEP|CONFIG", type=CompletedPath(completion.sweeps, path_type=Path)
)
@click.option(
    "--try",
    "tries",
    metavar="KEY=VALUE,...",
    multiple=True,
    shell_complete=completion.overrides,
    help="Values of a key of CONFIG; of several keys, all combinations are trained.",
)
@set_option
@click.option(
    "--run",
    "folder",
    type=NEW_SWEEP_PATH,
    help="The sweep's folder.  [default: runs/<name of SWEEP>; with --try, "
    "runs/<name of CONFIG>-try]",
)
@click.option(
    "--parallel",
    type=threads_type,
    help="Number of trials at the same time, on this machine.  [default: cores per --threads]",
)
@click.option(
    "--threads",
    type=threads_type,
    help="Number of threads per trial.  [default: its share of the cores; 1 on a scheduler's "
    "workers]",
)
@scheduler_option
@click.option(
    "--best", type=BoundedInt(1), default=5, show_default=True, help="Number of committee members."
)
@click.option(
    "--report",
    "as_report",
    is_flag=True,
    help="Write an HTML report of the sweep; without --try, train nothing.",
)
@click.option(
    "--out",
    type=OUT_PATH,
    help="The report's file.  [default: report.html in the sweep's folder]",
)
def sweep(
    path: Path,
    tries: tuple[str, ...],
    overrides: tuple[str, ...],
    folder: Path | None,
    parallel: int | None,
    threads: int | None,
    scheduler: str | None,
    best: int,
    as_report: bool,
    out: Path | None,
) -> None:
    """Train variants of a configuration, and rank them.

    With --try, CONFIG is trained with each of the values, and the curves are drawn:

      nntrain sweep CONFIG --try training.optimizer.learning_rate=0.03,0.3,3

    Otherwise SWEEP names the configuration and the values to try. Each trial is an ordinary run,
    runs/<name>/trial-N; `nntrain runs runs/<name>` lists them, and commands that take the newest
    run ignore them. The same command resumes a sweep that was interrupted, or whose SWEEP now has
    more trials or hours.

    With --report, the ranking is printed and an HTML page written: which keys mattered, what was
    tried, what failed and why. It replaces its own earlier report, but no other file. This also
    works while the sweep is running.
    """
    from nntrain.training.run import RUNS

    if as_report:
        require_extra("optuna", "jinja2", "matplotlib", extra="sweep,report")
    if as_report and not tries:
        from nntrain.sweep.trials import read_trials

        _report(read_trials(folder or RUNS / path.stem), best, out)
        return
    if out is not None and not as_report:
        raise ConfigError("--out names the file of --report; give --report too")
    if scheduler is not None and parallel is not None:
        raise ConfigError("--parallel is for this machine; a scheduler has one trial per worker")
    require_extra("distributed", "optuna", *(["cryptography"] if scheduler is None else []))
    from nntrain.sweep.grid import grid_folder

    definition = _definition(path, tries, overrides)
    folder = folder or (grid_folder(RUNS, path, definition.text) if tries else RUNS / path.stem)
    words = [word for given in tries for word in ("--try", given)]
    words += [word for given in overrides for word in ("--set", given)]
    command = command_line("nntrain", "sweep", path, *words, "--run", folder)
    trials = _train(definition, command, folder, parallel, threads, scheduler, best)
    if tries:
        _show_curves(trials)
    if as_report:
        _report(trials, best, out)
    else:
        show_ranking(trials, best)


def _definition(path: Path, tries: Sequence[str], overrides: Sequence[str]) -> "SweepSpec":
    from nntrain.config import FileFinder
    from nntrain.sweep.grid import grid_text, load_grid
    from nntrain.sweep.spec import load_sweep
    from nntrain.training.reporter import TerminalReporter

    finder = FileFinder(TerminalReporter().log)
    if tries:
        return load_grid(grid_text(path, tries, overrides), finder, overrides)
    return load_sweep(path, finder=finder, overrides=overrides)


def _show_curves(trials: "Trials") -> None:
    from nntrain.cli.curves import show_error_curves
    from nntrain.cli.terminal import console
    from nntrain.sweep.ranking import format_values, ranking

    curves = {
        f"{one.run.folder.name}: {format_values(one.values)}": one.accuracies()
        for one in ranking(trials)
    }
    show_error_curves(curves, console())


def _report(trials: "Trials", best: int, out: Path | None) -> None:
    from nntrain.sweep.report import write_report

    out = out or trials.folder / "report.html"
    replaced = out.exists()
    write_report(out, trials, best)
    show_ranking(trials, best)
    echo(f"{out}: the report of {trials.folder}; open it in a browser")
    if replaced:
        echo(f"(replaced the earlier report {out})", err=True)


def _train(
    definition: "SweepSpec",
    command: str,
    folder: Path,
    parallel: int | None,
    threads: int | None,
    scheduler: str | None,
    best: int,
) -> "Trials":
    """Train what is missing, and return the trials; ends the process if it was interrupted."""
    from nntrain.cli.sweep_progress import SweepProgress
    from nntrain.cluster.connect import open_cluster
    from nntrain.cluster.dispatcher import Dispatcher
    from nntrain.sweep.runner import run_sweep
    from nntrain.sweep.search import max_concurrent
    from nntrain.sweep.spec import check_networks_fit
    from nntrain.sweep.trials import open_trials
    from nntrain.training.reporter import TerminalReporter
    from nntrain.training.rows import digest, read_data
    from nntrain.training.signals import defer_signals
    from nntrain.training.threads import cores

    options: dict[str, object] = {
        "--parallel": parallel,
        "--threads": threads,
        "--scheduler": scheduler,
    }
    reporter = TerminalReporter()
    data = read_data(definition.config({}), reporter)
    definition = definition._replace(classes=data[0].dataset.classes)
    if scheduler is None:
        check_networks_fit(definition, data[0].dataset.pixels.shape[1])
    parallel = min(parallel or max(1, cores() // (threads or 1)), max_concurrent(definition.sweep))
    threads = threads or (max(1, cores() // parallel) if scheduler is None else 1)
    with open_trials(definition, folder) as trials:
        trials.check_same_rows(digest(*data))
        with (
            defer_signals() as interruption,
            open_cluster(scheduler, parallel) as connect,
            SweepProgress(trials) as progress,
            Dispatcher(
                connect, data, threads, progress.notice, progress.on_epoch_end
            ) as dispatcher,
        ):
            run_sweep(trials, dispatcher, progress, lambda: interruption.signal is not None)
    if interruption.signal is not None:
        given = [str(word) for item in options.items() if item[1] is not None for word in item]
        show_ranking(trials, best)
        exit_interrupted(interruption.signal, " ".join([command, command_line(*given)]).strip())
    return trials


def show_ranking(trials: "Trials", best: int) -> None:
    """Print the trials, best first, and the commands that use the best ones as a committee."""
    from nntrain.cli.terminal import console, print_columns, short_names
    from nntrain.sweep.ranking import committee, committee_commands, format_value, ranking

    out, ranked = console(), ranking(trials)
    columns = {
        ">val": ["" if one.accuracy is None else f"{one.accuracy:.2%}" for one in ranked],
        ">epochs": [str(one.epochs) for one in ranked],
    }
    keys = list(trials.definition.sweep.space)
    for name, key in zip(short_names(keys, columns, out), keys, strict=True):
        columns[name] = [format_value(one.values[key]) for one in ranked]
    columns["outcome"] = [one.outcome for one in ranked]
    print_columns("run", [str(one.run) for one in ranked], columns, out)
    runs = committee(ranked, best)
    introductions = (f"the best {len(runs)} as a committee", "and its submission")
    for introduction, command in zip(introductions, committee_commands(runs), strict=False):
        echo(f"{introduction}: {command}")
