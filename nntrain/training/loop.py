"""The training itself: the only place where data, network and optimiser meet."""

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from nntrain.data.batches import Rescale
from nntrain.data.dataset import Subset
from nntrain.engine import BatchBuffer, TrainStep
from nntrain.errors import DivergenceError
from nntrain.nn import Loss, Network
from nntrain.nn.arrays import Array
from nntrain.optim import Schedule
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


class BatchSource(Protocol):
    """Yields training rows, reshuffled every epoch; attributes and methods as in `Batches`."""

    batch_size: int
    workers: int

    @property
    def block_rows(self) -> int:
        """How many rows should be dealt out at a time, roughly."""

    def __len__(self) -> int:
        """The number of batches in an epoch."""

    def epoch(
        self, epoch: int, start: int, blocks: Sequence[BatchBuffer]
    ) -> Iterator[tuple[BatchBuffer, NDArray[np.integer[Any]]]]:
        """Fill one block after the other; with them come the numbers of the rows' classes."""


def train(
    step: TrainStep,
    batches: BatchSource,
    plan: Plan,
    progress: Progress,
    validate: Callable[[], tuple[float, float]],
    examine: Callable[[], list[tuple[float, float]]],
    after_batch: Callable[[Progress], bool],
) -> Iterator[EpochRecord]:
    """Train from where `progress` stands to the end of the plan.

    Args:
        step: Moves the network's parameters.
        batches: The training rows.
        plan: How long and how fast.
        progress: Kept up to date after every block of batches, and at the end.
        validate: Gives loss and accuracy on the rows held out; both NaN without any.
        examine: Says of each layer what share of it is saturated, and how large ∂E/∂W_i is.
        after_batch: Called after every batch; true ends the training there, or after the
            validation if it was the epoch's last batch and the caller asks for no more epochs.

    Yields:
        Each epoch when it is finished and validated.

    Raises:
        DivergenceError: The loss or the parameters are no longer finite; nothing of that has been
            yielded.
    """
    network = step.network
    blocks = [step.buffer(batches.block_rows) for _ in range(batches.workers + 1)]
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
            _count(network.loss, block, labels, ends, progress)
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
    loss: Loss,
    block: BatchBuffer,
    labels: NDArray[np.integer[Any]],
    ends: list[int],
    progress: Progress,
) -> None:
    """Add a block's batches to the progress, one by one, so that sums do not depend on blocks."""
    rows = ends[-1]
    outputs, y = block.outputs[:rows], block.y[:rows]
    errors = loss.errors(outputs, y).astype(np.float64)
    right = outputs.argmax(axis=1) == labels[:rows]
    loss_sums = np.add.reduceat(errors, ends[:-1]).tolist()
    right_sums = np.add.reduceat(right, ends[:-1], dtype=np.int64).tolist()
    for start, stop, loss_sum, correct in zip(
        ends[:-1], ends[1:], loss_sums, right_sums, strict=True
    ):
        if not math.isfinite(loss_sum):
            fault = f"the loss became {loss_sum:g}"
            raise _diverged(progress, fault, progress.batch + 1)
        progress.add_batch(stop - start, loss_sum, correct)


# Fills x, shape (B, n_0), with what becomes of the pixels of the part with this number.
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
        network: Already trained, or not.
        rows: N of them.
        scale: From pixels to inputs.
        threads: How many share the rows, besides those of the products themselves.
        distort: Distorts the images first; None: they are shown as they are.

    Returns:
        x_L, shape (N, n_L).
    """
    outputs = np.empty((len(rows), network.widths[-1]), network.parameters.dtype)
    errors = np.geterr()  # each thread has settings of its own

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
        with np.errstate(**errors):
            outputs[part] = network.predict(x)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(predict, range(0, len(rows), PREDICTION_ROWS)))
    return outputs


def _check_finite(step: TrainStep, progress: Progress) -> None:
    """Before anything is kept: a checkpoint with other numbers would not be read again."""
    if not np.isfinite(step.network.parameters).all():
        raise _diverged(progress, "the weights are no longer finite", progress.batch)
    for name, array in step.optimizer.state.items():
        if not np.isfinite(array).all():
            fault = f"the optimizer's {name} is no longer finite"
            raise _diverged(progress, fault, progress.batch)


def _diverged(progress: Progress, fault: str, batch: int) -> DivergenceError:
    return DivergenceError(
        f"{fault} in epoch {progress.epoch + 1}, batch {batch}: training has "
        "diverged; lower training.optimizer.learning_rate or give training.schedule a warmup"
    )
