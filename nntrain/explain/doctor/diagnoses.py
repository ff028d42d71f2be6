"""What may be wrong with a run: each diagnosis with the numbers it rests on, and the mend.

Most are only made of a run that learns badly: in a good one sigmoids saturate, too, since that is
how they say yes and no.
"""

import math
from collections.abc import Callable, Iterator
from enum import Enum
from typing import NamedTuple

import numpy as np

from nntrain.config import Config
from nntrain.config.issues import KeyPath
from nntrain.config.schema import TrainingConfig
from nntrain.explain.doctor.examination import SQUASHING, STEPS, Examination, State
from nntrain.nn import ACTIVATIONS, LOSSES

# A linear classifier answers 88 % of MNIST rightly (LeCun et al. 1998, fig. 9); a network whose
# every epoch is worse learns badly.
GOOD_ACCURACY = 0.88
# Inputs of mean 0 and variance 1 are best (LeCun 1998, §4.3); MNIST's, brought there, reach 2.8.
WIDEST_INPUT = 4.0
NARROWEST_INPUT = 0.1
# Default weights begin with at most a tenth of the outputs saturated, good ends have 40 %.
SATURATED_AT_START = 0.25
SATURATED_AT_END = 0.5
# Three sigmoids, each with σ′ ≤ ¼, leave 1/64 of δ.
FADED = 1 / 50
# Karpathy's notes for CS231n: with too high an α "as much as 40 %" of all relus may die.
DEAD = 0.4
# CS231n, too: ‖ΔW‖ should be about 1e-3 of ‖W‖. At the start healthy runs reach 4e-2.
SMALL_STEP = 1e-3
GREAT_STEP = 5e-2
# Of ‖W_0‖: where W stays closer, E is still that of the start, whatever it is.
HARDLY_MOVED = 0.1
# Healthy runs rise by 1 % of the loss of alike answers in all, jumping ones by 20 %.
JUMPS = 0.1
# How near to the loss of alike answers is as good as there; noise of an epoch is below 2 %.
NEAR = 0.02
# Of what an even fall would gain in the last third of the epochs; good runs have gained all before.
STILL_FALLING = 0.75
# Of the least validation loss, and of all rows; the best runs have 1 % and 2 points.
RISEN = 0.25
GAP = 0.1
# Two epochs less than four points apart may then differ by chance alone (2√2 standard errors); the
# tenth of 6,000 rows is enough.
GREATEST_STANDARD_ERROR = 0.015
# Weight decay moves an equilibrium; it has won where next to nothing is left.
SHRUNK = 0.1
LARGE_WEIGHT = 0.1


class DiagnosisKind(Enum):
    """What a run may suffer from, causes before consequences."""

    INPUTS = "inputs not scaled"
    TWINS = "neurons all alike"
    DECAY = "weights pulled to 0"
    TOO_HIGH = "learning rate α too high"
    SATURATED = "σ saturated"
    DEAD = "dead relus"
    FADING = "δ vanishes towards the first layer"
    TOO_LOW = "learning rate α too low"
    TOO_SHORT = "too few epochs"
    FLAT = "all answers alike"
    OVERFITTING = "overfitting"
    VALIDATION = "too few validation rows"


_ROOTS = (DiagnosisKind.INPUTS, DiagnosisKind.TWINS, DiagnosisKind.DECAY, DiagnosisKind.TOO_HIGH)
CAUSES: dict[DiagnosisKind, tuple[DiagnosisKind, ...]] = {
    DiagnosisKind.TOO_HIGH: (DiagnosisKind.INPUTS,),
    DiagnosisKind.SATURATED: _ROOTS,
    DiagnosisKind.DEAD: _ROOTS,
    DiagnosisKind.FADING: (*_ROOTS, DiagnosisKind.SATURATED, DiagnosisKind.DEAD),
    DiagnosisKind.TOO_LOW: (
        *_ROOTS,
        DiagnosisKind.SATURATED,
        DiagnosisKind.DEAD,
        DiagnosisKind.FADING,
    ),
    DiagnosisKind.TOO_SHORT: (
        *_ROOTS,
        DiagnosisKind.SATURATED,
        DiagnosisKind.DEAD,
        DiagnosisKind.FADING,
        DiagnosisKind.TOO_LOW,
    ),
    DiagnosisKind.FLAT: (
        *_ROOTS,
        DiagnosisKind.SATURATED,
        DiagnosisKind.DEAD,
        DiagnosisKind.FADING,
        DiagnosisKind.TOO_LOW,
        DiagnosisKind.TOO_SHORT,
    ),
}

