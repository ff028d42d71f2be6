"""nntrain compare: which of several runs is better, and whether that may be chance."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nntrain.cli.options import (
    check_label_column_is_used,
    data_option,
    label_column_option,
    runs_argument,
)
from nntrain.cli.terminal import console, echo, percent, print_columns

if TYPE_CHECKING:
    from nntrain.training.comparison import RunComparison

MOST_ROWS = 10  # rows that are listed


@click.command(epilog="Example: nntrain compare runs/quick runs/lecture")
@runs_argument
@data_option
@label_column_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with all rows that differ.")
def compare(
    folders: tuple[Path, ...], path: str | None, label_column: str | None, as_json: bool
) -> None:
    """Tell which of several runs is better on the same rows.

    Prints the accuracy of each run with its 95 % interval (Wilson), on how many rows only one of
    two runs is right, how often chance alone makes such a difference (McNemar's exact test), and
    the rows on which the runs disagree.

    RUN is the folder of a run; the members of a committee vote. Without --data, the runs must hold
    out the same validation rows.
    """
    from nntrain.training.comparison import compare
    from nntrain.training.inference import resolve_runs
    from nntrain.training.reporter import TerminalReporter
    from nntrain.training.threads import cores

    check_label_column_is_used(path, label_column)
    runs = resolve_runs(folders)
    comparison = compare(runs, path, label_column, TerminalReporter(), cores())
    if as_json:
        echo(json.dumps(_as_dict(comparison), indent=2, ensure_ascii=False), keep="\n")
    else:
        _show(comparison)


def _show(comparison: "RunComparison") -> None:
    """Print the table of runs, a sentence for each pair, and the first rows that differ."""
    out, names = console(), comparison.names
    total = len(comparison.rows)
    intervals = [comparison.interval(run) for run in range(len(names))]
    columns = {
        ">accuracy": list(map(percent, comparison.accuracies)),
        ">95 % interval": [f"{low:.2%}–{high:.2%}" for low, high in intervals],
        ">wrong": [f"{wrong:,} of {total:,}" for wrong in (~comparison.right).sum(axis=1)],
    }
    print_columns("run", names, columns, out)
    pairs = comparison.pairs()
    for pair in pairs:
        out.print()
        out.print(
            f"only {names[pair.first]} right: {pair.only_first:,} rows; only {names[pair.second]} "
            f"right: {pair.only_second:,} rows; McNemar's p = {pair.p:.2g}"
        )
        out.print(comparison.verdict(pair))
    if len(pairs) > 1:
        out.print()
        out.print(f"p is corrected for {len(pairs)} comparisons (Holm)")
    divided = comparison.disagreements()
    out.print()
    if not len(divided):
        out.print("the runs agree on all rows")
        return
    shown = f", here the first {MOST_ROWS}" if len(divided) > MOST_ROWS else ""
    source = comparison.rows.dataset.source
    count = f"{len(divided):,} row{'s' * (len(divided) > 1)}"
    out.print(f"different answers: {count} of {source}{shown}")
    divided = divided[:MOST_ROWS]
    labels = [comparison.classes[label] for label in comparison.rows.labels[divided]]
    answers = {
        f">{name}": [comparison.classes[answer] for answer in row[divided]]
        for name, row in zip(names, comparison.answers, strict=True)
    }
    row_numbers = [f"{row + 1}" for row in comparison.rows.index[divided]]
    print_columns("row", row_numbers, {">label": labels, **answers}, out)


def _as_dict(comparison: "RunComparison") -> dict[str, Any]:
    """The comparison as JSON types; rows are counted from 1."""
    names, labels = comparison.names, comparison.rows.labels
    return {
        "rows": len(comparison.rows),
        "runs": [
            {
                "run": name,
                "accuracy": comparison.accuracies[run],
                "interval": comparison.interval(run),
                "wrong": int((~comparison.right[run]).sum()),
            }
            for run, name in enumerate(names)
        ],
        "pairs": [
            {
                "better": names[pair.first] if pair.is_significant else None,
                "runs": [names[pair.first], names[pair.second]],
                "only_right": [pair.only_first, pair.only_second],
                "p": pair.p,
            }
            for pair in comparison.pairs()
        ],
        "disagreements": [
            {
                "row": int(comparison.rows.index[row]) + 1,
                "label": comparison.classes[labels[row]],
                "answers": [comparison.classes[answer] for answer in comparison.answers[:, row]],
            }
            for row in comparison.disagreements().tolist()
        ],
    }
