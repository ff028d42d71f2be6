"""The progress of a training: its position and the metrics recorded so far."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple


class EpochRecord(NamedTuple):
    """One line of metrics.csv.

    Attributes:
        epoch: Counted from 1.
        seconds: Wall time of the epoch's training, without validation and saving.
        learning_rate: α of the epoch's last batch.
        train_loss: Mean loss of the training rows, each before its batch's update.
        train_accuracy: Accuracy on the training rows, each before its batch's update.
        val_loss: Mean loss of the validation rows after the epoch; NaN without validation rows.
        val_accuracy: Accuracy on the validation rows after the epoch; NaN without such rows.
    """

    epoch: int
    seconds: float
    learning_rate: float
    train_loss: float
    train_accuracy: float
    val_loss: float
    val_accuracy: float

    @property
    def validated(self) -> bool:
        """Whether there were validation rows."""
        return not math.isnan(self.val_accuracy)

    @property
    def rank(self) -> tuple[float, float]:
        """Sort key, greater is better: accuracy, then loss; of training rows if not validated."""
        if self.validated:
            return self.val_accuracy, -self.val_loss
        return self.train_accuracy, -self.train_loss

    def describe(self) -> str:
        """The result as text."""
        if self.validated:
            return f"{self.val_accuracy:.2%} of the validation rows right after epoch {self.epoch}"
        return f"{self.train_accuracy:.2%} of the training rows right in epoch {self.epoch}"


class LayerRecord(NamedTuple):
    """Statistics of one layer after an epoch; one line of layers.csv.

    Attributes:
        epoch: Counted from 1.
        layer: i, counted from 1.
        saturated: The share of saturated elements of x_i.
        gradient: The root mean square of ∂E/∂W_i.
    """

    epoch: int
    layer: int
    saturated: float
    gradient: float


@dataclass
class Progress:
    """The position in a training, and the metrics recorded so far.

    Attributes:
        history: The finished epochs.
        layers: Statistics of the layers 1 … L after each of them.
        batch: Number of finished batches of the running epoch.
        rows: Number of rows in these batches.
        loss_sum: Sum of the losses of these rows.
        correct: Number of these rows that were classified correctly.
        seconds: Wall time of the running epoch's training.
    """

    history: list[EpochRecord] = field(default_factory=list)
    layers: list[LayerRecord] = field(default_factory=list)
    batch: int = 0
    rows: int = 0
    loss_sum: float = 0.0
    correct: int = 0
    seconds: float = 0.0

    @property
    def epoch(self) -> int:
        """Finished epochs."""
        return len(self.history)

    def add_batch(self, rows: int, loss_sum: float, correct: int) -> None:
        """Add a batch to the running epoch; `loss_sum` is the sum over its rows."""
        self.batch += 1
        self.rows += rows
        self.loss_sum += loss_sum
        self.correct += correct

    def end_epoch(
        self,
        learning_rate: float,
        val_loss: float,
        val_accuracy: float,
        layers: Iterable[tuple[float, float]],
    ) -> EpochRecord:
        """Finish the running epoch and add it to the history.

        Args:
            learning_rate: α of the epoch's last batch.
            val_loss: Validation loss; NaN without validation rows.
            val_accuracy: Validation accuracy; NaN without validation rows.
            layers: `saturated` and `gradient` of `LayerRecord`, from the first layer to the last.
        """
        record = EpochRecord(
            epoch=self.epoch + 1,
            seconds=self.seconds,
            learning_rate=learning_rate,
            train_loss=self.loss_sum / self.rows,
            train_accuracy=self.correct / self.rows,
            val_loss=val_loss,
            val_accuracy=val_accuracy,
        )
        self.layers += [LayerRecord(record.epoch, i, *stats) for i, stats in enumerate(layers, 1)]
        self.history.append(record)
        self.batch = self.rows = self.correct = 0
        self.loss_sum = self.seconds = 0.0
        return record


def best(history: list[EpochRecord]) -> EpochRecord:
    """The best epoch, the earliest among equals."""
    return max(history, key=lambda record: record.rank)


def summary(history: list[EpochRecord], planned: int | None = None) -> str:
    """The result of the best epoch and the number of epochs, as text.

    Args:
        history: The finished epochs, at least one.
        planned: The number of planned ones, if training was interrupted.
    """
    count = f"of {len(history)}"
    if planned is not None:
        count += f" finished, of {planned} planned"
    return f"{best(history).describe()} ({count})"


def is_finished(history: list[EpochRecord], epochs: int, patience: int | None) -> bool:
    """Whether a training is finished, or stopped early.

    Args:
        history: The finished epochs.
        epochs: The planned number of epochs.
        patience: Epochs without a better validation accuracy before stopping; None: never stop.
    """
    return len(history) >= epochs or _is_out_of_patience(history, patience)


def to_continue(history: list[EpochRecord], epochs: int, patience: int | None) -> dict[str, int]:
    """The keys to raise for a finished training to continue, with values that are large enough.

    Arguments as in `is_finished`. There are no keys if it is not finished.
    """
    larger = {}
    if len(history) >= epochs:
        larger["training.epochs"] = 2 * len(history)
    if patience is not None and _is_out_of_patience(history, patience):
        larger["training.patience"] = patience + _epochs_since_best(history)
    return larger


def why_finished(history: list[EpochRecord], epochs: int, patience: int | None) -> str:
    """Why a training is finished, as text; arguments as in `is_finished`."""
    reasons = []
    if _is_out_of_patience(history, patience):
        count = _epochs_since_best(history)
        reasons.append(
            f"stopped early: {count} epoch{'s' * (count > 1)} without a better validation accuracy"
        )
    if len(history) >= epochs:
        reasons.append(f"{epochs} of {epochs} epochs trained")
    return ", and ".join(reasons)


def _is_out_of_patience(history: list[EpochRecord], patience: int | None) -> bool:
    return patience is not None and bool(history) and _epochs_since_best(history) >= patience


def _epochs_since_best(history: list[EpochRecord]) -> int:
    """The number of epochs after that of the best validation accuracy."""
    most_accurate = max(history, key=lambda record: record.val_accuracy)
    return history[-1].epoch - most_accurate.epoch