Mend = tuple[KeyPath, str]  # a key, and its new value as YAML
RATE: KeyPath = ("training", "optimizer", "learning_rate")


class Diagnosis(NamedTuple):
    """One thing that is wrong.

    Attributes:
        ill: What.
        path: The key of the configuration that is to blame.
        evidence: The numbers.
        mends: What to change; none where no key helps, and the evidence says what does.
    """

    ill: DiagnosisKind
    path: KeyPath
    evidence: str
    mends: tuple[Mend, ...] = ()


def findings(seen: Examination) -> list[Diagnosis]:
    """All that is wrong, causes before consequences."""
    made = (diagnosis(seen) for diagnosis in DIAGNOSES)
    return [finding for finding in made if finding is not None]


def inputs_not_scaled(seen: Examination) -> Diagnosis | None:
    """Unheard-of sizes of x_0 make z_1, and the gradient of W_1, as large or small."""
    low, high = seen.config.data.input_range
    if high - low >= NARROWEST_INPUT and max(-low, high) <= WIDEST_INPUT:
        return None
    evidence = (
        f"x_0 lies between {low:g} and {high:g}, but initial weights and α are made for inputs "
        "of about 1"
    )
    centred = seen.config.network[0].activation in ("tanh", "scaled_tanh")
    path = ("data", "input_range")
    return Diagnosis(
        DiagnosisKind.INPUTS, path, evidence, ((path, "[-1, 1]" if centred else "[0, 1]"),)
    )


def twins(seen: Examination) -> Diagnosis | None:
    """Neurons that begin alike get the same δ, and stay alike."""
    if seen.weights is None:
        return None
    # Rounding, which differs from neuron to neuron, may part them at last, after many lost epochs.
    alike = seen.weights.twins or (seen.weights.twins_at_start if _learns_badly(seen) else [])
    if not alike:
        return None
    layer, verb = alike[0], "have" if seen.weights.twins else "began with"
    path = ("network", layer - 1, "init")
    evidence = (
        f"all {seen.config.network[layer - 1].dense} neurons of layer {layer} {verb} the same "
        f"weights, so they get the same δ_{layer} and "
        + ("never differ" if seen.weights.twins else "differ by rounding alone")
    )
    mends = tuple((("network", twin - 1, "init"), "null") for twin in alike)
    return Diagnosis(DiagnosisKind.TWINS, path, evidence, mends)


def weights_pulled_to_zero(seen: Examination) -> Diagnosis | None:
    """A penalty that is stronger than the gradient."""
    training = seen.config.training
    if not _learns_badly(seen) or seen.weights is None or seen.weights.shrunk > SHRUNK:
        return None
    evidence = f"‖W‖ is {seen.weights.shrunk:.2g} of what it was before the first step"
    decay, l1 = training.optimizer.weight_decay, training.l1
    path: KeyPath
    if l1 > LARGE_WEIGHT * decay:  # l1 pulls with the same force at all sizes, decay with less
        path = ("training", "l1")
        return Diagnosis(DiagnosisKind.DECAY, path, evidence, ((path, "0"),))
    if decay:
        path = ("training", "optimizer", "weight_decay")
        return Diagnosis(
            DiagnosisKind.DECAY, path, evidence, ((path, f"{min(1e-4, decay / 10):g}"),)
        )
    return None


