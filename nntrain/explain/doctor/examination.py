"""Measurements of a run, from which diagnoses are made."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from nntrain.config import Config, parse_config
from nntrain.config.build import build_regularization, build_rescale
from nntrain.config.schema import LayerConfig
from nntrain.data.batches import one_hot
from nntrain.data.checks import count_shared, low_range, missing_classes
from nntrain.data.dataset import Subset
from nntrain.errors import DataError, DivergenceError
from nntrain.nn import ACTIVATIONS, LOSSES, Network
from nntrain.nn.arrays import Array
from nntrain.training.checkpoint import Checkpoint
from nntrain.training.fit import batches_for
from nntrain.training.initial_weights import read_initial_weights
from nntrain.training.layer_stats import saturated
from nntrain.training.loop import train
from nntrain.training.progress import EpochRecord, is_finished
from nntrain.training.reporter import WARNING, Reporter
from nntrain.training.resume_checks import newest_checkpoint
from nntrain.training.rows import Split, digest
from nntrain.training.run import RunFolder
from nntrain.training.run_data import read_run_data
from nntrain.training.session import plan_of, training_session
from nntrain.training.state import TrainingState
from nntrain.training.teacher import Teacher, teacher_of

# Enough for shares to within a point or two in one second.
SAMPLE_ROWS = 2_000
# Trial steps: single batches differ, their mean hardly does.
STEPS = 8
SQUASHING = ("sigmoid", "tanh", "scaled_tanh")
# Rounding separates equal neurons by less than this, relative to the largest weight.
ROUNDING = 1e-3


@dataclass(frozen=True)
class Sample:
    """Some training rows, as inputs and targets.

    Attributes:
        x: x_0, shape (N, n_0).
        y: The targets, shape (N, n_L).
    """

    x: Array
    y: Array

    @classmethod
    def of(cls, config: Config, rows: Subset) -> "Sample":
        """Take evenly spaced rows."""
        index = np.unique(np.linspace(0, len(rows) - 1, SAMPLE_ROWS).astype(np.intp))
        pixels = np.empty((len(index), rows.dataset.pixels.shape[1]), np.uint8)
        rows.take(index, pixels)
        x = np.empty(pixels.shape, config.dtype)
        build_rescale(config).apply(pixels, x)
        targets = one_hot(config.output_layer.dense, config.dtype, config.training.label_smoothing)
        return cls(x, targets[rows.labels[index]])


class DataDoubts(NamedTuple):
    """What is doubtful about the rows of a run.

    Attributes:
        low_range: 1 or 16, if the pixels seem to be numbers from 0 to that.
        shared: Number of validation rows that are also training rows.
        not_validated: Classes without a validation row, as text.
    """

    low_range: int | None
    shared: int
    not_validated: str

    @classmethod
    def of(cls, config: Config, training: Subset, validation: Subset | None) -> "DataDoubts":
        """Compare the rows with each other and with the usual range."""
        low = low_range(training.dataset, config.data.pixel_range)
        if validation is None:
            return cls(low, 0, "")
        return cls(low, count_shared(training, validation), missing_classes(validation, training))


@dataclass(frozen=True)
class Snapshot:
    """Statistics of a network on the sample, with the weights of one moment; layers from 1 to L.

    Attributes:
        loss: E.
        deltas: The mean |δ_i| of a row.
        saturated: The share of outputs with a tiny σ′ in each layer; 0 unless σ is squashing.
        dead: The share of neurons in each layer that are 0 for all rows; 0 without relu.
        step: ‖ΔW‖ / ‖W‖, the mean of the first eight steps from here with the configured learning
            rate; W is the larger one of before and after, so that it is at most 2, also from W = 0.
        loss_after: E after these steps, or more if asked for.
    """

    loss: float
    deltas: list[float]
    saturated: list[float]
    dead: list[float]
    step: float
    loss_after: float

    @classmethod
    def of(
        cls, config: Config, state: TrainingState, sample: Sample, steps: int = STEPS
    ) -> "Snapshot":
        """Measure; the steps change `state`."""
        network = state.network
        # Overflow is measured, so no warning is needed.
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            xs = network.forward(sample.x)
            loss = network.loss.value(xs[-1], sample.y)
            deltas = [
                float(np.linalg.norm(len(delta) * _rows(delta), axis=1).mean())
                for delta in network.backpropagate(xs, sample.y)
            ]
            outputs = list(zip(config.network, xs[1:], strict=True))
            shares = [_saturated(layer, x) for layer, x in outputs]
            dead = [_dead(layer, x) for layer, x in outputs]
            step = _relative_step(config, state, sample, steps)
            after = network.loss.value(network.predict(sample.x), sample.y)
        return cls(loss, deltas, shares, dead, step, after)

    @property
    def gradient_ratio(self) -> float:
        """|δ_1| / |δ_L|; NaN where it has no meaning."""
        first, last = self.deltas[0], self.deltas[-1]
        return first / last if last and math.isfinite(first + last) else math.nan


def _saturated(layer: LayerConfig, x: Array) -> float:
    if layer.activation not in SQUASHING:
        return 0.0
    return float(saturated(ACTIVATIONS[layer.activation], x).mean())


def _dead(layer: LayerConfig, x: Array) -> float:
    """The share of neurons, or of filters, that are 0 for all rows."""
    neurons = x.reshape(-1, x.shape[-1])
    return float(np.mean((neurons <= 0).all(axis=0))) if layer.activation == "relu" else 0.0


def _rows(delta: Array) -> Array:
    """δ of each sample as a row, in float64."""
    return delta.reshape(len(delta), -1).astype(np.float64)


def _relative_step(config: Config, state: TrainingState, sample: Sample, count: int) -> float:
    network, optimizer = state.network, state.optimizer
    rules = build_regularization(config, network)
    weights = slice(0, network.weight_count)
    size = min(config.training.batch_size, len(sample.x))
    steps: list[float] = []
    for number in range(count):
        start = number % (len(sample.x) // size) * size
        rows, before = slice(start, start + size), network.parameters[weights].copy()
        gradient = network.gradient(network.forward(sample.x[rows]), sample.y[rows])
        rules.clip(gradient)
        optimizer.step(network.parameters, gradient, config.training.optimizer.learning_rate)
        after = network.parameters[weights]
        length = max(_norm(before), _norm(after))
        steps.append(_norm(after - before) / length if length else 0.0)
    # Weights that overflowed have moved by all of their size.
    return float(np.nan_to_num(steps[:STEPS], nan=1.0, posinf=1.0).mean())


def _norm(vector: Array) -> float:
    return float(np.linalg.norm(vector.astype(np.float64)))


@dataclass(frozen=True)
class WeightChange:
    """The difference between the initial weights W_0 of a run and its newest ones.

    Attributes:
        moved: ‖W − W_0‖ / ‖W_0‖; ∞ if W_0 is 0, NaN if W overflowed.
        shrunk: ‖W‖ / ‖W_0‖; the same.
        symmetric: The hidden layers, from 1, whose neurons all have the same weights.
        symmetric_at_start: Those whose neurons had the same initial weights.
    """

    moved: float
    shrunk: float
    symmetric: list[int]
    symmetric_at_start: list[int]

    @classmethod
    @np.errstate(over="ignore", invalid="ignore")
    def of(cls, start: Network, end: Network) -> "WeightChange":
        """Compare two networks of the same shape."""
        weights = slice(0, start.weight_count)
        before, after = start.parameters[weights], end.parameters[weights]
        size = _norm(before)
        moved, shrunk = math.nan, math.nan
        if np.isfinite(after).all():
            moved, shrunk = (
                _norm(vector) / size if size else math.inf for vector in (after - before, after)
            )
        return cls(moved, shrunk, _symmetric_layers(end), _symmetric_layers(start))


def _symmetric_layers(network: Network) -> list[int]:
    return [
        number
        for number, layer in enumerate(network.layers[:-1], 1)
        if len(layer.biases) > 1
        and np.ptp(layer.weights, axis=0).max() <= ROUNDING * abs(layer.weights).max()
    ]


@dataclass(frozen=True)
class RunStats:
    """Everything that diagnoses are made from.

    Attributes:
        run: The run.
        config: The configuration that it was trained with.
        history: Its finished epochs.
        finished: Whether training is complete.
        divergence: How its unfinished epoch diverged when it was trained again; None if it did
            not or there is none.
        baseline: E of the best constant answer, which is the same for all rows.
        rows: The numbers of training and validation rows; None without data.
        start: With the initial weights; None without data.
        end: With the newest weights; None without a checkpoint or data.
        weights: How far they have moved; None without a checkpoint.
        inputs: n_0; None without data and checkpoint.
        sample: The rows that were measured; None without data.
        doubts: What is doubtful about the data; None without data.
    """

    run: RunFolder
    config: Config
    history: list[EpochRecord]
    finished: bool
    divergence: str | None
    baseline: float
    rows: tuple[int, int] | None
    start: Snapshot | None
    end: Snapshot | None
    weights: WeightChange | None
    inputs: int | None
    sample: Sample | None
    doubts: DataDoubts | None

    @property
    def accuracy(self) -> float:
        """The best accuracy of all epochs, in training or validation; 0 without one."""
        shares = [share for r in self.history for share in (r.train_accuracy, r.val_accuracy)]
        return max((share for share in shares if not math.isnan(share)), default=0.0)

    def start_with(self, config: Config, steps: int = STEPS) -> Snapshot | None:
        """The initial state with another configuration of the same pixels; None without data."""
        if self.sample is None or self.inputs is None:
            return None
        old, new = build_rescale(self.config), build_rescale(config)
        x = new.low + (self.sample.x - old.low) * (new.slope / old.slope)
        sample = Sample(x.astype(config.dtype), self.sample.y)
        return Snapshot.of(config, TrainingState.initial(config, self.inputs), sample, steps)


def examine(run: RunFolder, data: Split | None, reporter: Reporter, threads: int) -> RunStats:
    """Measure a run.

    Args:
        run: A run, not a committee.
        data: The result of `read_rows`.
        reporter: Receives notices about missing data.
        threads: Number of threads.

    Raises:
        CheckpointError: If none of the run's checkpoints can be trusted.
        ConfigError, RunError: If its configuration or its metrics cannot be read.
    """
    file, checkpoint = newest_checkpoint(run, reporter)
    config = parse_config(checkpoint.meta.config, str(file)) if checkpoint else run.config()
    if config != run.config():
        reporter.log(
            f"warning: {run.config_file}: not what the run was trained with; using that of {file}"
        )
    config = config.with_classes(data[0].dataset.classes) if data and not checkpoint else config
    if data and checkpoint and digest(*data) != checkpoint.meta.data_digest:
        reporter.log(
            f"warning: {config.data.training_source}: not the rows that {run} was trained on; "
            "diagnosing without them"
        )
        data = None
    history = checkpoint.progress.history if checkpoint else run.history()
    finished = is_finished(history, config.training.epochs, config.training.patience)
    sample = Sample.of(config, data[0]) if data else None
    inputs = checkpoint.meta.inputs if checkpoint else sample.x.shape[1] if sample else None
    start, end, weights, divergence = None, None, None, None
    init = read_initial_weights(run)
    if inputs is not None:
        initial = TrainingState.initial(config, inputs, init)
        if checkpoint:
            newest = _restored(TrainingState.initial(config, inputs), checkpoint, file)
            weights = WeightChange.of(initial.network, newest.network)
            end = Snapshot.of(config, newest, sample) if sample else None
        start = Snapshot.of(config, initial, sample) if sample else None
    if data and not finished and not (checkpoint and checkpoint.progress.batch):
        reporter.log(f"{run}: training epoch {len(history) + 1}, which was not finished, again")
        newest = TrainingState.initial(config, data[0].dataset.pixels.shape[1], init)
        newest = _restored(newest, checkpoint, file)
        teacher = teacher_of(run, config, checkpoint.meta.teacher if checkpoint else None)
        divergence = _try_next_epoch(config, newest, teacher, data[0], threads)
    return RunStats(
        run=run,
        config=config,
        history=history,
        finished=finished,
        divergence=divergence,
        baseline=constant_loss(config, data),
        rows=(len(data[0]), len(data[1]) if data[1] else 0) if data else None,
        start=start,
        end=end,
        weights=weights,
        inputs=inputs,
        sample=sample,
        doubts=DataDoubts.of(config, *data) if data else None,
    )


def _restored(state: TrainingState, checkpoint: Checkpoint | None, file: Path) -> TrainingState:
    if checkpoint:
        state.restore(checkpoint, file)
    return state


class _Notices(Reporter):
    """Leaves out warnings: what is doubtful about the rows is a diagnosis."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter

    def log(self, text: str) -> None:
        if not text.startswith(WARNING):
            self._reporter.log(text)


