"""nntrain runs: what has been trained so far."""

import json
import math
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from nntrain.training.overview import Overview, RunSummary

_KEYS_IN_A_TERMINAL = 8
_WIDEST_VALUE = 32  # in a terminal


@click.command(epilog="Example: nntrain runs")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def runs(as_json: bool) -> None:
    """List the runs below runs/, best first, with what differs in their configurations.

    A committee's accuracies are the means of its members'; its epochs and seconds are their sums.
    A terminal is shown the first 8 keys that differ, by the last parts of their names; a file or a
    pipe gets all of them in full, a line for each run.
    """
    from nntrain.training.overview import overview
    from nntrain.training.run import RUNS, all_runs

    found = overview(all_runs())
    if as_json:
        click.echo(json.dumps(found.as_dicts(), indent=2))
    elif found.runs or found.unreadable:
        _print(found)
    else:
        click.echo(f"no runs in {RUNS}/ yet; train one with 'nntrain fit CONFIG'", err=True)


def _print(found: "Overview") -> None:
    from nntrain.cli.terminal import console, table
    from nntrain.config.difference import short

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
    names = _short_names(keys, [name.strip(">") for name in columns]) if out.is_terminal else keys
    for name, key in zip(names, keys, strict=True):
        columns[name] = [_cut(short(value), longest) for value in differing[key]]
    first = [str(run.run) for run in found.runs]
    for number, block in enumerate(_blocks(first, columns, out.width)):
        if number:
            out.print()
        rows = table("run", *block)
        for column in rows.columns:
            column.no_wrap = True
        rows.columns[0].overflow = "fold"  # a name cut short would name no folder
        for cells in zip(first, *(columns[name] for name in block), strict=True):
            rows.add_row(*cells)
        out.print(rows)
    if len(keys) < len(differing):
        others = ", ".join(list(differing)[len(keys) :])
        out.print(f"\nThese differ, too; a pipe or --json shows how: {others}")
    for run, why in found.unreadable.items():
        out.print(f"{run}  unreadable: {str(why).splitlines()[0]}", soft_wrap=True)


def _blocks(first: Sequence[str], columns: dict[str, list[str]], width: int) -> Iterator[list[str]]:
    """The names of the columns, as many together as fit beside the first one, at least one."""
    from nntrain.cli.terminal import GAP

    start = used = _width(["run", *first])
    block: list[str] = []
    for name, cells in columns.items():
        needed = GAP + _width([name.removeprefix(">"), *cells])
        if block and used + needed > width:
            yield block
            block, used = [], start
        block.append(name)
        used += needed
    yield block


def _width(cells: Collection[str]) -> int:
    from rich.cells import cell_len

    return max(map(cell_len, cells))


def _short_names(keys: Sequence[str], taken: Collection[str]) -> list[str]:
    """The last parts of dotted keys, as many as tell each from the others and the names taken."""
    endings = []
    for key in keys:
        parts = re.split(r"(?<!\])\.", key)  # network[0].dense stays together
        endings.append([".".join(parts[-count:]) for count in range(1, len(parts) + 1)])
    counts = Counter(chain(taken, *endings))
    return [next((name for name in own if counts[name] == 1), own[-1]) for own in endings]


def _state(run: "RunSummary") -> str:
    state = "finished" if run.finished else "unfinished"
    if run.members > 1:
        state += f", mean of {run.begun} of {run.members} members"
    return state


def _cut(text: str, longest: int | None) -> str:
    return text if longest is None or len(text) <= longest else f"{text[: longest - 1]}…"


def _percent(share: float) -> str:
    return "" if math.isnan(share) else f"{share:.2%}"
