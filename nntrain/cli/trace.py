"""nntrain trace: one digit through the network and back."""

from pathlib import Path

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
from nntrain.cli.terminal import echo_about
from nntrain.errors import ConfigError, NNTrainError


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
    from nntrain.cli.terminal import console
    from nntrain.config import FileFinder
    from nntrain.explain.inputs import load_network_and_data, resolve_source
    from nntrain.explain.row_trace import trace_row
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
    traced = trace_row(subject, row)
    if out is not None:
        traced.save(out)
    echo_about(*traced.heading)
    screen = console()
    for part in traced.parts(screen):
        screen.print(part)
    if out is not None:
        echo_about(str(out), f"{len(traced)} arrays and alpha, for numpy.load")