def read_rows(run: RunFolder, reporter: Reporter) -> Split | None:
    """Read the rows of a run or a committee; give a notice and return None if that fails.

    Raises:
        CheckpointError: If none of its first checkpoints can be trusted.
    """
    _, saved = newest_checkpoint(run.members()[0], Reporter())
    data_digest = saved.meta.data_digest if saved else None
    try:
        return read_run_data(run, run.config(), _Notices(reporter), data_digest, "put it back")
    except DataError as error:
        reporter.log(f"{error}; diagnosing from metrics and weights alone")
        return None


def constant_loss(config: Config, data: Split | None) -> float:
    """E if each output is the mean of its targets; without data, of equally frequent classes."""
    classes = config.output_layer.dense
    targets = one_hot(classes, "float64", config.training.label_smoothing)
    shares = np.full(classes, 1 / classes)
    if data:
        shares = np.bincount(data[0].labels, minlength=classes) / len(data[0])
    answers = np.tile(shares @ targets, (classes, 1))
    return float(shares @ LOSSES[config.loss].errors(answers, targets))


def _try_next_epoch(
    config: Config, state: TrainingState, teacher: Teacher | None, rows: Subset, threads: int
) -> str | None:
    """Repeat the epoch that a run did not finish; return how it diverges, if it does."""
    batches = batches_for(config, rows, state.network, threads, teacher)
    with training_session(
        config, state.network, state.optimizer, None, batches.batch_size, threads
    ) as step:
        epochs = train(
            step,
            batches,
            plan_of(config)._replace(patience=None),
            state.progress,
            validate=lambda: (math.nan, math.nan),
            examine=list,
            after_batch=lambda progress: False,
        )
        try:
            next(epochs)
        except DivergenceError as error:
            return str(error).partition(":")[0]
    return None
