"""nntrain inspect: the summary of a network."""

from pathlib import Path

import click

from nntrain.cli.options import config_or_run_argument, set_option
from nntrain.cli.terminal import echo_about


@click.command(epilog="Example: nntrain inspect configs/quick.yaml")
@config_or_run_argument
@set_option
def inspect(source: Path, overrides: tuple[str, ...]) -> None:
    """Show a network's layers, parameters and memory.

    The number of inputs is that of the first line of data.train, or of a run's checkpoint. Products
    are the multiplications of numbers in the matrix products. The memory is that of one network in
    training; the buffers contain x_i, δ_i and scratch space for each row of a batch.
    """
    from nntrain.cli.terminal import console
    from nntrain.config import FileFinder
    from nntrain.explain.inputs import resolve_source
    from nntrain.explain.model_summary import inspect as summarise
    from nntrain.training.reporter import TerminalReporter

    reporter = TerminalReporter()
    finder = FileFinder(reporter.log, needed=())
    summary = summarise(resolve_source(source, overrides, finder), reporter)
    echo_about(str(source), summary.heading)
    screen = console()
    for part in summary.parts(screen):
        screen.print(part)
