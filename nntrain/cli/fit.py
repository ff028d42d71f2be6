"""nntrain fit: train a network."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nntrain.cli.options import (
    INIT_PATH,
    NEW_RUN_PATH,
    BoundedInt,
    config_argument,
    quiet_option,
    scheduler_option,
    set_option,
    threads_type,
)
from nntrain.cli.terminal import echo_about, exit_interrupted
from nntrain.errors import ChangedError, ConfigError
from nntrain.shell import command_line

if TYPE_CHECKING:
    from nntrain.config import Config
    from nntrain.training.committee import CommitteeOutcome
    from nntrain.training.fit import Outcome
    from nntrain.training.initial_weights import InitialWeights
    from nntrain.training.origin import RunName
    from nntrain.training.reporter import Reporter
    from nntrain.training.run import RunFolder


@click.command(epilog="Example: nntrain fit config.yaml --set training.epochs=3")
@config_argument
@set_option
@click.option(
    "--run",
    "folder",
    type=NEW_RUN_PATH,
    help="Folder of the run.  [default: runs/<name of CONFIG>, with -2, -3 … if it exists]",
)
@click.option("--resume", is_flag=True, help="Resume an interrupted run.")
@click.option(
    "--init",
    metavar="RUN|FILE",
    type=INIT_PATH,
    help="Begin with the weights of a run, or of an .npz or .safetensors file, for fine-tuning.",
)
@click.option(
    "--folds",
    type=BoundedInt(2, 100),
    help="Cross-validate: train a network for each of so many folds.",
)
@click.option(
    "--threads",
    type=threads_type,
    help="Number of threads.  [default: the number of cores; with --scheduler, 1 per worker]",
)
@scheduler_option
@click.option(
    "--log",
    "logs",
    type=click.Choice(["jsonl", "tensorboard"]),
    multiple=True,
    help="Also write each epoch to the run's folder: as a line of log.jsonl, or for TensorBoard; "
    "may be repeated.",
)
@quiet_option
def fit(
    config: str,
    overrides: tuple[str, ...],
    folder: Path | None,
    resume: bool,
    init: Path | None,
    folds: int | None,
    threads: int | None,
    scheduler: str | None,
    logs: tuple[str, ...],
    quiet: bool,
) -> None:
    """Train the network that the file CONFIG describes.

    Writes a folder with config.yaml, metrics.csv and the checkpoints best.npz and last.npz. If
    CONFIG has members: N, trains a committee: N networks with successive seeds, in one folder.

    --folds K cross-validates: trains K networks, each on all rows but one of K stratified folds,
    which it is validated on. Writes what each row's own network predicts to out_of_fold.csv.

    --resume continues the run given by --run, or the newest run of CONFIG, exactly where it was
    stopped. training.epochs, training.patience and members may be larger than before; with more
    epochs, a cosine or one_cycle schedule ends later than originally planned.

    --init begins a new run with the weights of the best epoch of an old one (a warm start) whose
    layers have the same shapes; optimizer, epochs and schedule begin anew. Of a committee, each
    member begins with the weights of the member of the same number. A FILE has arrays W_1, b_1, …,
    as 'nntrain export' writes them.

    With --scheduler, the workers of a Dask cluster train the network, or all members of a committee
    in parallel.
    """
    if folds is not None:
        overrides = (*overrides, f"folds={folds}")
    if resume and init is not None:
        raise ConfigError(
            "--init begins a new run, but --resume continues one; leave out --resume to begin, or "
            "--init to continue"
        )
    from nntrain.config import FileFinder, load_config
    from nntrain.training.initial_weights import weights_from
    from nntrain.training.run import find_run, name_for

    reporter = _reporter(quiet, logs)
    # A run is resumed with the same rows, wherever they are now.
    finder = FileFinder(reporter.log, needed=()) if resume else FileFinder(reporter.log)
    loaded, name = load_config(config, overrides, finder), name_for(Path(config))
    weights = [] if init is None else weights_from(init, loaded.networks)
    where = [] if scheduler is None else ["--scheduler", scheduler]
    try:
        outcome = _train(loaded, folder, name, resume, weights, threads, scheduler, reporter)
    except ChangedError as error:
        words = ["nntrain", "fit", config, *_set_options(overrides), *where]
        raise error.with_hint(_new_run(words, loaded, find_run(loaded, folder, name))) from error
    _show(outcome, where, reporter)


def _reporter(quiet: bool, logs: Sequence[str]) -> "Reporter":
    from nntrain.training.logs import with_logs
    from nntrain.training.reporter import QuietReporter, TerminalReporter

    return with_logs(QuietReporter() if quiet else TerminalReporter(), logs)


def _show(
    outcome: "Outcome | CommitteeOutcome", where: Sequence[str], reporter: "Reporter"
) -> None:
    """Print the result, and what can be done next; `where` are the options of a cluster."""
    for trained, result in outcome.results():
        echo_about(trained, result)
    if outcome.larger:
        larger = _set_options([f"{key}={value}" for key, value in outcome.larger.items()])
        command = f"{outcome.run.resume_command} {command_line(*larger, *where)}"
        reporter.log(f"to go on, raise {' and '.join(outcome.larger)}: {command}")
    if outcome.signal is not None:
        exit_interrupted(outcome.signal, outcome.run.resume_command)


def _train(
    config: "Config",
    folder: Path | None,
    name: "RunName",
    resume: bool,
    weights: "Sequence[InitialWeights]",
    threads: int | None,
    scheduler: str | None,
    reporter: "Reporter",
) -> "Outcome | CommitteeOutcome":
    """Begin a run, with these initial weights if there are any, or resume one."""
    from nntrain.training import committee
    from nntrain.training.initial_weights import check_initial_weights, keep_initial_weights
    from nntrain.training.run import create_run, find_run
    from nntrain.training.threads import cores

    if scheduler is not None:
        from nntrain.cli.remote import train_on

        def get_run(complete: "Config", inputs: int) -> "RunFolder":
            if resume:
                return find_run(complete, folder, name)
            check_initial_weights(weights, complete, inputs)
            keep = partial(keep_initial_weights, weights, complete, inputs)
            return create_run(complete, folder, name, keep)

        return train_on(scheduler, config, get_run, threads or 1, reporter)
    threads = threads or cores()
    if resume:
        return committee.resume(config, folder, name, reporter, threads)
    return committee.start(config, folder, name, reporter, threads, init=weights)


def _new_run(words: Sequence[str], config: "Config", run: "RunFolder") -> str:
    """The hint to begin a new run by a command, with the weights of an old run if they fit."""
    from nntrain.training.initial_weights import can_begin_with

    if can_begin_with(run, config):
        command = command_line(*words, "--init", run.folder)
        return f"or begin a new run with its weights: {command}"
    return f"or begin a new run: {command_line(*words)}"


def _set_options(assignments: Sequence[str]) -> list[str]:
    return [word for assignment in assignments for word in ("--set", assignment)]
