"""How far a training has come: all that changes while it runs, besides the weights."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple


class EpochRecord(NamedTuple):
    """One line of metrics.csv.

    Attributes:
        epoch: Counted from 1.
        seconds: Wall time of the epoch's training, validation and saving aside.
        learning_rate: α of the epoch's last batch.
        train_loss: Mean error of the epoch's rows, each taken before its batch's update.
        train_accuracy: Share of right answers, taken likewise.
        val_loss: Mean error of the validation rows after the epoch; nan without any.
        val_accuracy: Share of right answers, taken likewise.
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
        """Greater is better: by accuracy, then by loss; on training rows if there are no others."""
        if self.validated:
            return self.val_accuracy, -self.val_loss
        return self.train_accuracy, -self.train_loss

    def describe(self) -> str:
        """The result in a few words."""
        if self.validated:
            return f"{self.val_accuracy:.2%} of the validation rows right after epoch {self.epoch}"
        return f"{self.train_accuracy:.2%} of the training rows right in epoch {self.epoch}"


class LayerRecord(NamedTuple):
    """How one layer was doing after an epoch; one line of layers.csv.

    Attributes:
        epoch: Counted from 1.
        layer: i, counted from 1.
        saturated: The share of x_i's elements through which next to nothing comes back.
        gradient: The root of the mean square of ∂E/∂W_i's elements.
    """

    epoch: int
    layer: int
    saturated: float
    gradient: float


@dataclass
class Progress:
    """The position in a training, and what has been measured so far.

    Attributes:
        history: The finished epochs.
        layers: How the layers 1 … L were doing after each of them.
        batch: Finished batches of the epoch that is running.
        rows: Rows of the running epoch that have been trained on.
        loss_sum: The sum of their errors.
        correct: How many of them were answered rightly.
        seconds: Wall time spent on training in the running epoch.
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
        """Count one more batch of the running epoch; `loss_sum` is over its rows."""
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
        """Turn the running epoch into history.

        Args:
            learning_rate: As in `EpochRecord`.
            val_loss: Likewise.
            val_accuracy: Likewise.
            layers: From the first layer to the last: `saturated` and `gradient` of `LayerRecord`.
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
        self.layers += [LayerRecord(record.epoch, i, *vitals) for i, vitals in enumerate(layers, 1)]
        self.history.append(record)
        self.batch = self.rows = self.correct = 0
        self.loss_sum = self.seconds = 0.0
        return record


def best(history: list[EpochRecord]) -> EpochRecord:
    """The best epoch, the earliest among equals."""
    return max(history, key=lambda record: record.rank)


def is_finished(history: list[EpochRecord], epochs: int, patience: int | None) -> bool:
    """Whether there is nothing left to train.

    Args:
        history: The finished epochs.
        epochs: How many there are to be.
        patience: How many epochs in a row may be no better than the best; None: any number.
    """
    if len(history) >= epochs:
        return True
    if patience is None or not history:
        return False
    most_accurate = max(history, key=lambda record: record.val_accuracy)
    return history[-1].epoch - most_accurate.epoch >= patience
