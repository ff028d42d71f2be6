"""The training loop."""

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from nntrain.data.batches import Rescale, one_hot
from nntrain.data.dataset import Subset
from nntrain.engine import BatchBuffer, TrainStep
from nntrain.errors import DivergenceError
from nntrain.nn import Network
from nntrain.nn.arrays import Array
from nntrain.optim import Schedule
from nntrain.training.progress import EpochRecord, Progress, is_finished

PREDICTION_ROWS = 2_000
# The greatest size of a layer's outputs while predicting: of pictures with many channels, fewer
# rows are propagated at a time.
_PREDICTION_OUTPUTS = 2_000_000


class Plan(NamedTuple):
    """Length of the training and learning rate.

    Attributes:
        epochs: Number of epochs.
        patience: Epochs without a better validation accuracy before stopping; None: never stop.
        learning_rate: α without the schedule.
        schedule: The factor of α at a time, in epochs.
    """

    epochs: int
    patience: int | None
    learning_rate: float
    schedule: Schedule


class BatchSource(Protocol):
    """Yields training rows, reshuffled every epoch; attributes and methods as in `Batches`."""

    batch_size: int
    workers: int

    @property
    def block_rows(self) -> int:
        """The approximate number of rows to prepare at a time."""

    def __len__(self) -> int:
        """The number of batches in an epoch."""

    def epoch(
        self, epoch: int, start: int, blocks: Sequence[BatchBuffer]
    ) -> Iterator[tuple[BatchBuffer, NDArray[np.integer[Any]]]]:
        """Yield filled blocks with the class numbers of their rows."""


def train(
    step: TrainStep,
    batches: BatchSource,
    plan: Plan,
    progress: Progress,
    validate: Callable[[], tuple[float, float]],
    examine: Callable[[], list[tuple[float, float]]],
    after_batch: Callable[[Progress], bool],
) -> Iterator[EpochRecord]:
    """Train from the position of `progress` to the end of the plan.

    Args:
        step: Updates the network's parameters.
        batches: The training rows.
        plan: Length of the training and learning rate.
        progress: Updated after every block of batches, and at the end.
        validate: Returns validation loss and accuracy; both NaN without validation rows.
        examine: Returns the saturated share and the gradient's size of each layer; see
            `LayerStats`.
        after_batch: Called after every batch; if true, training stops. After an epoch's last batch,
            the epoch is still validated and yielded.

    Yields:
        The record of each epoch, after its validation.

    Raises:
        DivergenceError: If the loss or the parameters are no longer finite. Such values are never
            yielded.
    """
    rows = min(batches.block_rows, len(batches) * batches.batch_size)
    blocks = [step.buffer(rows) for _ in range(batches.workers + 1)]
    while not is_finished(progress.history, plan.epochs, plan.patience):
        started = perf_counter() - progress.seconds
        learning_rate = math.nan
        batch = progress.batch
        for block, labels in batches.epoch(progress.epoch, batch, blocks):
            stopped = False
            ends = [0]
            while ends[-1] < len(labels) and not stopped:
                ends.append(min(ends[-1] + batches.batch_size, len(labels)))
                time = progress.epoch + (batch + 0.5) / len(batches)
                learning_rate = plan.learning_rate * plan.schedule(time)
                step.run(block, ends[-2], ends[-1], learning_rate, progress.epoch, batch)
                batch += 1
                stopped = after_batch(progress)
            _count(step, block, labels, ends, progress)
            if stopped and batch < len(batches):
                progress.seconds = perf_counter() - started
                _check_finite(step, progress)
                return
        progress.seconds = perf_counter() - started
        val_loss, val_accuracy = validate()
        _check_finite(step, progress)
        if not (math.isfinite(val_loss) or math.isnan(val_accuracy)):
            raise _diverged(progress, f"the validation loss became {val_loss:g}", batch)
        yield progress.end_epoch(learning_rate, val_loss, val_accuracy, examine())


