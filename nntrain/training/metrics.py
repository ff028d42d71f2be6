"""How good are the answers: accuracy, confusion matrix, precision and recall of each digit."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Evaluation:
    """Answers held against the truth.

    Attributes:
        confusion: Counts, shape (classes, classes): row is the truth, column the answer.
        loss: The mean error of a row.
        loss_name: Which error that is.
    """

    confusion: NDArray[np.int64]
    loss: float
    loss_name: str

    @property
    def rows(self) -> int:
        """How many rows were judged."""
        return int(self.confusion.sum())

    @property
    def accuracy(self) -> float:
        """The share of right answers."""
        return float(np.trace(self.confusion) / self.confusion.sum())

    @property
    def support(self) -> NDArray[np.int64]:
        """How many rows truly are each digit, shape (classes,)."""
        return np.asarray(self.confusion.sum(axis=1))

    @property
    def precision(self) -> NDArray[np.float64]:
        """Of the rows answered with each digit, the share that is right; nan without any."""
        return _shares(np.diag(self.confusion), self.confusion.sum(axis=0))

    @property
    def recall(self) -> NDArray[np.float64]:
        """Of the rows that are each digit, the share answered so; nan without any."""
        return _shares(np.diag(self.confusion), self.support)

    def table(self) -> str:
        """All of it as text for people."""
        classes = range(len(self.confusion))
        width = max(5, len(f"{self.confusion.max():,}") + 1)
        lines = [
            f"accuracy {self.accuracy:.2%}  ({np.trace(self.confusion):,} of {self.rows:,} right)",
            f"loss     {self.loss:.4f}  ({self.loss_name})",
            "",
            "digit     rows  precision  recall",
            *(
                f"{digit:>5}  {rows:>7,}  {_percent(precision):>9}  {_percent(recall):>6}"
                for digit, rows, precision, recall in zip(
                    classes, self.support, self.precision, self.recall, strict=True
                )
            ),
            "",
            "truth \\ answer".ljust(14) + "".join(f"{digit:>{width}}" for digit in classes),
            *(
                f"{digit:>14}" + "".join(f"{count:>{width},}" for count in row)
                for digit, row in enumerate(self.confusion)
            ),
        ]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """The table, as a notebook shows it."""
        return f"<pre>{self.table()}</pre>"

    def as_dict(self) -> dict[str, Any]:
        """All of it in JSON's types; what is not defined is None."""
        return {
            "rows": self.rows,
            "accuracy": self.accuracy,
            "loss": self.loss,
            "loss_name": self.loss_name,
            "digits": [
                {
                    "digit": digit,
                    "rows": int(rows),
                    "precision": None if np.isnan(precision) else float(precision),
                    "recall": None if np.isnan(recall) else float(recall),
                }
                for digit, (rows, precision, recall) in enumerate(
                    zip(self.support, self.precision, self.recall, strict=True)
                )
            ],
            "confusion": self.confusion.tolist(),
        }


def confusion_matrix(
    labels: NDArray[np.uint8], answers: NDArray[np.integer[Any]], classes: int
) -> NDArray[np.int64]:
    """Count each pair of truth and answer.

    Args:
        labels: The truth, shape (N,).
        answers: Shape (N,).
        classes: Both are below this number.

    Returns:
        Shape (classes, classes): row is the truth, column the answer.
    """
    pairs = labels.astype(np.int64) * classes + answers
    return np.bincount(pairs, minlength=classes**2).reshape(classes, classes)


def _percent(share: float) -> str:
    return "–" if np.isnan(share) else f"{share:.2%}"


def _shares(parts: NDArray[np.int64], wholes: NDArray[np.int64]) -> NDArray[np.float64]:
    shares = np.full(len(parts), np.nan)
    np.divide(parts, wholes, out=shares, where=wholes > 0)
    return shares
