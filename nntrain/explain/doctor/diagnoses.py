"""Possible problems of a run, each with the numbers it is inferred from, and a remedy.

Most are only diagnosed in runs that learn badly: sigmoids also saturate in good ones, when their
answers are certain.
"""

import math
from collections.abc import Callable

import numpy as np

from nntrain.explain.doctor.data_diagnoses import (
    classes_not_validated,
    few_validation_rows,
    inputs_not_scaled,
    overfitting,
    shared_rows,
    unusual_pixels,
)
from nntrain.explain.doctor.diagnosis import (
    Diagnosis,
    DiagnosisKind,
    change_of,
    count_epochs,
    learns_badly,
    loss,
    percent,
)
from nntrain.explain.doctor.examination import STEPS, RunStats, Snapshot
from nntrain.explain.doctor.remedies import (
    EPOCHS,
    LARGE_STEP,
    USUAL_STEP,
    VANISHED,
    Remedy,
    higher_learning_rate,
    lower_learning_rate,
    stronger_gradient,
    weaker_decay,
)
from nntrain.nn import ACTIVATIONS, LOSSES

# With default weights at most a tenth of the outputs is saturated at the start; at the end of good
# runs it is up to 40 %.
SATURATED_AT_START = 0.25
SATURATED_AT_END = 0.5
# Karpathy's notes for CS231n: with too high an α "as much as 40 %" of all relus may die.
DEAD = 0.4
# Of ‖W_0‖: with weights as close as this to the initial ones, E is still that of the start.
HARDLY_MOVED = 0.1
# The sum of all rises of E: 1 % of the baseline in good runs, 20 % in unstable ones.
UNSTABLE = 0.1
# E at the end, relative to the baseline, below which its rises did no harm.
RECOVERED = 0.2
# The relative difference up to which two losses count as equal; an epoch's noise is below 2 %.
NEAR = 0.02
# The gain in the last third of the epochs, relative to a constant rate; it is small in good runs.
STILL_FALLING = 0.75
# ‖W‖ / ‖W_0‖ below which weight decay has removed almost everything.
SHRUNK = 0.1
LARGE_WEIGHT = 0.1


def find_problems(stats: RunStats) -> list[Diagnosis]:
    """All diagnoses of a run, causes before consequences."""
    found = (diagnose(stats) for diagnose in DIAGNOSES)
    return [diagnosis for diagnosis in found if diagnosis is not None]


def symmetric_neurons(stats: RunStats) -> Diagnosis | None:
    """Neurons with equal weights get equal δ and stay equal."""
    if stats.weights is None:
        return None
    # Rounding, which differs between neurons, may separate them after many lost epochs.
    at_start = stats.weights.symmetric_at_start if learns_badly(stats) else []
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
    return Diagnosis.of(DiagnosisKind.SYMMETRIC, evidence, *remedies)


def weights_pulled_to_zero(stats: RunStats) -> Diagnosis | None:
    """A penalty that is stronger than the gradient."""
    training = stats.config.training
    if not learns_badly(stats) or stats.weights is None:
        return None
    if not stats.weights.shrunk <= SHRUNK:  # or NaN
        return None
    evidence = f"‖W‖ is {stats.weights.shrunk:.2g} of what it was before the first step"
    decay, l1 = training.optimizer.weight_decay, training.l1
    remedy: Remedy
    if l1 > LARGE_WEIGHT * decay:  # l1 pulls small weights as strongly as large ones
        remedy = (("training", "l1"), "0")
    elif decay:
        remedy = weaker_decay(decay)
    else:
        return None
    return Diagnosis.of(DiagnosisKind.DECAY, evidence, remedy)


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
        evidence += f"; ‖ΔW‖/‖W‖ of the first steps is {stats.start.step:.2g}, "
        evidence += f"{USUAL_STEP} is usual"
    remedy = lower_learning_rate(stats, stats.config)
    return Diagnosis.of(DiagnosisKind.RATE_TOO_HIGH, evidence, remedy)


