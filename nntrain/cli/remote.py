"""Training on a cluster, for the commands `fit` and `sweep`."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from nntrain.cli.terminal import echo, exit_interrupted
from nntrain.errors import MissingLibraryError
from nntrain.shell import command_line

if TYPE_CHECKING:
    from nntrain.config import Config
    from nntrain.training.committee import CommitteeOutcome
    from nntrain.training.fit import Outcome
    from nntrain.training.progress import EpochRecord
    from nntrain.training.reporter import Reporter
    from nntrain.training.run import RunFolder


def require_extra(*modules: str, extra: str = "sweep") -> None:
    """Raise a MissingLibraryError if one of the modules of this extra is not installed."""
    import importlib.util

    for name in modules:
        if importlib.util.find_spec(name) is None:
            raise MissingLibraryError(f"this needs {name}", extra)


def train_on(
    scheduler: str,
    config: "Config",
    get_run: "Callable[[Config, int], RunFolder]",
    threads: int,
    reporter: "Reporter",
) -> "Outcome | CommitteeOutcome":
    """Train a run or a committee on the workers of a scheduler.

    `get_run` creates or opens the run's folder; it is called with the configuration for the classes
    of the data and the number of pixels, after data and scheduler were found. During the training,
    only `log` and `on_run_begin` of the reporter are called.

    Raises:
        NNTrainError: If a training fails, or the cluster is lost.
    """
    require_extra("distributed")
    from dataclasses import replace

    from nntrain.cluster.connect import open_cluster
    from nntrain.cluster.dispatcher import Dispatcher
    from nntrain.cluster.remote import train_remotely
    from nntrain.training.committee import check_members, resume
    from nntrain.training.initial_weights import keep_for_more_members
    from nntrain.training.origin import RunName
    from nntrain.training.resume_checks import check_same_config, may_grow
    from nntrain.training.rows import read_data
    from nntrain.training.signals import defer_signals

    data = read_data(config, reporter)
    complete = config.with_classes(data[0].dataset.classes)

    def on_epoch_end(name: str, record: "EpochRecord") -> None:
        reporter.log(f"{name}: epoch {record.epoch}/{config.training.epochs}: {record.describe()}")

    def notice(text: str) -> None:
        echo(text, err=True)

    with (
        open_cluster(scheduler, 0) as connect,
        Dispatcher(connect, data, threads, notice, on_epoch_end) as dispatcher,
        defer_signals() as interruption,
    ):
        run = get_run(complete, data[0].dataset.pixels.shape[1])
        check_same_config(run, complete, run.config(), may_grow(run.config()))
        finished = check_members(complete, run, data, reporter)
        keep_for_more_members(run, complete)
        run.write_config(complete)
        with run.removed_if_nothing_is_saved(), run.lock():
            train_remotely(
                complete, run, dispatcher, reporter, lambda: interruption.signal is not None
            )
    if interruption.signal is not None:
        words = command_line("--scheduler", scheduler)
        exit_interrupted(interruption.signal, f"{run.resume_command} {words}")
    # Only evaluates: everything is trained.
    outcome = resume(config, run.folder, RunName("", None), reporter, threads, data)
    if len(finished) < len(run.members()) and "training.patience" not in outcome.larger:
        return replace(outcome, larger={})  # it has just been trained to its end
    return outcome
