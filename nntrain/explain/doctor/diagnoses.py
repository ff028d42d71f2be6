"""Possible problems of a run, each with the numbers it is inferred from, and a remedy.

Most are only diagnosed in runs that learn badly: sigmoids also saturate in good ones, when their
answers are certain.
"""

import math
from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

import numpy as np

from nntrain.config.issues import KeyPath
from nntrain.explain.doctor.examination import STEPS, RunStats, Snapshot
from nntrain.explain.doctor.remedies import (
    LARGE_STEP,
    LEARNING_RATE,
    VANISHED,
    Remedy,
    lower_learning_rate,
    regularization,
    stronger_gradient,
)
from nntrain.nn import ACTIVATIONS, LOSSES

# The accuracy of a linear classifier on MNIST (LeCun et al. 1998, fig. 9); a network that is worse
# after every epoch learns badly.
GOOD_ACCURACY = 0.88
# Inputs should have mean 0 and variance 1 (LeCun 1998, §4.3); MNIST's are then 2.8 at most.
WIDEST_INPUT = 4.0
NARROWEST_INPUT = 0.1
# With default weights at most a tenth of the outputs is saturated at the start; at the end of good
# runs it is up to 40 %.
SATURATED_AT_START = 0.25
SATURATED_AT_END = 0.5
# Karpathy's notes for CS231n: with too high an α "as much as 40 %" of all relus may die.
DEAD = 0.4
# ‖ΔW‖/‖W‖ of a step (CS231n).
USUAL_STEP = 1e-3
# Of ‖W_0‖: with weights as close as this to the initial ones, E is still that of the start.
HARDLY_MOVED = 0.1
# The sum of all rises of E: 1 % of the baseline in good runs, 20 % in unstable ones.
UNSTABLE = 0.1
# The relative difference up to which two losses count as equal; an epoch's noise is below 2 %.
NEAR = 0.02
# The gain in the last third of the epochs, relative to a constant rate; it is small in good runs.
STILL_FALLING = 0.75
# Overfitting: the rise of the validation loss, relative to its minimum, and the gap between the
# accuracies. The best runs have 1 % and 2 points.
VALIDATION_RISE = 0.25
GAP = 0.1
# Two epochs less than four points apart may then differ by chance alone (2√2 standard errors); the
# tenth of 6,000 rows is enough.
GREATEST_STANDARD_ERROR = 0.015
# ‖W‖ / ‖W_0‖ below which weight decay has removed almost everything.
SHRUNK = 0.1
LARGE_WEIGHT = 0.1


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


def find_problems(stats: RunStats) -> list[Diagnosis]:
    """All diagnoses of a run, causes before consequences."""
    found = (diagnose(stats) for diagnose in DIAGNOSES)
    return [diagnosis for diagnosis in found if diagnosis is not None]


def _diagnosis(kind: DiagnosisKind, evidence: str, *remedies: Remedy) -> Diagnosis:
    """A diagnosis whose cause is the key that its first remedy changes."""
    return Diagnosis(kind, remedies[0][0], evidence, remedies)


def unusual_pixels(stats: RunStats) -> Diagnosis | None:
    """Pixels of at most 1 or 16 make x_0 almost 0."""
    if stats.doubts is None or stats.doubts.low_range is None:
        return None
    high = stats.doubts.low_range
    evidence = f"no pixel of the training rows is above {high}, where 255 is usual"
    return _diagnosis(DiagnosisKind.PIXELS, evidence, (("data", "pixel_range"), f"[0, {high}]"))


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
    return _diagnosis(DiagnosisKind.INPUTS, evidence, remedy)


def symmetric_neurons(stats: RunStats) -> Diagnosis | None:
    """Neurons with equal weights get equal δ and stay equal."""
    if stats.weights is None:
        return None
    # Rounding, which differs between neurons, may separate them after many lost epochs.
    at_start = stats.weights.symmetric_at_start if _learns_badly(stats) else []
    layers = stats.weights.symmetric or at_start
    if not layers:
        return None
    layer = layers[0]
    verb, end = "began with", "differ by rounding alone"
    if stats.weights.symmetric:
        verb, end = "have", "never differ"
    evidence = (
        f"all {stats.config.network[layer - 1].neurons} neurons of layer {layer} {verb} the same "
        f"weights, so they get the same δ_{layer} and {end}"
    )
    remedies: list[Remedy] = [(("network", number - 1, "init"), "null") for number in layers]
    return _diagnosis(DiagnosisKind.SYMMETRIC, evidence, *remedies)