def _count(
    step: TrainStep,
    block: BatchBuffer,
    labels: NDArray[np.integer[Any]],
    ends: list[int],
    progress: Progress,
) -> None:
    """Add a block's batches to the progress one by one, so that sums do not depend on blocks."""
    rows = ends[-1]
    outputs, y = block.outputs[:rows], block.y[:rows]
    if step.distillation is not None:  # comparable with the validation loss
        y = one_hot(outputs.shape[1], outputs.dtype.name)[labels[:rows]]
    errors = step.network.loss.errors(outputs, y).astype(np.float64)
    right = outputs.argmax(axis=1) == labels[:rows]
    loss_sums = np.add.reduceat(errors, ends[:-1]).tolist()
    right_sums = np.add.reduceat(right, ends[:-1], dtype=np.int64).tolist()
    for start, stop, loss_sum, correct in zip(
        ends[:-1], ends[1:], loss_sums, right_sums, strict=True
    ):
        if not math.isfinite(loss_sum):
            problem = f"the loss became {loss_sum:g}"
            raise _diverged(progress, problem, progress.batch + 1)
        progress.add_batch(stop - start, loss_sum, correct)


# Fills x, shape (B, n_0), with distorted pixels; the number is that of the part of the rows.
Distort = Callable[[NDArray[np.uint8], int, Array], None]


def outputs_for(
    network: Network,
    rows: Subset,
    scale: Rescale,
    threads: int = 1,
    distort: Distort | None = None,
) -> Array:
    """The network's outputs for any number of rows, in bounded memory.

    Args:
        network: The network.
        rows: N rows.
        scale: Maps pixels to inputs.
        threads: Number of threads that share the rows; BLAS may use more for each.
        distort: Distorts the images first; None: no distortion.

    Returns:
        x_L, shape (N, n_L).
    """
    outputs = np.empty((len(rows), network.widths[-1]), network.parameters.dtype)

    def predict(start: int) -> None:
        part = slice(start, start + PREDICTION_ROWS)
        pixels = np.empty((len(outputs[part]), network.widths[0]), np.uint8)
        rows.take(part, pixels)
        x = np.empty(pixels.shape, outputs.dtype)
        if distort is None:
            scale.apply(pixels, x)
        else:
            distort(pixels, start // PREDICTION_ROWS, x)
            scale.apply(x, x)
        outputs[part] = bounded_predict(network, x)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(predict, range(0, len(rows), PREDICTION_ROWS)))
    return outputs


# Huge weights may still predict: the sigmoid of infinity is 1. Settings are per thread.
@np.errstate(over="ignore", invalid="ignore")
def bounded_predict(network: Network, x: Array) -> Array:
    """x_L for x_0 = x, shape (B, n_0), in bounded memory: of wide layers, a few rows at a time."""
    outputs = np.empty((len(x), network.widths[-1]), x.dtype)
    rows = max(1, _PREDICTION_OUTPUTS // max(network.widths))
    for start in range(0, len(x), rows):
        outputs[start : start + rows] = network.predict(x[start : start + rows])
    return outputs


def _check_finite(step: TrainStep, progress: Progress) -> None:
    """Called before a checkpoint is saved: one with NaN or infinite values could not be loaded."""
    if not np.isfinite(step.network.parameters).all():
        raise _diverged(progress, "the weights are no longer finite", progress.batch)
    for name, array in step.optimizer.state.items():
        if not np.isfinite(array).all():
            problem = f"the optimizer's {name} is no longer finite"
            raise _diverged(progress, problem, progress.batch)


def _diverged(progress: Progress, problem: str, batch: int) -> DivergenceError:
    return DivergenceError(
        f"{problem} in epoch {progress.epoch + 1}, batch {batch}: training has "
        "diverged; lower training.optimizer.learning_rate or give training.schedule a warmup"
    )
