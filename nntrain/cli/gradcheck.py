"""nntrain gradcheck: is the gradient that backpropagation finds the gradient?"""

import click

from nntrain.cli.options import NonNegativeFloat, PositiveInt, config_argument, set_option
from nntrain.cli.terminal import echo
from nntrain.errors import ConfigError


@click.command(epilog="Example: nntrain gradcheck configs/lecture.yaml --samples 3")
@config_argument
@set_option
@click.option("--layer", type=PositiveInt(1), help="Check this layer alone.  [default: all]")
@click.option(
    "--samples",
    type=PositiveInt(1),
    default=3,
    show_default=True,
    help="Let E be the mean over so many first rows of data.train.",
)
@click.option(
    "--epsilon",
    type=NonNegativeFloat(1e-8, 1e-3),
    default=1e-5,
    show_default=True,
    help="How far a parameter is moved, up and down.",
)
def gradcheck(
    config: str, overrides: tuple[str, ...], layer: int | None, samples: int, epsilon: float
) -> None:
    """Check backpropagation against numerical gradients.

    Each weight and bias of CONFIG's network is moved by ±epsilon, and (E(w+ε) − E(w−ε)) / 2ε is
    held against ∂E/∂w by backpropagation, in float64 and with the weights that training begins
    with. Of what has more than 100 entries, 100 are drawn by the seed. The error is relative,
    ‖g−ĝ‖ / (‖g‖+‖ĝ‖); indices count from 0, as NumPy's do.

    Where ±epsilon carries some z across 0, the kink of relu and leaky_relu, there is no derivative
    to compare: such entries are counted apart. E is the loss alone, without weight_decay, l1 and
    dropout. Exit status 1: a gradient is wrong.
    """
    from nntrain.cli.terminal import console, table
    from nntrain.config import load_config
    from nntrain.explain.gradcheck import check_gradient, diagnosis
    from nntrain.explain.inputs import subject
    from nntrain.training.reporter import TerminalReporter

    loaded = load_config(config, overrides)
    depth = len(loaded.network)
    if layer is not None and layer > depth:
        raise ConfigError(f"--layer {layer}: {config} has {depth} layers; name one of 1 to {depth}")
    checked = subject(loaded, None, TerminalReporter())
    x, y = checked.rows(1, samples)
    layers = [layer] if layer else list(range(1, depth + 1))
    comparisons = check_gradient(checked.network, x, y, layers, epsilon, loaded.seed)

    rows = table(
        "gradient", ">checked", ">error", "worst entry", ">backprop", ">numerical", "verdict"
    )
    for found in comparisons:
        worst = found.worst
        rows.add_row(
            found.symbol,
            f"{found.checked:,}/{found.size:,}",
            f"{found.relative_error:.1e}",
            str(list(worst.entry)) if worst else "",
            f"{worst.backpropagated:.4g}" if worst else "",
            f"{worst.numerical:.4g}" if worst else "",
            found.verdict,
        )
    console().print(rows)
    echo()
    for found in comparisons:
        if found.kinks:
            entries = f"{found.kinks:,} more entr{'y' if found.kinks == 1 else 'ies'}"
            echo(f"{found.symbol}: {entries} not compared, as a z passes the kink of σ at 0")
    if sentence := diagnosis(comparisons, checked.network):
        echo(f"wrong: {sentence}")
        raise click.exceptions.Exit(1)
    if any(found.verdict == "too small to tell" for found in comparisons):
        echo("nothing is wrong, but some gradients are hardly larger than E's rounding errors")
    else:
        echo("right: backpropagation and numerical gradients agree")