def weights_pulled_to_zero(stats: RunStats) -> Diagnosis | None:
    """A penalty that is stronger than the gradient."""
    training = stats.config.training
    if not _learns_badly(stats) or stats.weights is None or stats.weights.shrunk > SHRUNK:
        return None
    evidence = f"‖W‖ is {stats.weights.shrunk:.2g} of what it was before the first step"
    decay, l1 = training.optimizer.weight_decay, training.l1
    remedy: Remedy
    if l1 > LARGE_WEIGHT * decay:  # l1 pulls small weights as strongly as large ones
        remedy = (("training", "l1"), "0")
    elif decay:
        remedy = (("training", "optimizer", "weight_decay"), f"{min(1e-4, decay / 10):g}")
    else:
        return None
    return _diagnosis(DiagnosisKind.DECAY, evidence, remedy)


def rate_too_high(stats: RunStats) -> Diagnosis | None:
    """Steps so long that they pass the minimum and E rises."""
    evidence = (
        stats.divergence
        or _unstable(stats)
        or _worse_than_constant(stats)
        or _worse_than_start(stats)
        or _first_steps_rise(stats)
    )
    if evidence is None:
        return None
    if stats.start is not None and stats.start.step > LARGE_STEP:
        step = f"{stats.start.step:.2g}"
        evidence += f"; ‖ΔW‖/‖W‖ of the first steps is {step}, {USUAL_STEP} is usual"
    remedy = lower_learning_rate(stats, stats.config)
    return _diagnosis(DiagnosisKind.RATE_TOO_HIGH, evidence, remedy)


def _unstable(stats: RunStats) -> str | None:
    losses = [record.train_loss for record in stats.history]
    rises = [change for change in np.diff(losses).tolist() if change > 0]
    if len(rises) < 2 or sum(rises) < UNSTABLE * stats.baseline:
        return None
    return (
        f"E rose after {len(rises)} of {len(losses) - 1} epochs, by {sum(rises):.3g} in all, and "
        f"is {losses[-1]:.4g}"
    )


def _worse_than_constant(stats: RunStats) -> str | None:
    if not stats.history:
        return None
    first, last = stats.history[0].train_loss, stats.history[-1].train_loss
    hardly_moved = stats.weights is not None and stats.weights.moved < HARDLY_MOVED
    if last < (1 + NEAR) * stats.baseline or last < 0.9 * first or hardly_moved:
        return None
    return (
        f"E is {last:.4g} after {_epochs(len(stats.history))}; the same answer to all rows would "
        f"have {stats.baseline:.4g}"
    )


def _worse_than_start(stats: RunStats) -> str | None:
    if not stats.history or not _learns_badly(stats) or stats.start is None:
        return None
    worst, before = max(record.train_loss for record in stats.history), stats.start.loss
    if worst < (1 + NEAR) * max(before, stats.baseline):
        return None
    return f"E went up to {worst:.4g} from {before:.4g} before the first step"


def _first_steps_rise(stats: RunStats) -> str | None:
    """For a run that diverged at once, but does not with today's number of threads."""
    if stats.history or stats.start is None or stats.start.step <= LARGE_STEP:
        return None
    before, after = stats.start.loss, stats.start.loss_after
    if after < (1 + NEAR) * max(before, stats.baseline):
        return None
    return f"E goes up to {after:.4g} from {before:.4g} in the first {STEPS} steps"


def saturated(stats: RunStats) -> Diagnosis | None:
    """Where σ is flat, σ′ and with it δ are almost 0."""
    if not _learns_badly(stats):
        return None
    layers = stats.config.network
    for state, limit, when in (
        (stats.start, SATURATED_AT_START, "before the first step"),
        (stats.end, SATURATED_AT_END, "now"),
    ):
        if state is None:
            continue
        shares = list(state.saturated)
        if LOSSES[stats.config.loss].canonical is ACTIVATIONS[layers[-1].activation]:
            shares[-1] = 0.0  # σ′ of the outputs cancels
        # All outputs but one should be near 0, so only more than these are too many.
        limits = [limit] * (len(layers) - 1) + [1 - 0.5 / stats.config.output_layer.dense]
        found = [i for i, share in enumerate(shares) if share > limits[i]]
        if found:
            found.sort(key=lambda i: -shares[i])
            worst = found[0]
            evidence = (
                f"{_percent(shares[worst])} of the outputs of layer {worst + 1} have a σ′ next to "
                f"0 {when} ({layers[worst].activation})"
            )
            remedies: list[Remedy] = [(("network", i, "init"), "null") for i in found]
            if when == "now":
                remedies = [lower_learning_rate(stats, stats.config)]
            return _diagnosis(DiagnosisKind.SATURATED, evidence, *remedies)
    return None


