"""What is measured of a run before anything is said about it."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nntrain.config import Config, parse_config
from nntrain.config.build import (
    build_regularization,
    build_rescale,
)
from nntrain.config.schema import DenseConfig
from nntrain.data.batches import one_hot
from nntrain.data.dataset import Subset
from nntrain.errors import DataError, DivergenceError
from nntrain.nn import ACTIVATIONS, LOSSES, Network
from nntrain.nn.arrays import Array
from nntrain.training.fit import batches_for
from nntrain.training.layer_stats import saturated
from nntrain.training.loop import train
from nntrain.training.progress import EpochRecord, is_finished
from nntrain.training.reporter import Reporter
from nntrain.training.resume_checks import newest_checkpoint
from nntrain.training.rows import Split, digest, read_data
from nntrain.training.run import RunFolder
from nntrain.training.session import plan_of, training_session
from nntrain.training.state import TrainingState

# Enough for shares to within a point or two, and read, propagated and judged in a second.
SAMPLE_ROWS = 2_000
# Steps tried: single batches differ, their mean hardly.
STEPS = 8
SQUASHING = ("sigmoid", "tanh", "scaled_tanh")
# Products round alike neurons apart, but never that far.
ROUNDING = 1e-3


@dataclass(frozen=True)
class Sample:
    """Some training rows as the network sees them.

    Attributes:
        x: x_0, shape (N, n_0).
        y: The targets, shape (N, n_L).
        labels: The digits, shape (N,).
    """

    x: Array
    y: Array
    labels: NDArray[np.uint8]

    @classmethod
    def of(cls, config: Config, rows: Subset) -> "Sample":
        """Rows evenly spread over all."""
        index = np.unique(np.linspace(0, len(rows) - 1, SAMPLE_ROWS).astype(np.intp))
        pixels = np.empty((len(index), rows.dataset.pixels.shape[1]), np.uint8)
        rows.take(index, pixels)
        x = np.empty(pixels.shape, config.dtype)
        build_rescale(config).apply(pixels, x)
        labels = rows.labels[index]
        targets = one_hot(config.data.classes, config.dtype, config.training.label_smoothing)
        return cls(x, targets[labels], labels)


@dataclass(frozen=True)
class State:
    """What a network makes of the sample with the weights of one moment; layers from 1 to L.

    Attributes:
        loss: E.
        deltas: The mean |δ_i| of a row.
        saturated: Of each layer the share of outputs whose σ′ is tiny; 0 where σ has no flat ends.
        dead: Of each layer the share of neurons that are silent for all rows; 0 without relu.
        step: ‖ΔW‖ / ‖W‖, the mean of some steps from here with the α that the schedule multiplies.
        loss_after: E after these steps.
    """

    loss: float
    deltas: list[float]
    saturated: list[float]
    dead: list[float]
    step: float
    loss_after: float

    @classmethod
    def of(cls, config: Config, learning: TrainingState, sample: Sample) -> "State":
        """Measure; `learning` is used up by the steps."""
        network = learning.network
        # What blows up is to be found, not to be warned of.
        with np.errstate(over="ignore", invalid="ignore"):
            xs = network.forward(sample.x)
            loss = network.loss.value(xs[-1], sample.y)
            deltas = [
                float(np.linalg.norm(len(delta) * delta.astype(np.float64), axis=1).mean())
                for delta in network.backpropagate(xs, sample.y)
            ]
            pairs = list(zip(config.network, xs[1:], strict=True))
            shares = [_saturated(layer, x) for layer, x in pairs]
            dead = [_dead(layer, x) for layer, x in pairs]
            step = _relative_step(config, learning, sample)
            after = network.loss.value(network.predict(sample.x), sample.y)
        return cls(loss, deltas, shares, dead, step, after)

    @property
    def fading(self) -> float:
        """|δ_1| / |δ_L|."""
        return self.deltas[0] / self.deltas[-1] if self.deltas[-1] else math.nan


def _saturated(layer: DenseConfig, x: Array) -> float:
    if layer.activation not in SQUASHING:
        return 0.0
    return float(saturated(ACTIVATIONS[layer.activation], x).mean())


def _dead(layer: DenseConfig, x: Array) -> float:
    return float(np.mean((x <= 0).all(axis=0))) if layer.activation == "relu" else 0.0


def _relative_step(config: Config, learning: TrainingState, sample: Sample) -> float:
    network, optimizer = learning.network, learning.optimizer
    rules = build_regularization(config, network)
    weights = slice(0, network.weight_count)
    size = min(config.training.batch_size, len(sample.x))
    steps = []
    for start in range(0, min(STEPS, len(sample.x) // size) * size, size):
        rows, before = slice(start, start + size), network.parameters[weights].copy()
        gradient = network.gradient(network.forward(sample.x[rows]), sample.y[rows])
        rules.clip(gradient)
        optimizer.step(network.parameters, gradient, config.training.optimizer.learning_rate)
        steps.append(_norm(network.parameters[weights] - before) / max(_norm(before), 1e-30))
    return float(np.mean(steps))


def _norm(vector: Array) -> float:
    return float(np.linalg.norm(vector.astype(np.float64)))


@dataclass(frozen=True)
class Weights:
    """How far the weights of a run have come.

    Attributes:
        moved: ‖W − W_0‖ / ‖W_0‖, W_0 those before the first step; ∞ if these are all 0.
        shrunk: ‖W‖ / ‖W_0‖, likewise.
        twins: The hidden layers, from 1, whose neurons all have the same weights.
        twins_at_start: Those whose neurons had them before the first step.
    """

    moved: float
    shrunk: float
    twins: list[int]
    twins_at_start: list[int]

    @classmethod
    def of(cls, start: Network, end: Network) -> "Weights":
        """Compare."""
        weights = slice(0, start.weight_count)
        before, after = start.parameters[weights], end.parameters[weights]
        size = _norm(before)
        moved, shrunk = (
            _norm(vector) / size if size else math.inf for vector in (after - before, after)
        )
        return cls(moved, shrunk, _twins(end), _twins(start))


def _twins(network: Network) -> list[int]:
    return [
        number
        for number, layer in enumerate(network.layers[:-1], 1)
        if len(layer.biases) > 1
        and np.ptp(layer.weights, axis=0).max() <= ROUNDING * abs(layer.weights).max()
    ]


@dataclass(frozen=True)
class Examination:
    """All that a diagnosis may rest on.

    Attributes:
        run: Whose.
        config: What it was trained with.
        history: Its finished epochs.
        finished: Whether nothing is left to train.
        divergence: What became of its unfinished epoch when that was trained once more; None if
            that went well or there was no need.
        alike: E of the best answer that is the same for all rows.
        rows: How many there are to train and to validate with; None if the data are gone.
        start: With the weights before the first step; None if the data are gone.
        end: With the newest weights; None if there are none or the data are gone.
        weights: How far they have come; None if no checkpoint was left.
        inputs: n_0; None if neither data nor a checkpoint tells.
        sample: The rows looked at; None if the data are gone.
    """

    run: RunFolder
    config: Config
    history: list[EpochRecord]
    finished: bool
    divergence: str | None
    alike: float
    rows: tuple[int, int] | None
    start: State | None
    end: State | None
    weights: Weights | None
    inputs: int | None
    sample: Sample | None

    @property
    def accuracy(self) -> float:
        """The greatest share of right answers in any epoch; 0 without one."""
        shares = [share for r in self.history for share in (r.train_accuracy, r.val_accuracy)]
        return max((share for share in shares if not math.isnan(share)), default=0.0)

    def start_with(self, config: Config) -> State | None:
        """How it would have begun with another configuration of the same inputs."""
        if self.sample is None or self.inputs is None:
            return None
        return State.of(config, TrainingState.begin(config, self.inputs), self.sample)


def examine(run: RunFolder, data: Split | None, reporter: Reporter, threads: int) -> Examination:
    """Measure a run.

    Args:
        run: A single one.
        data: Of `rows_of`.
        reporter: Is told what is missing.
        threads: How many share the work.

    Raises:
        CheckpointError: None of the run's checkpoints can be trusted.
        ConfigError, RunError: Its configuration or its metrics cannot be read.
    """
    file, saved = newest_checkpoint(run, reporter)
    config = parse_config(saved.meta.config, str(file)) if saved else run.config()
    if config != run.config():
        reporter.log(
            f"warning: {run.config_file}: not what the run was trained with; {file} is believed"
        )
    if data and saved and digest(*data) != saved.meta.data_digest:
        reporter.log(
            f"warning: {config.data.train}: not the rows that {run} was trained on; "
            "diagnosing without them"
        )
        data = None
    history = saved.progress.history if saved else run.history()
    finished = is_finished(history, config.training.epochs, config.training.patience)
    sample = Sample.of(config, data[0]) if data else None
    inputs = saved.meta.inputs if saved else sample.x.shape[1] if sample else None
    start, end, weights, divergence = None, None, None, None
    if inputs is not None:
        first = TrainingState.begin(config, inputs)
        if saved:
            last = TrainingState.begin(config, inputs)
            last.restore(saved, file)
            weights = Weights.of(first.network, last.network)
            end = State.of(config, last, sample) if sample else None
        start = State.of(config, first, sample) if sample else None
    if data and not finished and not (saved and saved.progress.batch):
        again = TrainingState.begin(config, data[0].dataset.pixels.shape[1])
        if saved:
            again.restore(saved, file)
        reporter.log(f"{run}: training epoch {len(history) + 1}, which was not finished, again")
        divergence = _try_next_epoch(config, again, data[0], threads)
    return Examination(
        run=run,
        config=config,
        history=history,
        finished=finished,
        divergence=divergence,
        alike=loss_of_alike_answers(config, data),
        rows=(len(data[0]), len(data[1]) if data[1] else 0) if data else None,
        start=start,
        end=end,
        weights=weights,
        inputs=inputs,
        sample=sample,
    )


def rows_of(config: Config, reporter: Reporter) -> Split | None:
    """The rows of a run; None, and a notice, if they cannot be read any more."""
    try:
        return read_data(config, reporter)
    except DataError as error:
        reporter.log(f"{error}; diagnosing from metrics and weights alone")
        return None


def loss_of_alike_answers(config: Config, data: Split | None) -> float:
    """E where each output is the mean of its targets; ln K for K classes that are equally many."""
    classes = config.data.classes
    targets = one_hot(classes, "float64", config.training.label_smoothing)
    shares = np.full(classes, 1 / classes)
    if data:
        shares = np.bincount(data[0].labels, minlength=classes) / len(data[0])
    answers = np.tile(shares @ targets, (classes, 1))
    return float(shares @ LOSSES[config.loss].errors(answers, targets))


def _try_next_epoch(
    config: Config, learning: TrainingState, rows: Subset, threads: int
) -> str | None:
    """Train one epoch more, which comes out as it did in the run; how it diverges, if it does."""
    batches = batches_for(config, rows, learning.network, threads)
    nothing = (math.nan, math.nan)
    with training_session(
        config, learning.network, learning.optimizer, None, batches.batch_size, threads
    ) as step:
        epochs = train(
            step,
            batches,
            plan_of(config)._replace(patience=None),
            learning.progress,
            validate=lambda: nothing,
            examine=list,
            after_batch=lambda progress: False,
        )
        try:
            next(epochs)
        except DivergenceError as error:
            return str(error).partition(":")[0]
    return None