def rate_too_high(seen: Examination) -> Diagnosis | None:
    """Steps so long that they end on the other side of the valley, and higher up."""
    evidence = (
        seen.divergence
        or _jumps(seen)
        or _worse_than_alike(seen)
        or _worse_at_first(seen)
        or _first_steps_lead_up(seen)
    )
    if evidence is None:
        return None
    if seen.start is not None and seen.start.step > GREAT_STEP:
        evidence += f"; ‖ΔW‖/‖W‖ of the first steps is {seen.start.step:.2g}, {SMALL_STEP} is usual"
    return Diagnosis(DiagnosisKind.TOO_HIGH, RATE, evidence, (_calmer_rate(seen, seen.config),))


def _jumps(seen: Examination) -> str | None:
    losses = [record.train_loss for record in seen.history]
    rises = [change for change in np.diff(losses).tolist() if change > 0]
    if len(rises) < 2 or sum(rises) < JUMPS * seen.alike:
        return None
    return (
        f"E rose after {len(rises)} of {len(losses) - 1} epochs, by {sum(rises):.3g} in all, and "
        f"is {losses[-1]:.4g}"
    )


def _worse_than_alike(seen: Examination) -> str | None:
    if not seen.history:
        return None
    first, last = seen.history[0].train_loss, seen.history[-1].train_loss
    if last < (1 + NEAR) * seen.alike or last < 0.9 * first or _hardly_moved(seen):
        return None
    return (
        f"E is {last:.4g} after {_epochs(len(seen.history))}; the same answer to all rows would "
        f"have {seen.alike:.4g}"
    )


def _worse_at_first(seen: Examination) -> str | None:
    if not seen.history or not _learns_badly(seen) or seen.start is None:
        return None
    worst, before = max(record.train_loss for record in seen.history), seen.start.loss
    if worst < (1 + NEAR) * max(before, seen.alike):
        return None
    return f"E went up to {worst:.4g} from {before:.4g} before the first step"


def _first_steps_lead_up(seen: Examination) -> str | None:
    """For a run that diverged at once, but only nearly so with as many threads as there are now."""
    if seen.history or seen.start is None or seen.start.step <= GREAT_STEP:
        return None
    before, after = seen.start.loss, seen.start.loss_after
    if after < (1 + NEAR) * max(before, seen.alike):
        return None
    return f"E goes up to {after:.4g} from {before:.4g} in the first {STEPS} steps"


def saturated(seen: Examination) -> Diagnosis | None:
    """Where σ is flat, σ′ is next to 0 and δ with it."""
    if not _learns_badly(seen):
        return None
    layers = seen.config.network
    for state, limit, when in (
        (seen.start, SATURATED_AT_START, "before the first step"),
        (seen.end, SATURATED_AT_END, "now"),
    ):
        if state is None:
            continue
        shares = list(state.saturated)
        if LOSSES[seen.config.loss].canonical is ACTIVATIONS[layers[-1].activation]:
            shares[-1] = 0.0  # σ′ of the outputs cancels
        # All but one output should be near 0: only if that one is, too, something is wrong.
        limits = [limit] * (len(layers) - 1) + [1 - 0.5 / seen.config.data.classes]
        flat = [i for i, share in enumerate(shares) if share > limits[i]]
        if flat:
            worst = max(flat, key=lambda i: shares[i])
            evidence = (
                f"{_percent(shares[worst])} of the outputs of layer {worst + 1} have a σ′ next to "
                f"0 {when} ({layers[worst].activation})"
            )
            if when == "now":
                return Diagnosis(
                    DiagnosisKind.SATURATED, RATE, evidence, (_calmer_rate(seen, seen.config),)
                )
            mends = tuple((("network", i, "init"), "null") for i in flat)
            return Diagnosis(DiagnosisKind.SATURATED, ("network", worst, "init"), evidence, mends)
    return None


