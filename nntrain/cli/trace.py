"""nntrain trace: one digit through the network and back."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nntrain.cli.options import (
    CSV_PATH,
    OUT_PATH,
    BoundedInt,
    check_output_is_not_input,
    config_or_run_argument,
    force_option,
    set_option,
)
from nntrain.cli.terminal import echo, echo_about
from nntrain.errors import ConfigError, NNTrainError

if TYPE_CHECKING:
    from nntrain.explain.trace import Quantity


@click.command(epilog="Example: nntrain trace configs/lecture-3-4-2.yaml --row 1 --npz row.npz")
@config_or_run_argument
@set_option
@click.option(
    "--row",
    type=BoundedInt(1),
    default=1,
    show_default=True,
    help="Number of the digit's row, from 1, without the header.",
)
@click.option("--data", "csv", type=CSV_PATH, help="A labelled CSV.  [default: data.train]")
@click.option("--npz", "out", type=OUT_PATH, help="Also write all arrays into this file.")
@force_option
def trace(
    source: Path,
    overrides: tuple[str, ...],
    row: int,
    csv: str | None,
    out: Path | None,
    force: bool,
) -> None:
    """Follow one digit through a network and back.

    CONFIG: the network with its initial weights. RUN: the network of its best epoch. All quantities
    are computed in float64 and for this digit alone: E is the loss without weight_decay, l1 and
    dropout; W after is W − α ∂E/∂W, with α from training.optimizer.learning_rate.

    Small quantities are printed in full, large ones as their mean, extremes and share of saturated
    neurons, whose σ′ is below a twentieth of its maximum.

    --npz FILE contains float64 arrays for numpy.load: x_0, W_1, b_1, z_1, x_1 and so on, y, E,
    delta_1, dE_dW_1, dE_db_1, W_1_after, b_1_after and so on, and alpha. Columns have the shape
    (n,), matrices (n_out, n_in).
    """
    from nntrain.cli.ascii_art import render_or_list
    from nntrain.cli.terminal import console
    from nntrain.config import FileFinder
    from nntrain.explain import trace as library
    from nntrain.explain.inputs import load_network_and_data, resolve_source
    from nntrain.explain.trace_text import legend
    from nntrain.files import check_writable
    from nntrain.training.reporter import TerminalReporter

    if out is not None and out.exists() and not force:
        raise NNTrainError(f"{out}: exists already; name another file, or replace it with --force")
    if force and out is None:
        raise ConfigError("--force replaces the file of --npz; give --npz FILE too")
    reporter = TerminalReporter()
    finder = FileFinder(reporter.log, needed=[] if csv else ["train"])
    subject = load_network_and_data(resolve_source(source, overrides, finder), csv, reporter)
    if out is not None:
        inputs = [*source.iterdir()] if source.is_dir() else [source]
        check_output_is_not_input(out, *inputs, *subject.digits.sources, option="--npz")
        check_writable(out)
    x, y = subject.rows(row)
    optimizer = subject.config.training.optimizer
    quantities = library.trace(subject.network, x[0], y[0], optimizer.learning_rate)
    if out is not None:
        library.save(out, quantities, optimizer.learning_rate)
    truth, answer = subject.labels(row, x)
    screen = console()
    echo_about(
        f"{subject.digits.source}, row {row}", f"a {truth}; the network takes it for a {answer}"
    )
    screen.print(render_or_list(subject.digits.pixels[row - 1], screen))
    echo()
    _show_maps(quantities)
    _show_numbers(quantities)
    echo()
    for line in legend(quantities, subject.config):
        screen.print(line)
    if out is not None:
        echo_about(str(out), f"{len(quantities)} arrays and alpha, for numpy.load")


def _show_maps(quantities: "Sequence[Quantity]") -> None:
    """Draw the first feature maps of each layer of pictures, in a terminal."""
    from nntrain.cli.ascii_art import show_pictures
    from nntrain.cli.terminal import console
    from nntrain.explain.trace import feature_maps

    out = console()
    for symbol, count, maps in feature_maps(quantities) if out.is_terminal else []:
        echo(f"{symbol}: {len(maps)} of {count} feature maps")
        show_pictures(maps, list(map(str, range(len(maps)))), out)
        echo()


def _show_numbers(quantities: "Sequence[Quantity]") -> None:
    """Print the table of all quantities; in a narrow terminal with shapes such as 300×784."""
    from nntrain.cli.terminal import COLUMN_GAP, console, table
    from nntrain.explain.trace_text import SHORT_LINE, numbers

    out = console()
    symbols = [quantity.symbol for quantity in quantities]
    shapes = [str(quantity.value.shape) for quantity in quantities]
    gap = COLUMN_GAP
    room = _room(out.width, symbols, shapes, gap)
    if room < SHORT_LINE:
        symbols = [symbol.replace("windows ", "windows\n") for symbol in symbols]
        shapes = ["×".join(map(str, quantity.value.shape)) for quantity in quantities]
        gap = 1
        room = _room(out.width, symbols, shapes, gap)
    rows = table("quantity", "shape", "numbers", gap=gap)
    for quantity, symbol, shape in zip(quantities, symbols, shapes, strict=True):
        rows.add_row(symbol, shape, numbers(quantity, room))
    out.print(rows)


def _room(width: int, symbols: "Sequence[str]", shapes: "Sequence[str]", gap: int) -> int:
    """The characters of a line that the first two columns of the table leave."""
    columns = "\n".join(["quantity", *symbols]), "\n".join(["shape", *shapes])
    return width - sum(max(map(len, cells.split("\n"))) + gap for cells in columns)