def _unstable(stats: RunStats) -> str | None:
    losses = [record.train_loss for record in stats.history]
    rises = [change for change in np.diff(losses).tolist() if change > 0]
    if len(rises) < 2 or sum(rises) < UNSTABLE * stats.baseline:
        return None
    if losses[-1] < RECOVERED * stats.baseline:
        return None
    return (
        f"E rose after {len(rises)} of {len(losses) - 1} epochs, by {loss(sum(rises))} in all, and "
        f"is {loss(losses[-1])}"
    )


def _worse_than_constant(stats: RunStats) -> str | None:
    if not stats.history:
        return None
    first, last = stats.history[0].train_loss, stats.history[-1].train_loss
    hardly_moved = stats.weights is not None and stats.weights.moved < HARDLY_MOVED
    if last < (1 + NEAR) * stats.baseline or last < 0.9 * first or hardly_moved:
        return None
    return (
        f"E is {loss(last)} after {count_epochs(len(stats.history))}; the same answer to all rows "
        f"would have {stats.baseline:.4g}"
    )


def _worse_than_start(stats: RunStats) -> str | None:
    if not stats.history or not learns_badly(stats) or stats.start is None:
        return None
    worst, before = max(record.train_loss for record in stats.history), stats.start.loss
    if worst < (1 + NEAR) * max(before, stats.baseline):
        return None
    return f"E went up to {loss(worst)} from {loss(before)} before the first step"


def _first_steps_rise(stats: RunStats) -> str | None:
    """For a run that diverged at once, but does not with today's number of threads."""
    if stats.history or stats.start is None or stats.start.step <= LARGE_STEP:
        return None
    before, after = stats.start.loss, stats.start.loss_after
    if after < (1 + NEAR) * max(before, stats.baseline):
        return None
    return f"E goes up to {loss(after)} from {loss(before)} in the first {STEPS} steps"


def saturated(stats: RunStats) -> Diagnosis | None:
    """Where σ is flat, σ′ and with it δ are almost 0."""
    if not learns_badly(stats):
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
                f"{percent(shares[worst])} of the outputs of layer {worst + 1} have a σ′ next to "
                f"0 {when} ({layers[worst].activation})"
            )
            remedies: list[Remedy] = [(("network", i, "init"), "null") for i in found]
            if when == "now":
                remedies = [lower_learning_rate(stats, stats.config)]
            return Diagnosis.of(DiagnosisKind.SATURATED, evidence, *remedies)
    return None


def dead_relus(stats: RunStats) -> Diagnosis | None:
    """A relu that is 0 for every row has σ′ = 0 for every row and never changes again."""
    state = stats.end or stats.start
    if state is None or max(state.dead) < DEAD:
        return None
    worst = int(np.argmax(state.dead))
    before = stats.start.dead[worst] if stats.start is not None else math.nan
    evidence = (
        f"{percent(state.dead[worst])} of the neurons of layer {worst + 1} are 0 for every row"
    )
    if not math.isnan(before):
        evidence += f" ({percent(before)} before the first step)"
    remedies: tuple[Remedy, ...] = ((("network", worst, "init"), "null"),)
    if not before >= DEAD:
        vanished = stats.start is not None and stats.start.gradient_ratio < VANISHED
        if stats.start is not None and vanished and learns_badly(stats):
            # Almost no signal passes such weights: only biases learn, and push z below 0.
            ratio = f"{stats.start.gradient_ratio:.1g}"
            evidence += f"; |δ_1| was {ratio} of |δ_{len(state.deltas)}| then"
            remedies = stronger_gradient(stats)
        else:
            remedies = (lower_learning_rate(stats, stats.config),)
    return Diagnosis.of(DiagnosisKind.DEAD, evidence, *remedies)


