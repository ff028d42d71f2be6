"""Training of a run: read the data, build the network, train it and save checkpoints."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from nntrain.config import Config, dump_config, parse_config
from nntrain.config.build import (
    build_augmenter,
    build_network,
    build_optimizer,
    build_rescale,
)
from nntrain.config.layers import shapes_text
from nntrain.data.batches import Batches, Rescale, one_hot
from nntrain.data.dataset import Subset
from nntrain.nn import Network
from nntrain.training import checkpoint
from nntrain.training.checkpoint import Checkpoint
from nntrain.training.initial_weights import InitialWeights, read_initial_weights
from nntrain.training.layer_stats import LayerStats
from nntrain.training.loop import outputs_for, train
from nntrain.training.progress import (
    EpochRecord,
    Progress,
    best,
    is_finished,
    summary,
    to_continue,
    why_finished,
)
from nntrain.training.reporter import Reporter
from nntrain.training.resume_checks import (
    check_same_config,
    check_same_rows,
    newest_checkpoint,
    warn_if_rounding_differs,
)
from nntrain.training.rows import Split, digest, read_data
from nntrain.training.run import RunFolder
from nntrain.training.run_data import NAME_THE_DATA, read_run_data
from nntrain.training.session import plan_of, training_session
from nntrain.training.signals import defer_signals
from nntrain.training.state import TrainingState
from nntrain.training.teacher import Teacher, find_teacher, keep_teacher, log_teacher, teacher_of


@dataclass(frozen=True)
class Outcome:
    """The result of a training.

    Attributes:
        run: The run's folder.
        history: The finished epochs.
        signal: The signal that interrupted the training; None if it was not interrupted.
        planned: The number of planned epochs.
        larger: The keys to raise for a resume to continue the training, with values that are large
            enough, if it stopped early or was finished already.
    """

    run: RunFolder
    history: list[EpochRecord]
    signal: int | None
    planned: int
    larger: dict[str, int] = field(default_factory=dict)

    def results(self) -> list[tuple[str, str]]:
        """The run's name and its result; none before the first epoch is finished."""
        if not self.history:
            return []
        planned = None if self.signal is None else self.planned
        return [(str(self.run), summary(self.history, planned))]


def fit(
    config: Config,
    create_run: Callable[[], RunFolder],
    reporter: Reporter,
    threads: int = 1,
    data: Split | None = None,
    should_stop: Callable[[EpochRecord], bool] = lambda record: False,
    init: InitialWeights | None = None,
    teacher: Teacher | None = None,
) -> Outcome:
    """Train a new run.

    Args:
        config: The complete configuration.
        create_run: Creates the run's folder; called after the data have been read and checked.
        reporter: Its callbacks are called during the training.
        threads: Number of threads; the same number always gives bit-identical results.
        data: The rows from `read_data`; None: read them here.
        should_stop: Called after each epoch; if true, training stops and can be resumed.
        init: The initial weights, which `create_run` must keep in the folder; None: drawn from the
            seed.
        teacher: The teacher; None: the one that the configuration names, if it names one.

    Raises:
        ConfigError: If the initial weights do not fit, or the network needs more memory
            than this machine has.
        DataError: If a CSV is invalid, or a memory-mapped file is modified during the training.
        RunError: If the folder cannot be created.
        DivergenceError: If the loss is no longer finite; the last checkpoint remains valid.
        NNTrainError: If a file cannot be written.
    """
    data = data or read_data(config, reporter)
    state = TrainingState.initial(config, data[0].dataset.pixels.shape[1], init)
    data_digest = digest(*data)
    teacher = teacher or find_teacher(config)
    if teacher is not None:
        teacher.check_fits(state.network.widths[0], config)
        log_teacher(teacher, data_digest if data[1] else None, reporter)
    run = create_run()
    if init is not None:
        reporter.log_about(str(run), f"beginning with the weights of {init.source}")
    with run.removed_if_nothing_is_saved(), run.lock():
        keep_teacher(run, teacher)
        return _train(
            config, run, state, data, data_digest, teacher, reporter, threads, should_stop
        )


