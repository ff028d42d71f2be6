"""nntrain doctor: why a run learns badly."""

from pathlib import Path

import click

from nntrain.cli.options import run_argument
from nntrain.cli.terminal import console, echo
from nntrain.errors import printable


@click.command(epilog="Example: nntrain doctor runs/config")
@run_argument
def doctor(folder: Path) -> None:
    """Explain why a run learns badly, and what to change.

    RUN is the folder of a run or of a committee, finished or not. For each cause, the line of
    config.yaml to change and the evidence are printed, then its consequences ("so:"). One command
    ("try:") trains a new run with all changes, and with those that it will then need, such as more
    epochs. The exit status is 0, whether anything was found or not.

    The training data are read again; if they are missing, only metrics and weights are examined. An
    epoch that was not finished is trained again, in memory, to see whether it diverges.
    """
    from nntrain.explain.doctor import diagnose
    from nntrain.training.reporter import TerminalReporter
    from nntrain.training.run import RunFolder
    from nntrain.training.threads import cores

    screen = console()
    for line in diagnose(RunFolder.open(folder), TerminalReporter(), cores()).lines:
        if line.startswith("  try: "):
            echo(line)  # to be copied: one line
        else:
            screen.print(printable(line))
