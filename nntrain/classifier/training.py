"""The training of `NNClassifier`, and what it leaves to predict with and to continue from."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nntrain.classifier.batches import FeatureBatches
from nntrain.config import Config
from nntrain.config.build import build_average, build_network, build_optimizer
from nntrain.data.batches import one_hot
from nntrain.data.dataset import Annotations, Dataset
from nntrain.data.split import hold_out
from nntrain.errors import ConfigError
from nntrain.nn import Network
from nntrain.nn.arrays import Array
from nntrain.training.loop import bounded_predict, train
from nntrain.training.progress import EpochRecord, Progress, best, is_finished, why_finished
from nntrain.training.reporter import Reporter
from nntrain.training.session import plan_of, training_session
from nntrain.training.state import TrainingState


class Rows(NamedTuple):
    """Labelled rows.

    Attributes:
        x: Features, shape (N, n_0).
        labels: The number of each row's class, shape (N,).
    """

    x: Array
    labels: NDArray[np.intp]


@dataclass(frozen=True)
class Learned:
    """The state after a training; unlike a network with its views, it can be pickled.

    Attributes:
        config: The configuration.
        inputs: n_0.
        arrays: The parameters, and the arrays of the optimiser and of the moving average, by name.
        history: The finished epochs.
    """

    config: Config
    inputs: int
    arrays: dict[str, Array]
    history: list[EpochRecord]

    @property
    def parameters(self) -> Array:
        """The vector that predicts: the moving average, if there is one."""
        return self.arrays.get("average", self.arrays["parameters"])

    def network(self, dtype: str) -> Network:
        """The network that predicts, in a precision."""
        network = build_network(self.config.model_copy(update={"dtype": dtype}), self.inputs)
        network.parameters[...] = self.parameters
        return network


def begin(config: Config, inputs: int, before: Learned | None) -> TrainingState:
    """The initial state of a training.

    Args:
        config: The configuration.
        inputs: n_0.
        before: A training whose weights it begins with; None: they are drawn from the seed.

    Raises:
        ConfigError: If the network has other layers than before, or needs too much memory.
    """
    state = TrainingState.initial(config, inputs)
    if before is None:
        return state
    _check_same_layers(before, state.network)
    state.network.parameters[...] = before.parameters
    state.average = build_average(config, state.network)
    return state


def resume(config: Config, before: Learned) -> TrainingState:
    """The state of a training that is continued, with that of its optimiser.

    A parameter that has changed in between holds from now on; another optimiser begins anew.

    Raises:
        ConfigError: If the network has other layers than before.
    """
    network = build_network(config, before.inputs)
    _check_same_layers(before, network)
    network.parameters[...] = before.arrays["parameters"]
    optimizer, average = build_optimizer(config, network), build_average(config, network)
    state = TrainingState(network, optimizer, average, Progress(history=list(before.history)))
    for name, array in state.state.items():
        if name in before.arrays:
            array[...] = before.arrays[name]
    return state


def _check_same_layers(before: Learned, network: Network) -> None:
    old = build_network(before.config, before.inputs)
    if old.shapes != network.shapes or len(old.parameters) != len(network.parameters):
        raise ConfigError(
            "NNClassifier: its layers are others than those it was trained with; call fit with "
            "warm_start=False to train a new network"
        )


def split(config: Config, rows: Rows) -> tuple[Rows, Rows | None]:
    """Training and validation rows, as `nntrain fit` splits them.

    Raises:
        DataError: If one of the two would be empty.
    """
    validation = config.data.validation
    if not isinstance(validation, int | float) or validation == 0:
        return rows, None
    pixels = np.empty((len(rows.x), 0), np.uint8)
    labels = rows.labels.astype(np.uint64)
    parts = hold_out(Dataset(pixels, "X", Annotations(labels)), validation, config.seed)
    training, held_out = (
        Rows(rows.x[part.index], rows.labels[part.index]) for part in parts if part is not None
    )
    return training, held_out


def learn(
    state: TrainingState,
    config: Config,
    rows: Rows,
    held_out: Rows | None,
    threads: int,
    reporter: Reporter,
    epochs: int | None = None,
) -> Learned:
    """Train, and return the state after the last epoch, or after the best one if rows are held out.

    Args:
        state: The state to continue from, which is changed.
        config: The configuration.
        rows: The training rows.
        held_out: The validation rows.
        threads: Number of threads.
        reporter: Told of each epoch.
        epochs: Number of epochs; None: as configured.

    Raises:
        DivergenceError: If the loss or the weights are no longer finite.
    """
    network, progress, plan = state.network, state.progress, plan_of(config)
    if epochs is not None:
        plan = plan._replace(epochs=progress.epoch + epochs)
    classes = network.widths[-1]
    targets = one_hot(classes, config.dtype, config.training.label_smoothing)
    batch_size = min(config.training.batch_size, len(rows.x))
    batches = FeatureBatches(rows.x, rows.labels, targets, batch_size, config.seed)
    arrays = {"parameters": network.parameters, **state.state}
    kept: dict[str, Array] = {}
    with training_session(
        config, network, state.optimizer, state.average, batch_size, threads
    ) as step:
        validate = _validation(config, state, held_out)
        for record in train(
            step, batches, plan, progress, validate, examine=list, after_batch=lambda _: False
        ):
            is_best = best(progress.history) is record
            if is_best and held_out is not None:
                kept = {name: array.copy() for name, array in arrays.items()}
            reporter.on_epoch_end(record, plan.epochs, is_best)
    if is_finished(progress.history, plan.epochs, plan.patience) and progress.epoch < plan.epochs:
        reporter.log(why_finished(progress.history, plan.epochs, plan.patience))
    return Learned(config, network.widths[0], kept or arrays, progress.history)


def _validation(
    config: Config, state: TrainingState, rows: Rows | None
) -> Callable[[], tuple[float, float]]:
    """A function that returns validation loss and accuracy; both NaN without validation rows."""
    if rows is None:
        return lambda: (math.nan, math.nan)
    average, network = state.average, state.network
    if average is not None:
        network = build_network(config, network.widths[0])
    targets = one_hot(network.widths[-1], config.dtype)[rows.labels]

    def validate() -> tuple[float, float]:
        if average is not None:
            network.parameters[...] = average.parameters
        answers = bounded_predict(network, rows.x)
        accuracy = float(np.mean(answers.argmax(axis=1) == rows.labels))
        return network.loss.value(answers, targets), accuracy

    return validate
