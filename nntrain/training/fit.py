"""From a configuration to a trained run: read the data, build, train, keep what was learned."""

import hashlib
import math
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from nntrain.config import Config, dump_config, parse_config
from nntrain.config.build import (
    build_average,
    build_distorter,
    build_network,
    build_optimizer,
    build_regularization,
    build_scale,
    build_schedule,
    initial_network,
)
from nntrain.data.batches import Batches, PixelScale, one_hot
from nntrain.data.digits import Digits, Selection
from nntrain.data.kaggle import read_csv
from nntrain.data.split import hold_out
from nntrain.errors import DataError
from nntrain.nn import Descent, MovingAverage, Network, Optimizer, Team
from nntrain.nn.arrays import Array
from nntrain.training import checkpoint
from nntrain.training.checkpoint import Checkpoint
from nntrain.training.examination import Examination
from nntrain.training.interruption import deferred_signals
from nntrain.training.loop import Plan, outputs_for, train
from nntrain.training.progress import EpochRecord, Progress, best, is_finished
from nntrain.training.reporter import Reporter
from nntrain.training.resumption import (
    newest_checkpoint,
    refuse_differences,
    refuse_other_rows,
    warn_of_other_rounding,
)
from nntrain.training.run import Run


@dataclass(frozen=True)
class Outcome:
    """How a training ended.

    Attributes:
        run: Where everything is kept.
        history: The finished epochs.
        signal: The signal that interrupted it; None if nothing did.
    """

    run: Run
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


Split = tuple[Selection, Selection | None]  # those to train on and those to validate with


@dataclass
class Learning:
    """All that changes while a network is trained.

    Attributes:
        network: Its parameters are moved,
        optimizer: by this one,
        average: and followed by this one, if there is one.
        progress: How far.
    """

    network: Network
    optimizer: Optimizer
    average: MovingAverage | None
    progress: Progress

    @classmethod
    def begin(cls, config: Config, inputs: int) -> "Learning":
        """Before the first step; `inputs` is n_0."""
        network = initial_network(config, inputs)
        optimizer = build_optimizer(config, network)
        return cls(network, optimizer, build_average(config, network), Progress())

    def restore(self, saved: Checkpoint, path: Path) -> None:
        """Go to where a checkpoint was saved.

        Raises:
            CheckpointError: The one in this file is of another network.
        """
        arrays = {"parameters": saved.parameters, **saved.optimizer_state}
        own = {"parameters": self.network.parameters, **self.state}
        checkpoint.refuse_other_arrays(
            path, arrays, {name: (array.shape, array.dtype) for name, array in own.items()}
        )
        for name, array in own.items():
            array[...] = arrays[name]
        self.progress = saved.progress

    @property
    def state(self) -> dict[str, Array]:
        """All arrays but the parameters, by name."""
        return self.optimizer.state | (self.average.state if self.average else {})


def fit(
    config: Config,
    make_run: Callable[[], Run],
    reporter: Reporter,
    threads: int = 1,
    data: Split | None = None,
    enough: Callable[[EpochRecord], bool] = lambda record: False,
) -> Outcome:
    """Train a new run.

    Args:
        config: Complete.
        make_run: Makes the run's folder; called when the data are known to be good.
        reporter: Is told what happens.
        threads: How many share the work; one number always gives the same bits.
        data: What `read_data` gives, if it has been read before.
        enough: Asked after each epoch; true ends the training there, to be resumed.

    Raises:
        DataError: A CSV does not hold what it should.
        RunError: The folder cannot be made.
        DivergenceError: The loss is no longer finite; the last good checkpoint stands.
        DataError: Mapped rows were changed meanwhile; likewise.
        NNTrainError: Something cannot be written.
    """
    data = data or read_data(config, reporter)
    learning = Learning.begin(config, data[0].digits.pixels.shape[1])
    data_digest = digest(*data)
    run = make_run()
    with run.held():
        return _train(config, run, learning, data, data_digest, reporter, threads, enough)


def resume(
    config: Config,
    run: Run,
    reporter: Reporter,
    threads: int = 1,
    data: Split | None = None,
    enough: Callable[[EpochRecord], bool] = lambda record: False,
) -> Outcome:
    """Go on with a run exactly where it was stopped.

    Args:
        config: As the run was begun with; only `training.epochs` may be larger. The CSVs may have
            moved, if their rows are the same.
        run: Stopped at any moment.
        reporter: Is told what happens.
        threads: As in `fit`.
        data: As in `fit`.
        enough: As in `fit`.

    Raises:
        ConfigError: The configuration is another one.
        CheckpointError: No checkpoint of the run can be trusted.
        RunError: Another process trains it.
        DataError, DivergenceError, NNTrainError: As in `fit`.
    """
    with run.held():
        return _resume(config, run, reporter, threads, data, enough)


