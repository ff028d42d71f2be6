"""nntrain inspect: the summary of a network."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from nntrain.cli.options import config_or_run_argument, set_option
from nntrain.cli.terminal import echo, echo_about

if TYPE_CHECKING:
    from rich.table import Table

    from nntrain.explain.model_summary import ModelSummary


@click.command(epilog="Example: nntrain inspect configs/quick.yaml")
@config_or_run_argument
@set_option
def inspect(source: Path, overrides: tuple[str, ...]) -> None:
    """Show a network's layers, parameters and memory.

    The number of inputs is that of the first line of data.train, or of a run's checkpoint. Products
    are the multiplications of numbers in the matrix products. The memory is that of one network in
    training; the buffers contain x_i, δ_i and scratch space for each row of a batch.
    """
    from nntrain.cli.terminal import console, table
    from nntrain.config import FileFinder
    from nntrain.config.layers import shapes_text
    from nntrain.explain.inputs import resolve_source
    from nntrain.explain.model_summary import inspect as summarise
    from nntrain.training.reporter import TerminalReporter

    reporter = TerminalReporter()
    finder = FileFinder(reporter.log, needed=())
    summary = summarise(resolve_source(source, overrides, finder), reporter)
    several = f", {summary.members} such networks" if summary.members > 1 else ""
    shapes = shapes_text(summary.shapes)
    echo_about(str(source), f"{shapes}, {summary.loss}, {summary.dtype}{several}")
    if summary.init:
        echo(f"began with the weights of {'; '.join(summary.init)}")
    echo()

    out = console()
    layers = _layers(summary)
    unlimited = out.options.update(width=10 * out.width)
    if out.measure(layers, options=unlimited).maximum > out.width:
        layers = _layers(summary, separator="×")
    out.print(layers)
    echo()

    parameters = summary.weights + summary.biases
    echo(f"{parameters:,} parameters")
    if summary.members > 1:
        echo(f"{summary.members * parameters:,} parameters in all {summary.members} networks")
    echo(f"{summary.multiplications_back:,} more products an image to learn from it")
    echo()

    memory = table("memory", ">bytes")
    for name, size in summary.memory.items():
        memory.add_row(name, f"{size:,}")
    memory.add_section()
    memory.add_row("all", f"{sum(summary.memory.values()):,}")
    console().print(memory)


def _layers(summary: "ModelSummary", separator: str = "") -> "Table":
    """A row for each layer, and their sums; shapes like (30, 784) or with a separator."""
    from nntrain.cli.terminal import table

    def written(shape: tuple[int, ...]) -> str:
        return separator.join(map(str, shape)) if separator else str(shape)

    drops = bool(summary.input_dropout) or any(layer.dropout for layer in summary.layers)
    columns = [">layer", "activation", "W", "b", ">weights", ">biases", ">products an image"]
    rows = table(*columns, *([">dropout"] if drops else []))
    if summary.input_dropout:
        rows.add_row("0", *[""] * 6, f"{summary.input_dropout:g}")
    for number, layer in enumerate(summary.layers, 1):
        rows.add_row(
            str(number),
            layer.activation if layer.weights else layer.kind,
            written(layer.weight_shape) if layer.weights else "",
            written((layer.biases,)) if layer.biases else "",
            f"{layer.weights:,}",
            f"{layer.biases:,}",
            f"{layer.multiplications:,}",
            *([f"{layer.dropout:g}"] if layer.dropout else []),
        )
    rows.add_section()
    sums = summary.weights, summary.biases, summary.multiplications
    rows.add_row("all", "", "", "", *(f"{number:,}" for number in sums))
    return rows