def dead_relus(seen: Examination) -> Diagnosis | None:
    """A relu that is 0 for every row has σ′ = 0 for every row, and never changes again."""
    state = seen.end or seen.start
    if state is None or max(state.dead) < DEAD:
        return None
    worst = int(np.argmax(state.dead))
    before = seen.start.dead[worst] if seen.start is not None else math.nan
    evidence = (
        f"{_percent(state.dead[worst])} of the neurons of layer {worst + 1} are 0 for every row"
        f" ({_percent(before)} before the first step)"
    )
    if before >= DEAD:
        path: KeyPath = ("network", worst, "init")
        return Diagnosis(DiagnosisKind.DEAD, path, evidence, ((path, "null"),))
    if seen.start is not None and seen.start.fading < FADED and _learns_badly(seen):
        # Next to no signal comes through such weights: only biases learn, and push z below 0.
        evidence += f"; |δ_1| was {seen.start.fading:.1g} of |δ_{len(state.deltas)}| then"
        mends = _unfading(seen)
        return Diagnosis(DiagnosisKind.DEAD, mends[0][0], evidence, mends)
    return Diagnosis(DiagnosisKind.DEAD, RATE, evidence, (_calmer_rate(seen, seen.config),))


def fading(seen: Examination) -> Diagnosis | None:
    """δ_{i−1} = W_iᵀ δ_i ⊙ σ′: each layer multiplies by its W and σ′."""
    if not _learns_badly(seen) or len(seen.config.network) < 2:
        return None
    state = _faded_state(seen)
    if state is None:
        return None
    sizes = ", ".join(f"|δ_{i}| {size:.1g}" for i, size in enumerate(state.deltas, 1))
    when = "before the first step" if state is seen.start else "now"
    evidence = f"{sizes}, means of the rows {when}, so the first layers hardly learn"
    mends = _unfading(seen)
    return Diagnosis(DiagnosisKind.FADING, mends[0][0], evidence, mends)


def _faded_state(seen: Examination) -> State | None:
    """The newest weights, or the first ones if a flat first epoch shows that they mattered."""
    if seen.end is not None and seen.end.fading < FADED:
        return seen.end
    waited = not seen.history or seen.history[0].train_loss > (1 - NEAR) * seen.alike
    if waited and seen.start is not None and seen.start.fading < FADED:
        return seen.start
    return None


def _unfading(seen: Examination) -> tuple[Mend, ...]:
    """Default weights if they are enough, or else relu, whose σ′ is 1."""
    hidden = range(len(seen.config.network) - 1)
    weights: list[Mend] = [(("network", i, "init"), "null") for i in hidden]
    other = _changed(seen.config, activation=None)
    state = seen.start_with(other)
    if other != seen.config and state is not None and state.fading >= FADED:
        return tuple(weights)
    relus: list[Mend] = [
        (("network", i, "activation"), "relu")
        for i in hidden
        if seen.config.network[i].activation in SQUASHING
    ]
    other = _changed(seen.config, activation="relu")
    state = seen.start_with(other)
    too_fast = state is not None and (state.step > GREAT_STEP or state.loss_after > state.loss)
    rate = [_calmer_rate(seen, other)] if too_fast else []
    return (*relus, *weights, *rate)


def _changed(config: Config, activation: str | None) -> Config:
    """The same with default weights in the hidden layers, and relu in place of what saturates."""
    layers = [layer.model_dump() for layer in config.network]
    for layer in layers[:-1]:
        layer["init"] = None
        if activation and layer["activation"] in SQUASHING:
            layer["activation"] = activation
    return Config.model_validate({**config.model_dump(), "network": tuple(layers)})


def rate_too_low(seen: Examination) -> Diagnosis | None:
    """Steps so short that the end is far away."""
    start, end, history = seen.start, seen.end, seen.history
    if not history or not _learns_badly(seen) or start is None or end is None:
        return None
    if end.step > SMALL_STEP or start.step > 10 * SMALL_STEP or seen.weights is None:
        return None
    rate = seen.config.training.optimizer.learning_rate
    factor = 10 ** min(4, math.ceil(math.log10(SMALL_STEP / max(end.step, 1e-30))))
    evidence = (
        f"‖ΔW‖/‖W‖ of a step is {end.step:.1g}, where {SMALL_STEP} is usual; after "
        f"{_epochs(len(history))} W has moved by {_percent(seen.weights.moved)} and E is "
        f"{history[-1].train_loss:.4g}"
    )
    return Diagnosis(DiagnosisKind.TOO_LOW, RATE, evidence, ((RATE, f"{rate * factor:.2g}"),))


