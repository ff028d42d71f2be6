"""From a configuration to a trained run: read the data, build, train, keep what was learned."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nntrain.config import Config, dump_config, parse_config
from nntrain.config.build import (
    build_augmenter,
    build_network,
    build_optimizer,
    build_rescale,
)
from nntrain.data.batches import Batches, Rescale, one_hot
from nntrain.data.dataset import Subset
from nntrain.nn import Network
from nntrain.training import checkpoint
from nntrain.training.checkpoint import Checkpoint
from nntrain.training.layer_stats import LayerStats
from nntrain.training.loop import outputs_for, train
from nntrain.training.progress import EpochRecord, Progress, best, is_finished
from nntrain.training.reporter import Reporter
from nntrain.training.resume_checks import (
    check_same_config,
    check_same_rows,
    newest_checkpoint,
    warn_if_rounding_differs,
)
from nntrain.training.rows import Split, digest, read_data
from nntrain.training.run import RunFolder
from nntrain.training.session import plan_of, training_session
from nntrain.training.signals import defer_signals
from nntrain.training.state import TrainingState


@dataclass(frozen=True)
class Outcome:
    """How a training ended.

    Attributes:
        run: Where everything is kept.
        history: The finished epochs.
        signal: The signal that interrupted it; None if nothing did.
    """

    run: RunFolder
    history: list[EpochRecord]
    signal: int | None

    @property
    def best(self) -> EpochRecord | None:
        """The best epoch, if one was finished."""
        return best(self.history) if self.history else None

    def results(self) -> list[str]:
        """What was reached, as lines for people; none before the first epoch is finished."""
        if self.best is None:
            return []
        return [f"{self.run}: {self.best.describe()} (of {len(self.history)})"]


def fit(
    config: Config,
    make_run: Callable[[], RunFolder],
    reporter: Reporter,
    threads: int = 1,
    data: Split | None = None,
    should_stop: Callable[[EpochRecord], bool] = lambda record: False,
) -> Outcome:
    """Train a new run.

    Args:
        config: Complete.
        make_run: Makes the run's folder; called when the data are known to be good.
        reporter: Is told what happens.
        threads: How many share the work; one number always gives the same bits.
        data: What `read_data` gives, if it has been read before.
        should_stop: Asked after each epoch; true ends the training there, to be resumed.

    Raises:
        DataError: A CSV does not hold what it should.
        RunError: The folder cannot be made.
        DivergenceError: The loss is no longer finite; the last good checkpoint stands.
        DataError: Mapped rows were changed meanwhile; likewise.
        NNTrainError: Something cannot be written.
    """
    data = data or read_data(config, reporter)
    learning = TrainingState.begin(config, data[0].digits.pixels.shape[1])
    data_digest = digest(*data)
    run = make_run()
    with run.lock():
        return _train(config, run, learning, data, data_digest, reporter, threads, should_stop)


def resume(
    config: Config,
    run: RunFolder,
    reporter: Reporter,
    threads: int = 1,
    data: Split | None = None,
    should_stop: Callable[[EpochRecord], bool] = lambda record: False,
) -> Outcome:
    """Go on with a run exactly where it was stopped.

    Args:
        config: As the run was begun with; only `training.epochs` may be larger. The CSVs may have
            moved, if their rows are the same.
        run: Stopped at any moment.
        reporter: Is told what happens.
        threads: As in `fit`.
        data: As in `fit`.
        should_stop: As in `fit`.

    Raises:
        ConfigError: The configuration is another one.
        CheckpointError: No checkpoint of the run can be trusted.
        RunError: Another process trains it.
        DataError, DivergenceError, NNTrainError: As in `fit`.
    """
    with run.lock():
        return _resume(config, run, reporter, threads, data, should_stop)


def _resume(
    config: Config,
    run: RunFolder,
    reporter: Reporter,
    threads: int,
    data: Split | None,
    should_stop: Callable[[EpochRecord], bool],
) -> Outcome:
    file, saved = newest_checkpoint(run, reporter)
    before = parse_config(saved.meta.config, str(file)) if saved else run.config()
    check_same_config(run, config, before)
    data = data or read_data(config, reporter)
    data_digest = digest(*data)
    learning = TrainingState.begin(config, data[0].digits.pixels.shape[1])
    if saved is None:
        reporter.log(f"{run}: no checkpoint yet; beginning again")
    else:
        check_same_rows(run, config, saved, data_digest)
        learning.restore(saved, file)
        progress = saved.progress
        if is_finished(progress.history, config.training.epochs, config.training.patience):
            reporter.log(f"{run}: finished already; a larger training.epochs would go on")
        else:
            reporter.log(f"{run}: going on after {_position(progress)}")
            warn_if_rounding_differs(saved, threads, reporter)
        stretched = config.training.schedule.name in ("cosine", "one_cycle")
        if stretched and config.training.epochs != before.training.epochs:
            reporter.log(
                f"warning: the {config.training.schedule.name} schedule now ends with epoch "
                f"{config.training.epochs}, so the learning rate rises again"
            )
        run.write_progress(progress)  # a kill may have come between checkpoint and metrics
    run.write_config(config)
    return _train(config, run, learning, data, data_digest, reporter, threads, should_stop)


def dry_run(config: Config, reporter: Reporter) -> str:
    """Do all that comes before the training, and say what would be trained.

    Raises:
        DataError: As in `fit`.
    """
    training, _ = read_data(config, reporter)
    network = build_network(config, training.digits.pixels.shape[1])
    build_optimizer(config, network)
    batches = len(batches_for(config, training, network, threads=1))
    members = f", {config.members} members" if config.members > 1 else ""
    return (
        f"{'-'.join(map(str, network.widths))}, {network.parameters.size:,} parameters, "
        f"{config.training.epochs} epochs of {batches:,} batches{members}"
    )


def _train(
    config: Config,
    run: RunFolder,
    learning: TrainingState,
    data: Split,
    data_digest: str,
    reporter: Reporter,
    threads: int,
    should_stop: Callable[[EpochRecord], bool],
) -> Outcome:
    training, validation = data
    network, progress, plan = learning.network, learning.progress, plan_of(config)
    batches = batches_for(config, training, network, threads)
    stats = LayerStats(network, training, batches.scale, one_hot(config.data.classes, config.dtype))
    now = _checkpoint_of(config, learning, data_digest, threads)
    session = training_session(
        config, network, learning.optimizer, learning.average, batches.batch_size, threads
    )
    with defer_signals() as interruption, reporter, session as step:
        reporter.log(f"on {threads} thread{'s' * (threads > 1)}")

        def after_batch(progress: Progress) -> bool:
            reporter.on_batch_end(progress)
            return interruption.signal is not None

        validate = _validation(config, learning, validation, batches.scale, step.threads)
        reporter.on_train_begin(plan.epochs, len(batches), progress)
        for record in train(step, batches, plan, progress, validate, stats.compute, after_batch):
            for rows in data:
                if rows is not None:
                    rows.digits.check_unchanged()
            # The best first: had it to wait for `last`, a resume would no longer write it.
            is_best = best(progress.history) is record
            if is_best:
                checkpoint.save(run.best_file, now)
            checkpoint.save(run.last_file, now)
            run.write_progress(progress)
            reporter.on_epoch_end(record, plan.epochs, is_best)
            if interruption.signal is not None or should_stop(record):
                break
        finished = is_finished(progress.history, plan.epochs, plan.patience)
        if progress.batch:
            checkpoint.save(run.last_file, now)
        elif finished and progress.epoch < plan.epochs:
            reporter.log(
                f"stopped early: {plan.patience} epochs without a better validation accuracy"
            )
    return Outcome(run, progress.history, None if finished else interruption.signal)


def _checkpoint_of(
    config: Config, learning: TrainingState, data_digest: str, threads: int
) -> Checkpoint:
    """The arrays and the progress themselves: whenever it is saved, it holds what they are then."""
    meta = checkpoint.Meta(
        config=dump_config(config),
        inputs=learning.network.widths[0],
        labels=list(range(config.data.classes)),
        data_digest=data_digest,
        position=checkpoint.position_of(learning.progress),
        threads=threads,
        machine=checkpoint.machine(),
    )
    return Checkpoint(meta, learning.network.parameters, learning.state, learning.progress)


def _validation(
    config: Config, learning: TrainingState, rows: Subset | None, scale: Rescale, threads: int
) -> Callable[[], tuple[float, float]]:
    """A function that gives loss and accuracy on the validation rows; both nan without any."""
    if rows is None:
        return lambda: (math.nan, math.nan)
    average, network = learning.average, learning.network
    if average is None:
        return lambda: _validate(network, rows, scale, threads)
    averaged = build_network(config, network.widths[0])

    def validate() -> tuple[float, float]:
        averaged.parameters[...] = average.parameters
        return _validate(averaged, rows, scale, threads)

    return validate


def batches_for(config: Config, training: Subset, network: Network, threads: int) -> Batches:
    """The rows to train on, as the configuration wants them dealt out."""
    distorter = build_augmenter(config, network.widths[0])
    return Batches(
        training,
        targets=one_hot(config.data.classes, config.dtype, config.training.label_smoothing),
        batch_size=config.training.batch_size,
        scale=build_rescale(config),
        seed=config.seed,
        distorter=distorter,
        workers=threads if distorter else 1,
    )


def _validate(network: Network, rows: Subset, scale: Rescale, threads: int) -> tuple[float, float]:
    """Loss and accuracy on the rows held out."""
    outputs = outputs_for(network, rows, scale, threads)
    targets = one_hot(outputs.shape[1], outputs.dtype.name)[rows.labels]
    accuracy = float(np.mean(outputs.argmax(axis=1) == rows.labels))
    return network.loss.value(outputs, targets), accuracy


def _position(progress: Progress) -> str:
    within = f", batch {progress.batch:,} of the next" if progress.batch else ""
    return f"epoch {progress.epoch}{within}"
