"""Digits in memory: grey values, and what else their file says of them."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Digits:
    """The rows of one CSV.

    Attributes:
        pixels: Grey values 0–255, `(N, P)`, contiguous.
        labels: The digits, `(N,)`, if the file has them.
        ids: The id column as written, `(N,)`, if the file has one.
        source: The file's path as it was given.
        label_column: The label column's name; "column 1" where there is no header.
        id_column: The id column's name, likewise.
    """

    pixels: NDArray[np.uint8]
    labels: NDArray[np.uint8] | None
    ids: NDArray[np.str_] | None
    source: str
    label_column: str | None
    id_column: str | None

    def __len__(self) -> int:
        return len(self.pixels)

    def rows(self, index: slice | NDArray[Any]) -> "Digits":
        """A selection of rows, by a slice, an index array or a mask."""
        return Digits(
            pixels=np.ascontiguousarray(self.pixels[index]),
            labels=None if self.labels is None else self.labels[index],
            ids=None if self.ids is None else self.ids[index],
            source=self.source,
            label_column=self.label_column,
            id_column=self.id_column,
        )

    def missing_classes(self, classes: int = 10) -> list[int]:
        """The digits below `classes` of which there is no row; none if there are no labels."""
        if self.labels is None:
            return []
        return sorted(set(range(classes)) - set(np.unique(self.labels).tolist()))

    def counts(self) -> list[tuple[int, int]]:
        """How many rows there are of each digit that occurs; none if there are no labels."""
        if self.labels is None:
            return []
        digits, rows = np.unique(self.labels, return_counts=True)
        return list(zip(digits.tolist(), rows.tolist(), strict=True))

    def describe(self) -> str:
        """One line, such as "42,000 rows, digits 0–9, 28×28, label column 'label'"."""
        pixels = self.pixels.shape[1]
        side = math.isqrt(pixels)
        parts = [f"{len(self):,} row{'s' * (len(self) != 1)}"]
        if self.labels is not None:
            parts.append(f"digits {_spans(np.unique(self.labels).tolist())}")
        parts.append(f"{side}×{side}" if side * side == pixels else f"{pixels} pixels")
        parts.append("no labels" if self.labels is None else f"label column {self.label_column!r}")
        if self.ids is not None:
            parts.append(f"id column {self.id_column!r}")
        return ", ".join(parts)


def _spans(digits: list[int]) -> str:
    """Digits in words: "0–9" if they follow one another, else "0, 1, 7"."""
    if len(digits) > 2 and digits[-1] - digits[0] == len(digits) - 1:
        return f"{digits[0]}–{digits[-1]}"
    return ", ".join(map(str, digits))
