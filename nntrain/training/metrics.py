"""Metrics: accuracy, confusion matrix, precision and recall of each digit."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntrain.data.labels import value_of


@dataclass(frozen=True)
class Evaluation:
    """Predictions compared with the labels.

    Attributes:
        confusion: Counts, shape (classes, classes): row is the label, column the prediction.
        loss: The mean loss per row.
        loss_name: The name of the loss function.
        classes: The labels.
    """

    confusion: NDArray[np.int64]
    loss: float
    loss_name: str
    classes: tuple[str, ...]

    @property
    def rows(self) -> int:
        """The number of rows."""
        return int(self.confusion.sum())

    @property
    def accuracy(self) -> float:
        """The share of correct predictions."""
        return float(np.trace(self.confusion) / self.confusion.sum())

    @property
    def wrong(self) -> int:
        """The number of wrong predictions."""
        return self.rows - int(np.trace(self.confusion))

    @property
    def standard_error(self) -> float:
        """The standard deviation of the accuracy over samples of this size."""
        return math.sqrt(self.accuracy * (1 - self.accuracy) / self.rows)

    @property
    def support(self) -> NDArray[np.int64]:
        """The number of rows with each label, shape (classes,)."""
        return np.asarray(self.confusion.sum(axis=1))

    @property
    def precision(self) -> NDArray[np.float64]:
        """The precision of each digit, shape (classes,); NaN if it was never predicted."""
        return _shares(np.diag(self.confusion), self.confusion.sum(axis=0))

    @property
    def recall(self) -> NDArray[np.float64]:
        """The recall of each digit, shape (classes,); NaN if no row has this label."""
        return _shares(np.diag(self.confusion), self.support)

    @property
    def f1(self) -> NDArray[np.float64]:
        """The F1 score of each digit, shape NaN if it is neither label nor prediction."""
        answered = self.confusion.sum(axis=0)
        return _shares(2 * np.diag(self.confusion), answered + self.support)

    def confusions(self) -> list[tuple[int, int, int]]:
        """The kinds of mistakes: label, prediction and count, the most frequent first."""
        wrong = self.confusion - np.diag(np.diag(self.confusion))
        pairs = np.argwhere(wrong)
        counts = wrong[tuple(pairs.T)]
        return [
            (int(truth), int(answer), int(count))
            for (truth, answer), count in sorted(
                zip(pairs, counts, strict=True), key=lambda pair: -pair[1]
            )
        ]

    def as_dict(self) -> dict[str, Any]:
        """All metrics as JSON types; None where undefined."""
        return {
            "rows": self.rows,
            "accuracy": self.accuracy,
            "loss": self.loss,
            "loss_name": self.loss_name,
            "digits": [
                {
                    "digit": value_of(name),
                    "rows": int(rows),
                    "precision": None if np.isnan(precision) else float(precision),
                    "recall": None if np.isnan(recall) else float(recall),
                }
                for name, rows, precision, recall in zip(
                    self.classes, self.support, self.precision, self.recall, strict=True
                )
            ],
            "confusion": self.confusion.tolist(),
        }


def confusion_matrix(
    labels: NDArray[np.integer[Any]], answers: NDArray[np.integer[Any]], classes: int
) -> NDArray[np.int64]:
    """Count each pair of label and prediction.

    Args:
        labels: The labels, shape (N,).
        answers: The predictions, shape (N,).
        classes: The number of classes; both arrays contain smaller numbers only.

    Returns:
        Counts, shape (classes, classes): row is the label, column the prediction.
    """
    pairs = labels.astype(np.int64) * classes + answers
    return np.bincount(pairs, minlength=classes**2).reshape(classes, classes)


def _shares(parts: NDArray[np.int64], wholes: NDArray[np.int64]) -> NDArray[np.float64]:
    shares = np.full(len(parts), np.nan)
    np.divide(parts, wholes, out=shares, where=wholes > 0)
    return shares