def resume(
    config: Config,
    run: RunFolder,
    reporter: Reporter,
    threads: int = 1,
    data: Split | None = None,
    should_stop: Callable[[EpochRecord], bool] = lambda record: False,
    teacher: Teacher | None = None,
) -> Outcome:
    """Continue a run exactly where it was stopped.

    Args:
        config: The configuration that the run was started with; only `training.epochs` and
            `training.patience` may be larger. The CSVs may have another path if their rows are the
            same.
        run: A run that was stopped at any moment.
        reporter: Its callbacks are called during the training.
        threads: Number of threads.
        data: The rows from `read_data`; None: read them here.
        should_stop: Called after each epoch; if true, training stops and can be resumed.
        teacher: The teacher if the run keeps none; None: the one that the configuration names.

    Raises:
        ConfigError: If the run was started with another configuration.
        CheckpointError: If the run has no valid checkpoint.
        RunError: If another process is training the run.
        DataError, DivergenceError, NNTrainError: See `fit`.
    """
    with run.lock():
        file, saved = newest_checkpoint(run, reporter)
        before = parse_config(saved.meta.config, str(file)) if saved else run.config()
        config = config.with_classes_of(before)
        check_same_config(run, config, before)
        trained_on = saved.meta.data_digest if saved else None
        data = data or read_run_data(run, config, reporter, trained_on, NAME_THE_DATA)
        data_digest = digest(*data)
        init = read_initial_weights(run) if saved is None else None
        state = TrainingState.initial(config, data[0].dataset.pixels.shape[1], init)
        if saved is None:
            weights = f" with the weights of {init.source}" if init else ""
            reporter.log_about(str(run), f"no checkpoint yet; beginning again{weights}")
        else:
            check_same_rows(run, config, saved, data_digest)
            state.restore(saved, file)
            _log_position(run, config, before, saved, threads, reporter)
            run.write_progress(saved.progress)  # may be older, after a kill between the two writes
        teacher = teacher_of(run, config, saved.meta.teacher if saved else None, teacher)
        if teacher is not None:
            teacher.check_fits(state.network.widths[0], config)
        keep_teacher(run, teacher)
        run.write_config(config)
        return _train(
            config, run, state, data, data_digest, teacher, reporter, threads, should_stop
        )


def _log_position(
    run: RunFolder,
    config: Config,
    before: Config,
    saved: Checkpoint,
    threads: int,
    reporter: Reporter,
) -> None:
    training, progress = config.training, saved.progress
    if is_finished(progress.history, training.epochs, training.patience):
        why = why_finished(progress.history, training.epochs, training.patience)
        reporter.log_about(str(run), f"finished already: {why}")
        return
    within = f", batch {progress.batch:,} of the next" if progress.batch else ""
    reporter.log_about(str(run), f"going on after epoch {progress.epoch}{within}")
    warn_if_rounding_differs(saved, threads, reporter)
    schedule = training.schedule.name
    if schedule in ("cosine", "one_cycle") and training.epochs != before.training.epochs:
        reporter.log(
            f"warning: the {schedule} schedule now ends with epoch {training.epochs}, so the "
            "learning rate rises again"
        )


def dry_run(config: Config, reporter: Reporter) -> str:
    """Read the data and build the network without training it; returns a summary.

    Raises:
        DataError: If a CSV is invalid.
    """
    training, _ = read_data(config, reporter)
    config = config.with_classes(training.dataset.classes)
    network = build_network(config, training.dataset.pixels.shape[1])
    if (teacher := find_teacher(config)) is not None:
        teacher.check_fits(network.widths[0], config)
    build_optimizer(config, network)
    batches = len(batches_for(config, training, network, threads=1))
    members = f", {config.networks} {config.part}s" if config.networks > 1 else ""
    return (
        f"{shapes_text(network.shapes)}, {network.parameters.size:,} parameters, "
        f"{config.training.epochs} epochs of {batches:,} batches{members}"
    )


