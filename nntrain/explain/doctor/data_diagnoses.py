"""Problems of a run's rows: their pixels, the held-out ones, and answers learnt by heart."""

import math

import numpy as np

from nntrain.config.issues import KeyPath
from nntrain.explain.doctor.diagnosis import GOOD_ACCURACY, Diagnosis, DiagnosisKind, loss, percent
from nntrain.explain.doctor.examination import RunStats
from nntrain.explain.doctor.remedies import Remedy, regularization

# Inputs should have mean 0 and variance 1 (LeCun 1998, §4.3); MNIST's are then 2.8 at most.
WIDEST_INPUT = 4.0
NARROWEST_INPUT = 0.1
# Overfitting: the rise of the validation loss, relative to its minimum, and the gap between the
# accuracies beyond what chance explains. The best runs have 1 % and 2 points.
VALIDATION_RISE = 0.25
GAP = 0.05
# A gap of as many standard errors is chance in one of 700 runs.
CERTAIN = 3
UNKNOWN_ROWS = 10_000, 1_000
# Two epochs less than four points apart may then differ by chance alone (2√2 standard errors); the
# tenth of 6,000 rows is enough.
GREATEST_STANDARD_ERROR = 0.015


def unusual_pixels(stats: RunStats) -> Diagnosis | None:
    """Pixels of at most 1 or 16 make x_0 almost 0."""
    if stats.doubts is None or stats.doubts.low_range is None:
        return None
    high = stats.doubts.low_range
    evidence = f"no pixel of the training rows is above {high}, where 255 is usual"
    return Diagnosis.of(DiagnosisKind.PIXELS, evidence, (("data", "pixel_range"), f"[0, {high}]"))


def inputs_not_scaled(stats: RunStats) -> Diagnosis | None:
    """Very large or small x_0 make z_1 and ∂E/∂W_1 as large or small."""
    low, high = stats.config.data.input_range
    if high - low >= NARROWEST_INPUT and max(-low, high) <= WIDEST_INPUT:
        return None
    evidence = (
        f"x_0 lies between {low:g} and {high:g}, but initial weights and α are made for inputs "
        "of about 1"
    )
    centred = stats.config.network[0].activation in ("tanh", "scaled_tanh")
    remedy: Remedy = (("data", "input_range"), "[-1, 1]" if centred else "[0, 1]")
    return Diagnosis.of(DiagnosisKind.INPUTS, evidence, remedy)


def overfitting(stats: RunStats) -> Diagnosis | None:
    """Training rows that are learnt in ways that do not hold for other rows."""
    if len(stats.history) < 4 or not stats.history[-1].validated:
        return None
    last = stats.history[-1]
    best = min(stats.history, key=lambda record: record.val_loss)
    recent_loss = float(np.median([record.val_loss for record in stats.history[-3:]]))
    certain_gap = last.train_accuracy - last.val_accuracy - CERTAIN * _gap_error(stats)
    rose = recent_loss > (1 + VALIDATION_RISE) * best.val_loss and last.train_loss < best.train_loss
    if last.train_accuracy < GOOD_ACCURACY or certain_gap <= (0 if rose else GAP):
        return None
    evidence = f"{last.train_accuracy:.1%} of the training rows right, but {last.val_accuracy:.1%}"
    evidence += " of the validation rows"
    if rose:
        evidence += (
            f"; their loss was least after epoch {best.epoch}, {best.val_loss:.3g}, and has "
            f"risen to {loss(last.val_loss)}, while that of the training rows fell"
        )
    return Diagnosis.of(DiagnosisKind.OVERFITTING, evidence, regularization(stats))


def _gap_error(stats: RunStats) -> float:
    """The standard error of the last epoch's training accuracy less its validation accuracy.

    √(p₁ (1 − p₁) / N₁ + p₂ (1 − p₂) / N₂), each p with one right and one wrong row more, since 0 %
    or 100 % of few rows are not certain either (Agresti and Caffo 2000). If the numbers
    of rows are unknown, 10,000 and 1,000 are assumed.
    """
    last = stats.history[-1]
    variance = 0.0
    accuracies = last.train_accuracy, last.val_accuracy
    for share, rows in zip(accuracies, stats.rows or UNKNOWN_ROWS, strict=True):
        p = (share * rows + 1) / (rows + 2)
        variance += p * (1 - p) / (rows + 2)
    return math.sqrt(variance)


def few_validation_rows(stats: RunStats) -> Diagnosis | None:
    """An accuracy p on N rows has the standard error √(p (1 − p) / N)."""
    if not stats.history or not stats.history[-1].validated or stats.rows is None:
        return None
    training, held_out = stats.rows
    # 0 % or 100 % of few rows are not certain either (Agresti and Coull 1998: add two rows).
    best = max(record.val_accuracy for record in stats.history)
    p = (best * held_out + 1) / (held_out + 2)
    variance = max(p, GOOD_ACCURACY) * (1 - max(p, GOOD_ACCURACY))
    if variance <= GREATEST_STANDARD_ERROR**2 * held_out:
        return None
    error = math.sqrt(p * (1 - p) / held_out)
    evidence = (
        f"{best:.1%} of {held_out:,} rows has a standard error of {100 * error:.1f} points, so "
        f"epochs less than {300 * error:.0f} points apart may differ by chance"
    )
    path, current = ("data", "validation"), stats.config.data.validation
    wanted = math.ceil(variance / GREATEST_STANDARD_ERROR**2)
    share = math.ceil(20 * wanted / (training + held_out)) / 20
    remedies: tuple[Remedy, ...] = ()
    if isinstance(current, str):
        evidence += f"; name a CSV of {wanted:,} rows or more"
    elif share > 0.3:
        evidence += f"; take more data, of which {wanted:,} rows can be held out"
    else:
        remedies = ((path, f"{share:g}" if isinstance(current, float) else f"{wanted}"),)
    return Diagnosis(DiagnosisKind.VALIDATION, path, evidence, remedies)


def shared_rows(stats: RunStats) -> Diagnosis | None:
    """Validation rows that the network was trained on say nothing about other rows."""
    if stats.doubts is None or not stats.doubts.shared or stats.rows is None:
        return None
    evidence = (
        f"{stats.doubts.shared:,} of {stats.rows[1]:,} validation rows "
        f"({percent(stats.doubts.shared / stats.rows[1])}) are also training rows, so "
        "val_accuracy is too good; leave them out of one of the two"
    )
    path: KeyPath = ("data", "validation")
    held_out = isinstance(stats.config.data.validation, str)
    remedies: tuple[Remedy, ...] = ((path, "0.1"),) if held_out else ()
    return Diagnosis(DiagnosisKind.SHARED, path, evidence, remedies)


def classes_not_validated(stats: RunStats) -> Diagnosis | None:
    """An accuracy without some of the classes is that of another problem."""
    if stats.doubts is None or not stats.doubts.not_validated:
        return None
    evidence = f"no validation row is of class {stats.doubts.not_validated}"
    return Diagnosis.of(DiagnosisKind.NOT_VALIDATED, evidence, (("data", "validation"), "0.1"))