def _resume(
    config: Config,
    run: Run,
    reporter: Reporter,
    threads: int,
    data: Split | None,
    enough: Callable[[EpochRecord], bool],
) -> Outcome:
    file, saved = newest_checkpoint(run, reporter)
    before = parse_config(saved.config, str(file)) if saved else run.config()
    refuse_differences(run, config, before)
    data = data or read_data(config, reporter)
    data_digest = digest(*data)
    learning = Learning.begin(config, data[0].digits.pixels.shape[1])
    if saved is None:
        reporter.notice(f"{run}: no checkpoint yet; beginning again")
    else:
        refuse_other_rows(run, config, saved, data_digest)
        learning.restore(saved, file)
        progress = saved.progress
        if is_finished(progress.history, config.training.epochs, config.training.patience):
            reporter.notice(f"{run}: finished already; a larger training.epochs would go on")
        else:
            reporter.notice(f"{run}: going on after {_position(progress)}")
            warn_of_other_rounding(saved, threads, reporter)
        stretched = config.training.schedule.name in ("cosine", "one_cycle")
        if stretched and config.training.epochs != before.training.epochs:
            reporter.notice(
                f"warning: the {config.training.schedule.name} schedule now ends with epoch "
                f"{config.training.epochs}, so the learning rate rises again"
            )
        run.write_progress(progress)  # a kill may have come between checkpoint and metrics
    run.write_config(config)
    return _train(config, run, learning, data, data_digest, reporter, threads, enough)


def rehearse(config: Config, reporter: Reporter) -> str:
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


def read_data(config: Config, reporter: Reporter) -> Split:
    """The rows to train on and those to validate with.

    Raises:
        DataError: A CSV does not hold what it should, or the split leaves one side empty.
        ConfigError: Images that are not square should be distorted.
    """
    data = config.data
    digits = read_csv(
        data.train, labels="required", classes=data.classes, label_column=data.label_column
    )
    return split(config, digits, reporter)


def split(config: Config, digits: Digits, reporter: Reporter) -> Split:
    """Labelled rows as those to train on and those to validate with, as `data.validation` has it.

    Raises:
        DataError: All rows are of one digit, or the split leaves one side empty, or the CSV to
            validate with does not hold what it should.
        ConfigError: Images that are not square should be distorted.
    """
    data = config.data
    if len(digits.counts()) == 1:
        raise DataError(
            f"{digits.source}: all labels are {digits.counts()[0][0]}; "
            "give a file with at least two different digits"
        )
    build_distorter(config, digits.pixels.shape[1])  # refuses what is not square, in good time
    _describe(digits, data.classes, reporter)
    if isinstance(data.validation, str):
        validation = read_labelled(data.validation, data.classes, data.label_column, reporter)
        if validation.pixels.shape[1] != digits.pixels.shape[1]:
            raise DataError(
                f"{validation.source}: {validation.pixels.shape[1]} pixels a row, but "
                f"{digits.source} has {digits.pixels.shape[1]}; both must show the same pictures"
            )
        return digits.all(), validation.all()
    training, held_out = hold_out(digits, data.validation, split_seed(config))
    if held_out is not None:
        reporter.notice(f"training on {len(training):,} rows, validating on {len(held_out):,}")
    return training, held_out


def split_seed(config: Config) -> int:
    """Where the draw of the rows held out starts."""
    return config.seed if config.data.split_seed is None else config.data.split_seed


def read_labelled(path: str, classes: int, label_column: str | None, reporter: Reporter) -> Digits:
    """A CSV whose rows have labels 0 … classes − 1.

    Raises:
        DataError: It does not hold what it should.
    """
    digits = read_csv(path, labels="required", classes=classes, label_column=label_column)
    _describe(digits, classes, reporter)
    return digits


def _describe(digits: Digits, classes: int, reporter: Reporter) -> None:
    """Say what a labelled CSV holds, and what it seems to lack."""
    reporter.notice(f"{digits.source}: {digits.describe()}")
    for doubt in digits.doubts(classes):
        reporter.notice(f"warning: {doubt}")