def dead_relus(stats: RunStats) -> Diagnosis | None:
    """A relu that is 0 for every row has σ′ = 0 for every row and never changes again."""
    state = stats.end or stats.start
    if state is None or max(state.dead) < DEAD:
        return None
    worst = int(np.argmax(state.dead))
    before = stats.start.dead[worst] if stats.start is not None else math.nan
    evidence = (
        f"{_percent(state.dead[worst])} of the neurons of layer {worst + 1} are 0 for every row"
        f" ({_percent(before)} before the first step)"
    )
    remedies: tuple[Remedy, ...] = ((("network", worst, "init"), "null"),)
    if not before >= DEAD:
        vanished = stats.start is not None and stats.start.gradient_ratio < VANISHED
        if stats.start is not None and vanished and _learns_badly(stats):
            # Almost no signal passes such weights: only biases learn, and push z below 0.
            ratio = f"{stats.start.gradient_ratio:.1g}"
            evidence += f"; |δ_1| was {ratio} of |δ_{len(state.deltas)}| then"
            remedies = stronger_gradient(stats)
        else:
            remedies = (lower_learning_rate(stats, stats.config),)
    return _diagnosis(DiagnosisKind.DEAD, evidence, *remedies)


def vanishing_gradient(stats: RunStats) -> Diagnosis | None:
    """δ_{i−1} = W_iᵀ δ_i ⊙ σ′: each layer multiplies by its W and σ′."""
    if not _learns_badly(stats) or len(stats.config.network) < 2:
        return None
    state = _state_with_vanishing_gradient(stats)
    if state is None:
        return None
    sizes = ", ".join(f"|δ_{i}| {size:.1g}" for i, size in enumerate(state.deltas, 1))
    when = "before the first step" if state is stats.start else "now"
    evidence = f"{sizes}, means of the rows {when}, so the first layers hardly learn"
    return _diagnosis(DiagnosisKind.VANISHING, evidence, *stronger_gradient(stats))


def _state_with_vanishing_gradient(stats: RunStats) -> Snapshot | None:
    """The newest state, or the first one if E did not fall in the first epoch."""
    if stats.end is not None and stats.end.gradient_ratio < VANISHED:
        return stats.end
    stalled = not stats.history or stats.history[0].train_loss > (1 - NEAR) * stats.baseline
    if stalled and stats.start is not None and stats.start.gradient_ratio < VANISHED:
        return stats.start
    return None


def rate_too_low(stats: RunStats) -> Diagnosis | None:
    """Steps so short that the minimum is far away."""
    start, end, history = stats.start, stats.end, stats.history
    if not history or not _learns_badly(stats) or start is None or end is None:
        return None
    if end.step > USUAL_STEP or start.step > 10 * USUAL_STEP or stats.weights is None:
        return None
    rate = stats.config.training.optimizer.learning_rate
    factor = 10 ** min(4, math.ceil(math.log10(USUAL_STEP / max(end.step, 1e-30))))
    evidence = (
        f"‖ΔW‖/‖W‖ of a step is {end.step:.1g}, where {USUAL_STEP} is usual; after "
        f"{_epochs(len(history))} W has moved by {_percent(stats.weights.moved)} and E is "
        f"{history[-1].train_loss:.4g}"
    )
    remedy = (LEARNING_RATE, f"{rate * factor:.2g}")
    return _diagnosis(DiagnosisKind.RATE_TOO_LOW, evidence, remedy)