def too_few_epochs(seen: Examination) -> Diagnosis | None:
    """A curve that is far from flat where it ends."""
    losses = [record.train_loss for record in seen.history]
    if len(losses) < 2 or not _learns_badly(seen):
        return None
    before = seen.start.loss if seen.start is not None else seen.alike
    if max(losses) > (1 + NEAR) * max(before, seen.alike):
        return None  # it comes down from where it should never have been
    top = seen.alike if losses[-1] < seen.alike else before
    third = math.ceil(len(losses) / 3)
    gained, lately = top - losses[-1], losses[-1 - third] - losses[-1]
    if gained < NEAR * seen.alike or lately < STILL_FALLING * gained * third / len(losses):
        return None
    last = "last" if third == 1 else f"last {third}"
    evidence = (
        f"E fell from {losses[-1 - third]:.4g} to {losses[-1]:.4g} in the {last} of "
        f"{len(losses)} epochs, {_percent(min(1, lately / gained))} of all it gained"
    )
    path = ("training", "epochs")
    return Diagnosis(
        DiagnosisKind.TOO_SHORT, path, evidence, ((path, f"{3 * seen.config.training.epochs}"),)
    )


def flat(seen: Examination) -> Diagnosis | None:
    """E is that of a network that has not looked at its inputs."""
    if not seen.history:
        return None
    last, classes = seen.history[-1].train_loss, seen.config.data.classes
    if not _learns_badly(seen) or abs(last - seen.alike) > NEAR * seen.alike:
        return None
    evidence = (
        f"E is {last:.4g}, and {seen.alike:.4g}{_formula(seen)} if every row is answered alike, "
        f"by its class's share (about 1/{classes})"
    )
    path = ("training", "optimizer")
    return Diagnosis(
        DiagnosisKind.FLAT, path, evidence, ((path, "{name: adam, learning_rate: 0.001}"),)
    )


def _formula(seen: Examination) -> str:
    k = seen.config.data.classes
    formulas = {
        "cross_entropy": (math.log(k), f" ≈ ln {k}"),
        "squared_error": ((1 - 1 / k) / 2, f" ≈ ½(1 − 1/{k})"),
        "binary_cross_entropy": (
            math.log(k) + (k - 1) * math.log(k / (k - 1)),
            f" ≈ ln {k} + {k - 1} ln({k}/{k - 1})",
        ),
    }
    value, formula = formulas[seen.config.loss]
    return formula if math.isclose(value, seen.alike, rel_tol=5e-3) else ""


def overfitting(seen: Examination) -> Diagnosis | None:
    """What is learnt of the training rows is no longer true of others."""
    if len(seen.history) < 4 or not seen.history[-1].validated:
        return None
    last = seen.history[-1]
    least = min(seen.history, key=lambda record: record.val_loss)
    now = float(np.median([record.val_loss for record in seen.history[-3:]]))
    gap = last.train_accuracy - last.val_accuracy
    risen = now > (1 + RISEN) * least.val_loss and last.train_loss < least.train_loss
    if last.train_accuracy < GOOD_ACCURACY or not (risen or gap > GAP):
        return None
    evidence = f"{last.train_accuracy:.1%} of the training rows right, but {last.val_accuracy:.1%}"
    evidence += " of the validation rows"
    if risen:
        evidence += (
            f"; their loss was least after epoch {least.epoch}, {least.val_loss:.3g}, and has "
            f"risen to {last.val_loss:.3g}, while that of the training rows fell"
        )
    mend = _against_overfitting(seen)
    return Diagnosis(DiagnosisKind.OVERFITTING, mend[0], evidence, (mend,))