def _train(
    config: Config,
    run: RunFolder,
    state: TrainingState,
    data: Split,
    data_digest: str,
    teacher: Teacher | None,
    reporter: Reporter,
    threads: int,
    should_stop: Callable[[EpochRecord], bool],
) -> Outcome:
    training, validation = data
    network, progress, plan = state.network, state.progress, plan_of(config)
    finished_before = is_finished(progress.history, plan.epochs, plan.patience)
    batches = batches_for(config, training, network, threads, teacher)
    targets = one_hot(config.output_layer.dense, config.dtype)
    stats = LayerStats(network, training, batches.scale, targets)
    greatest = training.dataset.greatest_pixel
    taught_by = teacher.digest if teacher else ""
    now = _checkpoint_of(config, state, data_digest, greatest, threads, taught_by)
    session = training_session(
        config, network, state.optimizer, state.average, batches.batch_size, threads
    )
    with defer_signals() as signals, reporter, session as step:
        reporter.log(f"on {threads} thread{'s' * (threads > 1)}")

        def after_batch(progress: Progress) -> bool:
            reporter.on_batch_end(progress)
            return signals.signal is not None

        validate = _validation(config, state, validation, batches.scale, step.threads)
        reporter.on_run_begin(run, progress)
        reporter.on_train_begin(plan.epochs, len(batches), progress)
        for record in train(step, batches, plan, progress, validate, stats.compute, after_batch):
            for rows in data:
                if rows is not None:
                    rows.dataset.check_unchanged()
            # Save best.npz first: a run resumed from last.npz does not train this epoch again.
            is_best = best(progress.history) is record
            if is_best:
                checkpoint.save(run.best_file, now)
            checkpoint.save(run.last_file, now)
            run.write_progress(progress)
            reporter.on_epoch_end(record, plan.epochs, is_best)
            if signals.signal is not None or should_stop(record):
                break
        finished = is_finished(progress.history, plan.epochs, plan.patience)
        if progress.batch:
            checkpoint.save(run.last_file, now)
        stopped_early = finished and progress.epoch < plan.epochs
        if stopped_early and not finished_before:
            reporter.log(why_finished(progress.history, plan.epochs, plan.patience))
    larger = {}
    if stopped_early or finished_before:
        larger = to_continue(progress.history, plan.epochs, plan.patience)
    signal = None if finished else signals.signal
    return Outcome(run, progress.history, signal, plan.epochs, larger)


def _checkpoint_of(
    config: Config,
    state: TrainingState,
    data_digest: str,
    greatest_pixel: int,
    threads: int,
    teacher: str,
) -> Checkpoint:
    """A view of the live state: saving it later saves the values of that time."""
    meta = checkpoint.Meta(
        format=checkpoint.format_of(state.network),
        config=dump_config(config),
        inputs=state.network.widths[0],
        labels=list(config.class_names),
        greatest_pixel=greatest_pixel,
        data_digest=data_digest,
        threads=threads,
        machine=checkpoint.machine(),
        init=state.init,
        teacher=teacher,
    )
    return Checkpoint(meta, state.network.parameters, state.state, state.progress)


def _validation(
    config: Config, state: TrainingState, rows: Subset | None, scale: Rescale, threads: int
) -> Callable[[], tuple[float, float]]:
    """A function that returns validation loss and accuracy; both NaN without validation rows."""
    if rows is None:
        return lambda: (math.nan, math.nan)
    average, network = state.average, state.network
    if average is None:
        return lambda: _validate(network, rows, scale, threads)
    averaged = build_network(config, network.widths[0])

    def validate() -> tuple[float, float]:
        averaged.parameters[...] = average.parameters
        return _validate(averaged, rows, scale, threads)

    return validate


def batches_for(
    config: Config,
    training: Subset,
    network: Network,
    threads: int,
    teacher: Teacher | None = None,
) -> Batches:
    """The batches of the training rows, with the configured size, scale and distortions."""
    distorter = build_augmenter(config, network.widths[0])
    return Batches(
        training,
        targets=one_hot(config.output_layer.dense, config.dtype, config.training.label_smoothing),
        batch_size=config.training.batch_size,
        scale=build_rescale(config),
        seed=config.seed,
        augmenter=distorter,
        mixup=config.training.mixup,
        teach=teacher.teach if teacher else None,
        workers=threads if distorter or teacher else 1,
    )


def _validate(network: Network, rows: Subset, scale: Rescale, threads: int) -> tuple[float, float]:
    outputs = outputs_for(network, rows, scale, threads)
    targets = one_hot(outputs.shape[1], outputs.dtype.name)[rows.labels]
    accuracy = float(np.mean(outputs.argmax(axis=1) == rows.labels))
    return network.loss.value(outputs, targets), accuracy
