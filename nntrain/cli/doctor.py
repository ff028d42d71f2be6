"""nntrain doctor: why a run learns badly."""

from pathlib import Path

import click

from nntrain.cli.options import run_argument
from nntrain.cli.terminal import echo


@click.command(epilog="Example: nntrain doctor runs/config")
@run_argument
def doctor(folder: Path) -> None:
    """Say why a run learns badly, and what to change.

    RUN is the folder of a run or of a committee, finished or not. Causes come first, each as the
    line of config.yaml to change and the numbers that speak against it; then what comes of it
    ("so:"), and a command that trains anew without it ("try:"). The exit status is 0, whether
    anything was found or not.

    The rows that it was trained on are read again; without them, metrics and weights must do. An
    epoch that was not finished is trained once more, in memory, to see whether it diverges.
    """
    from nntrain.explain.doctor import diagnose
    from nntrain.training.reporter import TerminalReporter
    from nntrain.training.run import RunFolder
    from nntrain.training.threads import cores

    for line in diagnose(RunFolder.open(folder), TerminalReporter(), cores()):
        echo(line)