def vanishing_gradient(stats: RunStats) -> Diagnosis | None:
    """δ_{i−1} = W_iᵀ δ_i ⊙ σ′: each layer multiplies by its W and σ′."""
    if not learns_badly(stats) or len(stats.config.network) < 2:
        return None
    state = _state_with_vanishing_gradient(stats)
    if state is None:
        return None
    sizes = ", ".join(f"|δ_{i}| {size:.1g}" for i, size in enumerate(state.deltas, 1))
    when = "before the first step" if state is stats.start else "now"
    evidence = f"{sizes}, means of the rows {when}, so the first layers hardly learn"
    return Diagnosis.of(DiagnosisKind.VANISHING, evidence, *stronger_gradient(stats))


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
    if not history or not learns_badly(stats) or start is None or end is None:
        return None
    if not (end.step <= USUAL_STEP and start.step <= 10 * USUAL_STEP) or stats.weights is None:
        return None
    rate = stats.config.training.optimizer.learning_rate
    factor = 10 ** min(4, math.ceil(math.log10(USUAL_STEP / max(end.step, 1e-30))))
    evidence = (
        f"‖ΔW‖/‖W‖ of a step is {end.step:.1g}, where {USUAL_STEP} is usual; after "
        f"{count_epochs(len(history))} W has moved {change_of(stats.weights.moved)} and E is "
        f"{loss(history[-1].train_loss)}"
    )
    remedy = higher_learning_rate(stats, otherwise=rate * factor)
    return Diagnosis.of(DiagnosisKind.RATE_TOO_LOW, evidence, remedy)


def too_few_epochs(stats: RunStats) -> Diagnosis | None:
    """A learning curve that still falls where it ends."""
    losses = [record.train_loss for record in stats.history]
    if len(losses) < 2 or not learns_badly(stats):
        return None
    before = stats.start.loss if stats.start is not None else stats.baseline
    if max(losses) > (1 + NEAR) * max(before, stats.baseline):
        return None  # it falls from a peak that it should not have had
    top = stats.baseline if losses[-1] < stats.baseline else before
    third = math.ceil(len(losses) / 3)
    gain, recent_gain = top - losses[-1], losses[-1 - third] - losses[-1]
    constant_rate = gain * third / len(losses)
    if not (gain >= NEAR * stats.baseline and recent_gain >= STILL_FALLING * constant_rate):
        return None
    last = "last" if third == 1 else f"last {third}"
    evidence = (
        f"E fell from {losses[-1 - third]:.4g} to {losses[-1]:.4g} in the {last} of "
        f"{len(losses)} epochs, {percent(min(1, recent_gain / gain))} of all it gained"
    )
    training = stats.config.training
    # At the recent rate E reaches 0 after so many more; but it falls ever more slowly.
    more = min(max(2 * third * losses[-1] / recent_gain, 2 * training.epochs), 9 * training.epochs)
    remedy: Remedy = (EPOCHS, f"{training.epochs + math.ceil(more)}")
    if stats.finished and len(losses) < training.epochs and training.patience is not None:
        remedy = (("training", "patience"), f"{3 * training.patience}")  # it stopped early
    return Diagnosis.of(DiagnosisKind.TOO_SHORT, evidence, remedy)


def no_better_than_constant(stats: RunStats) -> Diagnosis | None:
    """E is that of a network that ignores its inputs."""
    if not stats.history:
        return None
    last, classes = stats.history[-1].train_loss, stats.config.output_layer.dense
    if not learns_badly(stats) or abs(last - stats.baseline) > NEAR * stats.baseline:
        return None
    evidence = (
        f"E is {last:.4g}; the best constant answer, the share of each class (about 1/{classes}), "
        f"has {stats.baseline:.4g}{_baseline_formula(stats)}"
    )
    remedy: Remedy = (("training", "optimizer"), "{name: adam, learning_rate: 0.001}")
    return Diagnosis.of(DiagnosisKind.CONSTANT, evidence, remedy)


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
