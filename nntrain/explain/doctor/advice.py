"""What to change together, so that one visit to the doctor is enough."""

import math
from collections.abc import Iterable

from nntrain.config.issues import KeyPath
from nntrain.explain.doctor.diagnosis import Diagnosis, learns_badly
from nntrain.explain.doctor.examination import RunStats
from nntrain.explain.doctor.remedies import (
    EPOCHS,
    LEARNING_RATE,
    USUAL_STEP,
    VANISHED,
    WEIGHT_DECAY,
    Remedy,
    fitting_learning_rate,
    stronger_gradient,
    weaker_decay,
    with_remedies,
)

# e^−x of W is left by weight decay alone: a tenth.
STRONG_DECAY = math.log(10)


def advise(stats: RunStats, causes: list[Diagnosis]) -> list[Remedy]:
    """The remedies of all causes, and what else the run will then need.

    A cause hides others: while the inputs are not scaled, nobody sees whether α fits. So δ_1 and α
    are looked at again with the other changes, and epochs and weight decay are judged by numbers.
    """
    chosen = _merged(remedy for cause in causes for remedy in cause.remedies)
    if not chosen or not learns_badly(stats) or stats.rows is None:
        return chosen
    decay = stats.config.training.optimizer.weight_decay
    state = stats.start_with(with_remedies(stats.config, chosen))
    if state is not None and state.gradient_ratio < VANISHED:
        without_rate = (one for one in stronger_gradient(stats) if one[0] != LEARNING_RATE)
        chosen = _merged([*chosen, *without_rate])
    is_hidden = bool(decay) or any(path[0] in ("data", "network") for path, _ in chosen)
    if is_hidden and all(path != LEARNING_RATE[:-1] for path, _ in chosen):
        without_decay = _merged([*chosen, *([(WEIGHT_DECAY, "0")] if decay else [])])
        rate = fitting_learning_rate(stats, with_remedies(stats.config, without_decay))
        if rate is not None:
            chosen = [remedy for remedy in chosen if remedy[0] != LEARNING_RATE] + [rate]
    training = with_remedies(stats.config, chosen).training
    batches = math.ceil(stats.rows[0] / training.batch_size)
    wanted = math.ceil(1 / (USUAL_STEP * batches))  # in which W moves by its own size
    if training.epochs < wanted and _is_free(EPOCHS, chosen):
        chosen.append((EPOCHS, f"{wanted}"))
    optimizer, epochs = training.optimizer, max(training.epochs, wanted)
    pull = optimizer.learning_rate * optimizer.weight_decay * batches * epochs
    if pull > STRONG_DECAY and _is_free(WEIGHT_DECAY, chosen):
        chosen.append(weaker_decay(optimizer.weight_decay))
    return chosen


def _merged(remedies: Iterable[Remedy]) -> list[Remedy]:
    """Of two remedies that change the same key, or a part of it, the first."""
    chosen: list[Remedy] = []
    for path, value in remedies:
        if _is_free(path, chosen):
            chosen.append((path, value))
    return chosen


def _is_free(path: KeyPath, chosen: list[Remedy]) -> bool:
    """Whether no remedy changes this key, a part of it or the whole that it is a part of."""
    return not any(path[: len(other)] == other[: len(path)] for other, _ in chosen)