def too_few_epochs(stats: RunStats) -> Diagnosis | None:
    """A learning curve that still falls where it ends."""
    losses = [record.train_loss for record in stats.history]
    if len(losses) < 2 or not _learns_badly(stats):
        return None
    before = stats.start.loss if stats.start is not None else stats.baseline
    if max(losses) > (1 + NEAR) * max(before, stats.baseline):
        return None  # it falls from a peak that it should not have had
    top = stats.baseline if losses[-1] < stats.baseline else before
    third = math.ceil(len(losses) / 3)
    gain, recent_gain = top - losses[-1], losses[-1 - third] - losses[-1]
    constant_rate = gain * third / len(losses)
    if gain < NEAR * stats.baseline or recent_gain < STILL_FALLING * constant_rate:
        return None
    last = "last" if third == 1 else f"last {third}"
    evidence = (
        f"E fell from {losses[-1 - third]:.4g} to {losses[-1]:.4g} in the {last} of "
        f"{len(losses)} epochs, {_percent(min(1, recent_gain / gain))} of all it gained"
    )
    training = stats.config.training
    remedy: Remedy = (("training", "epochs"), f"{3 * training.epochs}")
    if stats.finished and len(losses) < training.epochs and training.patience is not None:
        remedy = (("training", "patience"), f"{3 * training.patience}")  # it stopped early
    return _diagnosis(DiagnosisKind.TOO_SHORT, evidence, remedy)


def no_better_than_constant(stats: RunStats) -> Diagnosis | None:
    """E is that of a network that ignores its inputs."""
    if not stats.history:
        return None
    last, classes = stats.history[-1].train_loss, stats.config.output_layer.dense
    if not _learns_badly(stats) or abs(last - stats.baseline) > NEAR * stats.baseline:
        return None
    evidence = (
        f"E is {last:.4g}; the best constant answer, the share of each class (about 1/{classes}), "
        f"has {stats.baseline:.4g}{_baseline_formula(stats)}"
    )
    remedy: Remedy = (("training", "optimizer"), "{name: adam, learning_rate: 0.001}")
    return _diagnosis(DiagnosisKind.CONSTANT, evidence, remedy)


def _baseline_formula(stats: RunStats) -> str:
    k = stats.config.output_layer.dense
    formulas = {
        "cross_entropy": (math.log(k), f" ≈ ln {k}"),
        "squared_error": ((1 - 1 / k) / 2, f" ≈ ½(1 − 1/{k})"),
        "binary_cross_entropy": (
            math.log(k) + (k - 1) * math.log(k / (k - 1)),
            f" ≈ ln {k} + {k - 1} ln({k}/{k - 1})",
        ),
    }
    value, formula = formulas[stats.config.loss]
    return formula if math.isclose(value, stats.baseline, rel_tol=5e-3) else ""


def overfitting(stats: RunStats) -> Diagnosis | None:
    """Training rows that are learnt in ways that do not hold for other rows."""
    if len(stats.history) < 4 or not stats.history[-1].validated:
        return None
    last = stats.history[-1]
    best = min(stats.history, key=lambda record: record.val_loss)
    recent_loss = float(np.median([record.val_loss for record in stats.history[-3:]]))
    gap = last.train_accuracy - last.val_accuracy
    rose = recent_loss > (1 + VALIDATION_RISE) * best.val_loss and last.train_loss < best.train_loss
    if last.train_accuracy < GOOD_ACCURACY or not (rose or gap > GAP):
        return None
    evidence = f"{last.train_accuracy:.1%} of the training rows right, but {last.val_accuracy:.1%}"
    evidence += " of the validation rows"
    if rose:
        evidence += (
            f"; their loss was least after epoch {best.epoch}, {best.val_loss:.3g}, and has "
            f"risen to {last.val_loss:.3g}, while that of the training rows fell"
        )
    return _diagnosis(DiagnosisKind.OVERFITTING, evidence, regularization(stats))


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
        f"{stats.doubts.shared:,} of {stats.rows[1]:,} validation rows are also training rows, so "
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
    return _diagnosis(DiagnosisKind.NOT_VALIDATED, evidence, (("data", "validation"), "0.1"))


DIAGNOSES: tuple[Callable[[RunStats], Diagnosis | None], ...] = (
    unusual_pixels,
    inputs_not_scaled,
    symmetric_neurons,
    weights_pulled_to_zero,
    rate_too_high,
    saturated,
    dead_relus,
    vanishing_gradient,
    rate_too_low,
    too_few_epochs,
    no_better_than_constant,
    overfitting,
    few_validation_rows,
    shared_rows,
    classes_not_validated,
)


def _learns_badly(stats: RunStats) -> bool:
    return stats.accuracy < GOOD_ACCURACY


def _epochs(count: int) -> str:
    return f"{count} epoch{'s' * (count > 1)}"


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %" if share < 0.995 else f"{100 * share:.0f} %"