def _against_overfitting(seen: Examination) -> Mend:
    config, inputs = seen.config, seen.inputs or 0
    # Pictures of fewer pixels would not survive it.
    if config.data.distortion is None and inputs >= 100 and math.isqrt(inputs) ** 2 == inputs:
        return ("data", "distortion"), "{rotation: 12, scale: 0.12, shear: 0.1, shift: 1}"
    undropped = [i for i, layer in enumerate(config.network[:-1]) if not layer.dropout]
    if undropped:
        widest = max(undropped, key=lambda i: config.network[i].dense)
        return ("network", widest, "dropout"), "0.3"
    decay = 10 * config.training.optimizer.weight_decay or 1e-4
    return ("training", "optimizer", "weight_decay"), f"{decay:g}"


def few_validation_rows(seen: Examination) -> Diagnosis | None:
    """The share of right answers has a standard error of √(p (1 − p) / N)."""
    if not seen.history or not seen.history[-1].validated or seen.rows is None:
        return None
    training, held_out = seen.rows
    # Between none and all of so few, neither is certain (Agresti and Coull 1998: two rows more).
    best = max(record.val_accuracy for record in seen.history)
    p = (best * held_out + 1) / (held_out + 2)
    noise = max(p, GOOD_ACCURACY) * (1 - max(p, GOOD_ACCURACY))
    if noise <= GREATEST_STANDARD_ERROR**2 * held_out:
        return None
    error = math.sqrt(p * (1 - p) / held_out)
    evidence = (
        f"{best:.1%} of {held_out:,} rows has a standard error of {100 * error:.1f} points, so "
        f"epochs less than {300 * error:.0f} points apart may differ by chance"
    )
    path = ("data", "validation")
    wanted = math.ceil(noise / GREATEST_STANDARD_ERROR**2)
    share = math.ceil(20 * wanted / (training + held_out)) / 20
    if isinstance(seen.config.data.validation, str):
        return Diagnosis(
            DiagnosisKind.VALIDATION, path, f"{evidence}; name a CSV of {wanted:,} rows or more"
        )
    if share > 0.3:
        evidence += f"; take more data, of which {wanted:,} rows can be held out"
        return Diagnosis(DiagnosisKind.VALIDATION, path, evidence)
    value = f"{share:g}" if isinstance(seen.config.data.validation, float) else f"{wanted}"
    return Diagnosis(DiagnosisKind.VALIDATION, path, evidence, ((path, value),))


DIAGNOSES: tuple[Callable[[Examination], Diagnosis | None], ...] = (
    inputs_not_scaled,
    twins,
    weights_pulled_to_zero,
    rate_too_high,
    saturated,
    dead_relus,
    fading,
    rate_too_low,
    too_few_epochs,
    flat,
    overfitting,
    few_validation_rows,
)


def _learns_badly(seen: Examination) -> bool:
    return seen.accuracy < GOOD_ACCURACY


def _hardly_moved(seen: Examination) -> bool:
    return seen.weights is not None and seen.weights.moved < HARDLY_MOVED


def _calmer_rate(seen: Examination, config: Config) -> Mend:
    """Of some α whose first steps are not great, the one with which E falls furthest in them."""
    rates = list(_lower_rates(config.training.optimizer.learning_rate))
    least, chosen = math.inf, rates[-1]
    for rate in rates:
        state = seen.start_with(_with_rate(config, rate))
        if state is None:
            chosen = rates[1]  # a tenth, as one does who cannot try
            break
        if state.step <= GREAT_STEP and state.loss_after < least:
            least, chosen = state.loss_after, rate
        elif least < math.inf:
            break
    return RATE, f"{chosen:g}"


def _lower_rates(rate: float) -> Iterator[float]:
    for factor in (3, 10, 30, 100, 300, 1_000, 3_000, 10_000):
        yield float(f"{rate / factor:.1g}")


def _with_rate(config: Config, rate: float) -> Config:
    training = config.training
    optimizer = training.optimizer.model_copy(update={"learning_rate": rate})
    changed: TrainingConfig = training.model_copy(update={"optimizer": optimizer})
    return config.model_copy(update={"training": changed})


def _epochs(count: int) -> str:
    return f"{count} epoch{'s' * (count > 1)}"


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %" if share < 0.995 else f"{100 * share:.0f} %"
