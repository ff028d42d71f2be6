"""A network's answers beside the truth: its mistakes, and how far its confidence can be trusted."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nntrain.nn.arrays import Array

BINS = 15  # as many as Guo et al. have


class Bin(NamedTuple):
    """The answers of nearly the same confidence.

    Attributes:
        low: Their confidences are greater than this,
        high: and at most this.
        rows: How many there are.
        confidence: Their mean confidence.
        accuracy: The share of them that is right.
    """

    low: float
    high: float
    rows: int
    confidence: float
    accuracy: float


@dataclass(frozen=True)
class Answers:
    """What was answered to N rows.

    Attributes:
        labels: The truth, shape (N,).
        probabilities: Of each class, shape (N, classes).
    """

    labels: NDArray[np.uint8]
    probabilities: Array

    @cached_property
    def digits(self) -> NDArray[np.intp]:
        """The answers, shape (N,)."""
        return np.asarray(self.probabilities.argmax(axis=1))

    @cached_property
    def confidences(self) -> Array:
        """The probabilities of the answers, shape (N,)."""
        return np.asarray(self.probabilities.max(axis=1))

    @property
    def accuracy(self) -> float:
        """The share of right answers."""
        return float(np.mean(self._right))

    def wrong(self) -> NDArray[np.intp]:
        """The rows answered wrongly, the surest first."""
        return self._surest_first(~self._right)

    def right(self) -> NDArray[np.intp]:
        """The rows answered rightly, the surest first."""
        return self._surest_first(self._right)

    @property
    def _right(self) -> NDArray[np.bool_]:
        return np.asarray(self.digits == self.labels)

    def _surest_first(self, chosen: NDArray[np.bool_]) -> NDArray[np.intp]:
        rows = np.flatnonzero(chosen)
        return rows[np.argsort(-self.confidences[rows], kind="stable")]

    def bins(self) -> list[Bin]:
        """The answers by confidence, in fifteen bins of one width; empty ones are left out."""
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
        """The expected calibration error  (Guo et al. 2017, §2).

        It is the mean over all rows of how far the accuracy of a row's bin is from its confidence.
        """
        gaps = (found.rows * abs(found.accuracy - found.confidence) for found in self.bins())
        return sum(gaps) / len(self.labels)
