"""nntrain runs: what has been trained so far."""

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nntrain.cli.options import SWEEP_PATH
from nntrain.cli.terminal import echo
from nntrain.errors import RunError

if TYPE_CHECKING:
    from nntrain.training.run_table import RunSummary, RunTable

_KEYS_IN_A_TERMINAL = 8
_WIDEST_VALUE = 32  # in a terminal


@click.command(epilog="Example: nntrain runs")
@click.argument("folder", required=False, type=SWEEP_PATH)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def runs(folder: Path | None, as_json: bool) -> None:
    """List runs, best first, and what differs between them.

    FOLDER is the folder of the runs, runs/ by default; a sweep's trials are listed only in its own.
    A committee's accuracies are the means of its members'; its epochs and seconds are their sums.
    A terminal is shown the first 8 keys that differ, by the last parts of their names; a file or a
    pipe gets all of them in full, a line for each run.
    """
    if folder is not None and not folder.is_dir():
        raise RunError(f"{folder}: no such folder; 'nntrain runs' lists those of runs/")
    from nntrain.training.run import RUNS, all_runs, all_sweeps
    from nntrain.training.run_table import overview

    found = overview(all_runs(folder or RUNS))
    if as_json:
        echo(json.dumps(found.as_dicts(), indent=2), keep="\n")
    elif found.runs or found.unreadable:
        _print(found)
    else:
        echo(f"no runs in {folder or RUNS}/ yet; train one with 'nntrain fit CONFIG'", err=True)
    if folder is None and not as_json:
        for sweep in all_sweeps():
            echo(f"{sweep}: a sweep; 'nntrain runs {sweep}' lists its trials", err=True)


def _print(found: "RunTable") -> None:
    from nntrain.cli.terminal import console, print_columns, short_names
    from nntrain.config.diff import format_short

    out = console()
    differing = found.differences()
    keys = list(differing)[: _KEYS_IN_A_TERMINAL if out.is_terminal else None]
    longest = _WIDEST_VALUE if out.is_terminal else None
    columns = {
        ">val": [_percent(run.val_accuracy) for run in found.runs],
        ">train": [_percent(run.train_accuracy) for run in found.runs],
        ">best": [str(run.best_epoch or "") for run in found.runs],
        ">epochs": [f"{run.epochs}/{run.planned}" for run in found.runs],
        ">seconds": [f"{run.seconds:,.1f}" for run in found.runs],
        "state": [_state(run) for run in found.runs],
    }
    names = short_names(keys, columns, out)
    for name, key in zip(names, keys, strict=True):
        columns[name] = [_cut(format_short(value), longest) for value in differing[key]]
    print_columns("run", [str(run.run) for run in found.runs], columns, out)
    if len(keys) < len(differing):
        others = ", ".join(list(differing)[len(keys) :])
        out.print(f"\nThese differ, too; a pipe or --json shows how: {others}")
    for run, why in found.unreadable.items():
        out.print(f"{run}  unreadable: {str(why).splitlines()[0]}", soft_wrap=True)


def _state(run: "RunSummary") -> str:
    state = "finished" if run.finished else "unfinished"
    if run.members > 1:
        state += f", mean of {run.begun} of {run.members} members"
    return state


def _cut(text: str, longest: int | None) -> str:
    return text if longest is None or len(text) <= longest else f"{text[: longest - 1]}…"


def _percent(share: float) -> str:
    return "" if math.isnan(share) else f"{share:.2%}"
