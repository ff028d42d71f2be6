"""Predictions with their labels: mistakes and calibration."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nntrain.nn.arrays import Array

BINS = 15  # as in Guo et al. 2017


class Bin(NamedTuple):
    """The predictions with confidences in an interval.

    Attributes:
        low: The lower bound, exclusive.
        high: The upper bound, inclusive.
        rows: The number of predictions.
        confidence: Their mean confidence.
        accuracy: Their accuracy.
    """

    low: float
    high: float
    rows: int
    confidence: float
    accuracy: float


@dataclass(frozen=True)
class Answers:
    """The predictions for N rows.

    Attributes:
        labels: The true classes, shape (N,).
        probabilities: The probability of each class, shape (N, classes).
    """

    labels: NDArray[np.uint8]
    probabilities: Array

    @cached_property
    def digits(self) -> NDArray[np.intp]:
        """The predicted classes, shape (N,)."""
        return np.asarray(self.probabilities.argmax(axis=1))

    @cached_property
    def confidences(self) -> Array:
        """The probabilities of the predicted classes, shape (N,)."""
        return np.asarray(self.probabilities.max(axis=1))

    @property
    def accuracy(self) -> float:
        """The share of correct predictions."""
        return float(np.mean(self._right))

    def wrong(self) -> NDArray[np.intp]:
        """The rows with wrong predictions, the most confident first."""
        return self._most_confident_first(~self._right)

    def right(self) -> NDArray[np.intp]:
        """The rows with correct predictions, the most confident first."""
        return self._most_confident_first(self._right)

    @property
    def _right(self) -> NDArray[np.bool_]:
        return np.asarray(self.digits == self.labels)

    def _most_confident_first(self, chosen: NDArray[np.bool_]) -> NDArray[np.intp]:
        rows = np.flatnonzero(chosen)
        return rows[np.argsort(-self.confidences[rows], kind="stable")]

    def bins(self) -> list[Bin]:
        """The predictions in fifteen bins of equal width by confidence, without empty bins."""
        edges = np.linspace(0, 1, BINS + 1)
        numbers = np.digitize(self.confidences, edges[1:-1], right=True)
        return [
            Bin(
                low=float(edges[number]),
                high=float(edges[number + 1]),
                rows=int(np.sum(inside)),
                confidence=float(np.mean(self.confidences[inside])),
                accuracy=float(np.mean(self._right[inside])),
            )
            for number in range(BINS)
            if (inside := numbers == number).any()
        ]

    @property
    def calibration_error(self) -> float:
        """The expected calibration error (Guo et al. 2017, §2).

        It is the mean over all rows of |accuracy − confidence| of the row's bin.
        """
        gaps = (each.rows * abs(each.accuracy - each.confidence) for each in self.bins())
        return sum(gaps) / len(self.labels)
