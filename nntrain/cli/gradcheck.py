"""nntrain gradcheck: check backpropagation's gradient."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nntrain.cli.options import BoundedFloat, BoundedInt, config_or_run_argument, set_option
from nntrain.cli.terminal import echo
from nntrain.errors import ConfigError

if TYPE_CHECKING:
    from nntrain.explain.gradcheck import Comparison


@click.command(epilog="Example: nntrain gradcheck configs/lecture.yaml --samples 3")
@config_or_run_argument
@set_option
@click.option("--layer", type=BoundedInt(1), help="Check only this layer.  [default: all]")
@click.option(
    "--samples",
    type=BoundedInt(1),
    default=3,
    show_default=True,
    help="Number of rows of data.train, from the first, over which E is the mean.",
)
@click.option(
    "--epsilon",
    type=BoundedFloat(1e-8, 1e-3),
    default=1e-5,
    show_default=True,
    help="Change of each parameter, up and down.",
)
def gradcheck(
    source: Path, overrides: tuple[str, ...], layer: int | None, samples: int, epsilon: float
) -> None:
    """Check backpropagation against numerical gradients.

    Each weight and bias of a network is changed by ±epsilon, and (E(w+ε) − E(w−ε)) / 2ε is
    compared with ∂E/∂w by backpropagation, in float64: with the initial weights of CONFIG, or with
    those of the best epoch of RUN. Of matrices and vectors with more than 100 entries, 100 are
    drawn by the seed. The error is relative, ‖g−ĝ‖ / (‖g‖+‖ĝ‖); indices count from 0, as in NumPy.

    Where ±epsilon moves some z across 0, the kink of relu and leaky_relu, there is no derivative
    to compare: such entries are counted separately. E is the loss alone, without weight_decay, l1
    and dropout. Exit status 1: a gradient is wrong.
    """
    from nntrain.cli.terminal import console
    from nntrain.config import FileFinder
    from nntrain.explain.gradcheck import check_gradient, diagnosis
    from nntrain.explain.inputs import load_network_and_data, resolve_source
    from nntrain.text.colours import marked
    from nntrain.training.reporter import TerminalReporter

    reporter = TerminalReporter()
    finder = FileFinder(reporter.log, needed=["train"])
    subject = load_network_and_data(resolve_source(source, overrides, finder), None, reporter)
    depth = len(subject.config.network)
    if layer is not None and layer > depth:
        raise ConfigError(f"--layer {layer}: {source} has {depth} layers; name one of 1 to {depth}")
    x, y = subject.rows(1, samples)
    layers = [layer] if layer else list(range(1, depth + 1))
    comparisons = check_gradient(subject.network, x, y, layers, epsilon, subject.config.seed)
    _show(comparisons)
    out = console()
    if message := diagnosis(comparisons, subject.network):
        out.print(marked("wrong", out).append(f": {message}"))
        raise click.exceptions.Exit(1)
    if any(comparison.verdict == "too small to tell" for comparison in comparisons):
        echo("nothing is wrong, but some gradients are hardly larger than E's rounding errors")
    else:
        out.print(marked("right", out).append(": backpropagation and numerical gradients agree"))


def _show(comparisons: "Sequence[Comparison]") -> None:
    """Print a row for each gradient, and which entries were not compared."""
    from nntrain.cli.terminal import console, table
    from nntrain.text.colours import marked

    out = console()
    rows = table(
        "gradient", ">checked", ">error", "worst entry", ">backprop", ">numerical", "verdict"
    )
    for comparison in comparisons:
        worst, verdict = comparison.worst, comparison.verdict
        rows.add_row(
            comparison.symbol,
            f"{comparison.checked:,}/{comparison.size:,}",
            f"{comparison.relative_error:.1e}",
            str(list(worst.entry)) if worst else "",
            f"{worst.backpropagated:.4g}" if worst else "",
            f"{worst.numerical:.4g}" if worst else "",
            marked(verdict, out) if verdict in {"right", "wrong"} else verdict,
        )
    out.print(rows)
    echo()
    for comparison in comparisons:
        if comparison.kinks:
            entries = f"{comparison.kinks:,} more entr{'y' if comparison.kinks == 1 else 'ies'}"
            echo(f"{comparison.symbol}: {entries} not compared, as a z passes the kink of σ at 0")