def _train(
    config: Config,
    run: Run,
    learning: Learning,
    data: Split,
    data_digest: str,
    reporter: Reporter,
    threads: int,
    enough: Callable[[EpochRecord], bool],
) -> Outcome:
    training, validation = data
    network, progress = learning.network, learning.progress
    batches = batches_for(config, training, network, threads)
    judged = network if learning.average is None else build_network(config, network.widths[0])
    plan = Plan(
        epochs=config.training.epochs,
        patience=config.training.patience,
        learning_rate=config.training.optimizer.learning_rate,
        schedule=build_schedule(config),
    )
    now = Checkpoint(  # the arrays and the progress themselves, so whenever it is saved, it is now
        config=dump_config(config),
        inputs=network.widths[0],
        labels=list(range(config.data.classes)),
        data_digest=data_digest,
        parameters=network.parameters,
        optimizer_state=learning.state,
        progress=progress,
        threads=threads,
    )

    with ExitStack() as stack:
        interruption = stack.enter_context(deferred_signals())
        stack.enter_context(reporter)
        # Where weights grow without bounds, the loss tells; a warning would only add noise.
        stack.enter_context(np.errstate(over="ignore", invalid="ignore"))
        team = stack.enter_context(Team(threads))
        descent = Descent(
            network,
            learning.optimizer,
            batches.batch_size,
            team,
            build_regularization(config, network),
            learning.average,
        )
        stack.enter_context(threadpool_limits(descent.blas_threads, "blas"))
        reporter.notice(f"on {threads} thread{'s' * (threads > 1)}")

        def after_batch(progress: Progress) -> bool:
            reporter.batch(progress)
            return interruption.signal is not None

        examine = Examination(
            network,
            build_network(config, network.widths[0]),
            training,
            batches.scale,
            one_hot(config.data.classes, config.dtype),
        )

        def validate() -> tuple[float, float]:
            if learning.average is not None:
                judged.parameters[...] = learning.average.parameters
            if validation is None:
                return math.nan, math.nan
            return _validate(judged, validation, batches.scale, descent.threads)

        reporter.begin(plan.epochs, len(batches), progress)
        for record in train(descent, batches, plan, progress, validate, examine, after_batch):
            for rows in data:
                if rows is not None:
                    rows.digits.refuse_changes()
            # The best first: had it to wait for `last`, a resume would no longer write it.
            is_best = best(progress.history) is record
            if is_best:
                checkpoint.save(run.best_file, now)
            checkpoint.save(run.last_file, now)
            run.write_progress(progress)
            reporter.epoch(record, plan.epochs, is_best)
            if interruption.signal is not None or enough(record):
                break
        finished = is_finished(progress.history, plan.epochs, plan.patience)
        if progress.batch:
            checkpoint.save(run.last_file, now)
        elif finished and progress.epoch < plan.epochs:
            reporter.notice(
                f"stopped early: {plan.patience} epochs without a better validation accuracy"
            )
    return Outcome(run, progress.history, None if finished else interruption.signal)


def batches_for(config: Config, training: Selection, network: Network, threads: int) -> Batches:
    """The rows to train on, as the configuration wants them dealt out."""
    distorter = build_distorter(config, network.widths[0])
    return Batches(
        training,
        targets=one_hot(config.data.classes, config.dtype, config.training.label_smoothing),
        batch_size=config.training.batch_size,
        scale=build_scale(config),
        seed=config.seed,
        distorter=distorter,
        kept=network.kept,
        workers=threads if distorter else 1,
    )


def _validate(
    network: Network, rows: Selection, scale: PixelScale, threads: int
) -> tuple[float, float]:
    """Loss and accuracy on the rows held out."""
    outputs = outputs_for(network, rows, scale, threads)
    targets = one_hot(outputs.shape[1], outputs.dtype.name)[rows.labels]
    accuracy = float(np.mean(outputs.argmax(axis=1) == rows.labels))
    return network.loss.value(outputs, targets), accuracy


def _position(progress: Progress) -> str:
    within = f", batch {progress.batch:,} of the next" if progress.batch else ""
    return f"epoch {progress.epoch}{within}"


def digest(training: Selection, validation: Selection | None) -> str:
    """SHA-256 of all rows, which of them are trained on, and which validate."""
    digests = [rows.digest for rows in (training, validation) if rows is not None]
    return hashlib.sha256("".join(digests).encode()).hexdigest()
