"""nntrain inspect: the stack of layers in figures."""

from pathlib import Path

import click

from nntrain.cli.options import config_or_run_argument, set_option
from nntrain.cli.terminal import echo


@click.command(epilog="Example: nntrain inspect configs/quick.yaml")
@config_or_run_argument
@set_option
def inspect(source: Path, overrides: tuple[str, ...]) -> None:
    """Show a network's layers, parameters and memory.

    The number of inputs is read off the first line of data.train, or off a run's checkpoint.
    Products are multiplications of two numbers, in the matrix products. The memory is that of one
    network in training; the workspace holds x_i, δ_i and scratch for each row of a batch.
    """
    from nntrain.cli.terminal import console, table
    from nntrain.explain.stack import inspect as figures
    from nntrain.explain.subject import named
    from nntrain.training.reporter import TerminalReporter

    stack = figures(named(source, overrides), TerminalReporter())
    committee = f", a committee of {stack.members} such networks" if stack.members > 1 else ""
    widths = "-".join(map(str, stack.widths))
    echo(f"{source}: {widths}, {stack.loss}, {stack.dtype}{committee}")
    echo()

    drops = bool(stack.input_dropout) or any(layer.dropout for layer in stack.layers)
    columns = [">layer", "activation", "W", "b", ">weights", ">biases", ">products an image"]
    rows = table(*columns, *([">dropout"] if drops else []))
    if stack.input_dropout:
        rows.add_row("0", *[""] * 6, f"{stack.input_dropout:g}")
    for number, layer in enumerate(stack.layers, 1):
        rows.add_row(
            str(number),
            layer.activation,
            str((layer.neurons, layer.inputs)),
            str((layer.neurons,)),
            f"{layer.weights:,}",
            f"{layer.neurons:,}",
            f"{layer.weights:,}",
            *([f"{layer.dropout:g}"] if layer.dropout else []),
        )
    rows.add_section()
    rows.add_row("all", "", "", "", f"{stack.weights:,}", f"{stack.biases:,}", f"{stack.weights:,}")
    console().print(rows)
    echo()

    parameters = stack.weights + stack.biases
    echo(f"{parameters:,} parameters")
    if stack.members > 1:
        echo(f"{stack.members * parameters:,} parameters in all {stack.members} members")
    echo(f"{stack.multiplications_back:,} more products an image to learn from it")
    echo()

    memory = table("memory", ">bytes")
    for name, size in stack.memory.items():
        memory.add_row(name, f"{size:,}")
    memory.add_section()
    memory.add_row("all", f"{sum(stack.memory.values()):,}")
    console().print(memory)
