"""nntrain fit: train a network."""

from pathlib import Path

import click

from nntrain.cli.options import (
    RUN_PATH,
    config_argument,
    scheduler_option,
    set_option,
    threads_type,
)
from nntrain.cli.terminal import echo, exit_interrupted


@click.command(epilog="Example: nntrain fit config.yaml --set training.epochs=3")
@config_argument
@set_option
@click.option(
    "--run",
    "folder",
    type=RUN_PATH,
    help="Folder of the run.  [default: runs/<name of CONFIG>, with -2, -3 … if it exists]",
)
@click.option("--resume", is_flag=True, help="Resume an interrupted run.")
@click.option(
    "--threads",
    type=threads_type,
    help="Number of threads.  [default: the number of cores; with --scheduler, 1 per worker]",
)
@scheduler_option
def fit(
    config: str,
    overrides: tuple[str, ...],
    folder: Path | None,
    resume: bool,
    threads: int | None,
    scheduler: str | None,
) -> None:
    """Train the network that the file CONFIG describes.

    Writes a folder with config.yaml, metrics.csv and the checkpoints best.npz and last.npz. If
    CONFIG has members: N, trains a committee: N networks with successive seeds, in one folder.

    --resume continues the run given by --run, or the newest run of CONFIG, exactly where it was
    stopped. training.epochs and members may be larger than before; with more epochs, a cosine or
    one_cycle schedule ends later than originally planned.

    With --scheduler, the workers of a Dask cluster train the network, or all members of a committee
    in parallel.
    """
    from nntrain.config import load_config
    from nntrain.training import committee
    from nntrain.training.reporter import TerminalReporter
    from nntrain.training.run import RunFolder, create_run, find_run, name_for
    from nntrain.training.threads import cores

    loaded, name = load_config(config, overrides), name_for(Path(config))
    if scheduler is not None:
        from nntrain.cli.remote import train_on

        def get_run() -> RunFolder:
            return find_run(loaded, folder, name) if resume else create_run(loaded, folder, name)

        outcome = train_on(scheduler, loaded, get_run, threads or 1)
    else:
        train = committee.resume if resume else committee.start
        outcome = train(loaded, folder, name, TerminalReporter(), threads or cores())
    for line in outcome.results():
        echo(line)
    if outcome.signal is not None:
        exit_interrupted(outcome.signal, outcome.run.resume_command)
