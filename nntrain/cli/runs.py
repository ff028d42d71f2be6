"""nntrain runs: list the runs of a folder."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nntrain.cli.options import SWEEP_PATH
from nntrain.cli.terminal import echo
from nntrain.errors import RunError
from nntrain.shell import command_line

if TYPE_CHECKING:
    from rich.console import Console

    from nntrain.training.run_table import RunSummary, RunTable

# In a terminal:
MAX_KEYS = 8
MAX_VALUE_LENGTH = 32


@click.command(epilog="Example: nntrain runs")
@click.argument("folder", required=False, type=SWEEP_PATH)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def runs(folder: Path | None, as_json: bool) -> None:
    """List runs, best first, with their differing settings.

    FOLDER is the folder of the runs, runs/ by default; the trials of a sweep are listed only for
    the folder of the sweep. The accuracies of a committee are means over its members, its epochs
    and seconds sums. A terminal shows the first 8 differing keys, with short names; a file or a
    pipe gets all keys with full names, and one line per run.
    """
    if folder is not None and not folder.is_dir():
        raise RunError(f"{folder}: no such folder; 'nntrain runs' lists those of runs/")
    from nntrain.training.run import RUNS, all_runs, all_sweeps
    from nntrain.training.run_table import overview

    run_table = overview(all_runs(folder or RUNS))
    if as_json:
        echo(json.dumps(run_table.as_dicts(), indent=2), keep="\n")
    elif run_table.runs or run_table.unreadable:
        _print(run_table)
    else:
        echo(f"no runs in {folder or RUNS}/ yet; train one with 'nntrain fit CONFIG'", err=True)
    if folder is None and not as_json:
        for sweep in all_sweeps():
            trials = command_line("nntrain", "runs", sweep)
            echo(f"{sweep}: a sweep; its trials are listed by: {trials}", err=True)


def _print(run_table: "RunTable") -> None:
    from nntrain.cli.terminal import console, percent, print_columns, short_names
    from nntrain.config.diff import format_short

    out = console()
    differing = run_table.differences()
    keys = list(differing)[: MAX_KEYS if out.is_terminal else None]
    columns = {
        ">val": [percent(run.val_accuracy) for run in run_table.runs],
        ">train": [percent(run.train_accuracy) for run in run_table.runs],
        ">best": [str(run.best_epoch or "") for run in run_table.runs],
        ">epochs": [f"{run.epochs}/{run.planned}" for run in run_table.runs],
        ">seconds": [f"{run.seconds:,.1f}" for run in run_table.runs],
        "state": [_state(run) for run in run_table.runs],
    }
    names = short_names(keys, columns, out)
    for name, key in zip(names, keys, strict=True):
        columns[name] = [_truncate(format_short(value), out) for value in differing[key]]
    print_columns("run", [str(run.run) for run in run_table.runs], columns, out)
    if len(keys) < len(differing):
        others = ", ".join(list(differing)[len(keys) :])
        out.print(f"\nMore differing keys, shown in a pipe or by --json: {others}")
    for run, error in run_table.unreadable.items():
        out.print(f"{run}  unreadable: {str(error).splitlines()[0]}", soft_wrap=True)


def _state(run: "RunSummary") -> str:
    state = "finished" if run.finished else "unfinished"
    if run.members > 1:
        state += f", mean of {run.begun} of {run.members} {run.config.part}s"
    return state


def _truncate(text: str, out: "Console") -> str:
    if not out.is_terminal or len(text) <= MAX_VALUE_LENGTH:
        return text
    return f"{text[: MAX_VALUE_LENGTH - 1]}…"
