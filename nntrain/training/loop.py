"""The training itself: the only place where data, network and optimiser meet."""

import math
from collections.abc import Callable, Iterator
from time import perf_counter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nntrain.data.batches import Batches, PixelScale
from nntrain.errors import DivergenceError
from nntrain.nn import Network, Optimizer, Schedule, Workspace
from nntrain.nn.arrays import Array
from nntrain.training.progress import EpochRecord, Progress, is_finished

PREDICTION_ROWS = 2_000


class Plan(NamedTuple):
    """How long to train, and how fast.

    Attributes:
        epochs: How many times all rows are seen.
        patience: Epochs without a better validation before stopping; None: never.
        learning_rate: α before the schedule moves it.
        schedule: The factor of α at each time.
    """

    epochs: int
    patience: int | None
    learning_rate: float
    schedule: Schedule


def train(
    network: Network,
    optimizer: Optimizer,
    batches: Batches,
    plan: Plan,
    progress: Progress,
    validate: Callable[[], tuple[float, float]] | None,
    after_batch: Callable[[Progress], bool],
) -> Iterator[EpochRecord]:
    """Train from where `progress` stands to the end of the plan.

    Args:
        network: Its parameters are moved.
        optimizer: Moves them.
        batches: The training rows.
        plan: How long and how fast.
        progress: Kept up to date after every batch.
        validate: Gives loss and accuracy on the rows held out; None without any.
        after_batch: Called after every batch; true ends the training there, or after the
            validation if it was the epoch's last batch and the caller asks for no more epochs.

    Yields:
        Each epoch when it is finished and validated.

    Raises:
        DivergenceError: The loss or the parameters are no longer finite; nothing of that has been
            yielded.
    """
    workspace = Workspace(network, batches.batch_size)
    y = np.empty((batches.batch_size, batches.classes), network.parameters.dtype)
    while not is_finished(progress.history, plan.epochs, plan.patience):
        started = perf_counter() - progress.seconds
        learning_rate = math.nan
        for labels in batches.epoch(progress.epoch, progress.batch, workspace.trace[0], y):
            rows = len(labels)
            batch = workspace if rows == batches.batch_size else workspace.first_rows(rows)

            outputs = network.forward(batch.trace)
            loss = network.loss.value(outputs, y[:rows])
            if not math.isfinite(loss):
                raise _diverged(progress, f"the loss became {loss:g}", progress.batch + 1)
            gradient = network.backward(y[:rows], batch)

            time = progress.epoch + (progress.batch + 0.5) / len(batches)
            learning_rate = plan.learning_rate * plan.schedule(time)
            optimizer.step(network.parameters, gradient, learning_rate)

            correct = int(np.count_nonzero(outputs.argmax(axis=1) == labels))
            progress.add_batch(rows, loss, correct)
            if after_batch(progress) and progress.batch < len(batches):
                progress.seconds = perf_counter() - started
                _check_finite(network, progress)
                return
        progress.seconds = perf_counter() - started
        val_loss, val_accuracy = validate() if validate else (math.nan, math.nan)
        _check_finite(network, progress)
        if validate and not math.isfinite(val_loss):
            raise _diverged(progress, f"the validation loss became {val_loss:g}", progress.batch)
        yield progress.end_epoch(learning_rate, val_loss, val_accuracy)


def outputs_for(network: Network, pixels: NDArray[np.uint8], scale: PixelScale) -> Array:
    """The network's outputs for any number of rows, in bounded memory.

    Args:
        network: Already trained, or not.
        pixels: Shape (N, n_0).
        scale: From pixels to inputs.

    Returns:
        x_L, shape (N, n_L).
    """
    outputs = np.empty((len(pixels), network.widths[-1]), network.parameters.dtype)
    for start in range(0, len(pixels), PREDICTION_ROWS):
        rows = slice(start, start + PREDICTION_ROWS)
        x = np.empty(pixels[rows].shape, outputs.dtype)
        scale.apply(pixels[rows], x)
        outputs[rows] = network.predict(x)
    return outputs


def _check_finite(network: Network, progress: Progress) -> None:
    """Before anything is kept."""
    if not np.isfinite(network.parameters).all():
        raise _diverged(progress, "the weights are no longer finite", progress.batch)


def _diverged(progress: Progress, fault: str, batch: int) -> DivergenceError:
    return DivergenceError(
        f"{fault} in epoch {progress.epoch + 1}, batch {batch}: training has "
        "diverged; lower training.optimizer.learning_rate or give training.schedule a warmup"
    )
