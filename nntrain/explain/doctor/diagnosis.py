"""A problem of a run: its kind, its evidence and its remedies."""

import math
from enum import Enum
from typing import NamedTuple

from nntrain.config.issues import KeyPath
from nntrain.explain.doctor.examination import RunStats
from nntrain.explain.doctor.remedies import Remedy

# The accuracy of a linear classifier on MNIST (LeCun et al. 1998, fig. 9); a network that is worse
# after every epoch learns badly.
GOOD_ACCURACY = 0.88


class DiagnosisKind(Enum):
    """Problems of a run, causes before consequences."""

    PIXELS = "unusual range of pixels"
    INPUTS = "inputs not scaled"
    SYMMETRIC = "symmetric neurons"
    DECAY = "weights pulled to 0"
    RATE_TOO_HIGH = "learning rate α too high"
    SATURATED = "σ saturated"
    DEAD = "dead relus"
    VANISHING = "vanishing gradient"
    RATE_TOO_LOW = "learning rate α too low"
    TOO_SHORT = "too few epochs"
    CONSTANT = "no better than a constant answer"
    OVERFITTING = "overfitting"
    VALIDATION = "too few validation rows"
    SHARED = "validation rows that are training rows"
    NOT_VALIDATED = "classes without a validation row"


_KINDS = list(DiagnosisKind)
_ROOTS = _KINDS[: _KINDS.index(DiagnosisKind.SATURATED)]
# The kinds that may have caused one, the likeliest first.
CAUSES: dict[DiagnosisKind, list[DiagnosisKind]] = {
    DiagnosisKind.RATE_TOO_HIGH: [DiagnosisKind.PIXELS, DiagnosisKind.INPUTS],
    DiagnosisKind.SATURATED: _ROOTS,
    DiagnosisKind.DEAD: _ROOTS,
    **{
        kind: _KINDS[: _KINDS.index(kind)]
        for kind in (
            DiagnosisKind.VANISHING,
            DiagnosisKind.RATE_TOO_LOW,
            DiagnosisKind.TOO_SHORT,
            DiagnosisKind.CONSTANT,
        )
    },
}


class Diagnosis(NamedTuple):
    """One problem of a run.

    Attributes:
        kind: The problem.
        path: The key of the configuration that causes it.
        evidence: The numbers.
        remedies: Changes to try together; empty if no key helps and the evidence says what does.
    """

    kind: DiagnosisKind
    path: KeyPath
    evidence: str
    remedies: tuple[Remedy, ...] = ()

    @classmethod
    def of(cls, kind: DiagnosisKind, evidence: str, *remedies: Remedy) -> "Diagnosis":
        """A diagnosis whose cause is the key that its first remedy changes."""
        return cls(kind, remedies[0][0], evidence, remedies)


def learns_badly(stats: RunStats) -> bool:
    """Whether the run is worse after every epoch than a linear classifier."""
    return stats.accuracy < GOOD_ACCURACY


def count_epochs(count: int) -> str:
    """A number of epochs as text."""
    return f"{count} epoch{'s' * (count > 1)}"


def percent(share: float) -> str:
    """A share from 0 to 1 as text."""
    if 0 < share < 1e-4:
        return "less than 0.01 %"
    return f"{100 * share:.2g} %" if share < 0.995 else f"{100 * share:.0f} %"


def change_of(share: float) -> str:
    """`WeightChange.moved` as text, after "moved"."""
    if math.isinf(share):
        return "away from 0"
    if math.isnan(share):
        return "beyond all numbers"
    if share > 1e6:
        return "by more than a million times its size"
    return f"by {percent(share)}" if share < 10 else f"by {share:.3g} times its size"


def loss(value: float) -> str:
    """E as text, also where it overflowed."""
    return f"{value:.4g}" if value < 1e12 else "beyond 1e12"
