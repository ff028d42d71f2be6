"""Changes of a configuration that may help, some of which are tried on the sample first."""

import math

from nntrain.config import Config, dump_config, parse_config
from nntrain.config.issues import KeyPath
from nntrain.explain.doctor.examination import SQUASHING, RunStats

Remedy = tuple[KeyPath, str]  # a key, and its new value as YAML

LEARNING_RATE: KeyPath = ("training", "optimizer", "learning_rate")
EPOCHS: KeyPath = ("training", "epochs")
WEIGHT_DECAY: KeyPath = ("training", "optimizer", "weight_decay")
# ‖ΔW‖/‖W‖ of a step (CS231n).
USUAL_STEP = 1e-3
# Three sigmoids, each with σ′ ≤ ¼, leave 1/64 of δ.
VANISHED = 1 / 50
# CS231n: ‖ΔW‖ should be about 1e-3 of ‖W‖. In the first steps of good runs it is up to 4e-2.
LARGE_STEP = 5e-2
# Enough to see that E jumps.
TRIAL_STEPS = 40
# Of learning rates to try.
FACTORS = (3, 10, 30, 100, 300, 1_000, 3_000, 10_000)
MOST_TRIALS = 15
# Of the loss after the trial steps: a better α is only advised if it makes a difference.
FAR_BETTER = 0.9
# A tiny α changes the loss by less than rounding.
NOISE = 1e-3


def with_remedies(config: Config, remedies: list[Remedy]) -> Config:
    """The configuration with these changes."""
    return parse_config(dump_config(config), "advice", [assignment(*one) for one in remedies])


def assignment(path: KeyPath, value: str) -> str:
    """A change as --set takes it."""
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return f"{key.removeprefix('.')}={value}"


def lower_learning_rate(stats: RunStats, config: Config) -> Remedy:
    """The best α below the configured one; a tenth if nothing can be tried."""
    rate = config.training.optimizer.learning_rate
    return _best_rate(stats, config, [rate / n for n in FACTORS], otherwise=rate / 10)


def higher_learning_rate(stats: RunStats, otherwise: float) -> Remedy:
    """The best α above the configured one."""
    rate = stats.config.training.optimizer.learning_rate
    return _best_rate(stats, stats.config, [rate * n for n in FACTORS], otherwise)


def _best_rate(stats: RunStats, config: Config, rates: list[float], otherwise: float) -> Remedy:
    """The α with the lowest loss after some steps, none of which is large.

    The trials end at the first α that is worse than the one before.

    Args:
        stats: The run.
        config: The configuration to try them with.
        rates: In the order of the trials; the last one is the result if all steps are large.
        otherwise: If nothing can be tried.
    """
    if stats.sample is None:
        return LEARNING_RATE, f"{otherwise:.1g}"
    lowest_loss, best = math.inf, rates[-1]
    for rate in rates:
        loss = _loss_with(stats, config, rate)
        if loss < lowest_loss:
            lowest_loss, best = loss, rate
        elif lowest_loss < math.inf:
            break
    return LEARNING_RATE, f"{best:.1g}"


def fitting_learning_rate(stats: RunStats, config: Config) -> Remedy | None:
    """An α that is far better for a configuration than its own; None if there is none.

    From the configured α, one climbs by factors of three while the loss after some steps falls.
    """
    rate = config.training.optimizer.learning_rate
    own = _loss_with(stats, config, rate)
    best_rate, best = rate, own
    for factor in (3.0, 1 / 3) if own < math.inf else (1 / 3,):
        for power in range(1, MOST_TRIALS):
            loss = _loss_with(stats, config, rate * factor**power)
            if loss < best:
                best_rate, best = rate * factor**power, loss
            elif loss > (1 + NOISE) * best:
                break
        if best < FAR_BETTER * own:
            # Of higher ones, what is best for some steps is often too high for many.
            return LEARNING_RATE, f"{best_rate / 3 if factor > 1 else best_rate:.1g}"
    return None


def _loss_with(stats: RunStats, config: Config, rate: float) -> float:
    """E after some steps with a learning rate; ∞ if steps are large."""
    trial = stats.start_with(_with_learning_rate(config, rate), TRIAL_STEPS)
    if trial is None or trial.step > LARGE_STEP or not math.isfinite(trial.loss_after):
        return math.inf
    return trial.loss_after


def weaker_decay(decay: float) -> Remedy:
    """A tenth of a weight decay, and no more than a usual one."""
    return WEIGHT_DECAY, f"{min(1e-4, decay / 10):g}"


def stronger_gradient(stats: RunStats) -> tuple[Remedy, ...]:
    """Default initial weights if they are enough, else also relu, whose σ′ is 1."""
    config = stats.config
    hidden = [i for i, layer in enumerate(config.network[:-1]) if layer.neurons]  # no pools
    inits: list[Remedy] = [(("network", i, "init"), "null") for i in hidden]
    changed = with_remedies(config, inits)
    trial = stats.start_with(changed)
    if changed != config and trial is not None and trial.gradient_ratio >= VANISHED:
        return tuple(inits)
    relus: list[Remedy] = [
        (("network", i, "activation"), "relu")
        for i in hidden
        if config.network[i].activation in SQUASHING
    ]
    # An α for sigmoids is often too high for relus.
    rate = config.training.optimizer.learning_rate
    changed = with_remedies(config, [*relus, *inits])
    best = _best_rate(stats, changed, [rate, *(rate / n for n in FACTORS)], otherwise=rate)
    return (*relus, *inits, *([best] if float(best[1]) < 0.9 * rate else []))


def regularization(stats: RunStats) -> Remedy:
    """Distortions, dropout or weight decay: the first that the configuration does not have."""
    config, inputs = stats.config, stats.inputs or 0
    # Distortions destroy smaller pictures.
    if config.data.distortion is None and inputs >= 100 and math.isqrt(inputs) ** 2 == inputs:
        return ("data", "distortion"), "{rotation: 12, scale: 0.12, shear: 0.1, shift: 1}"
    without_dropout = [i for i, layer in enumerate(config.network[:-1]) if not layer.dropout]
    if without_dropout:
        widest = max(without_dropout, key=lambda i: config.network[i].neurons)
        return ("network", widest, "dropout"), "0.3"
    decay = 10 * config.training.optimizer.weight_decay or 1e-4
    return WEIGHT_DECAY, f"{decay:g}"


def _with_learning_rate(config: Config, rate: float) -> Config:
    optimizer = config.training.optimizer.model_copy(update={"learning_rate": rate})
    training = config.training.model_copy(update={"optimizer": optimizer})
    return config.model_copy(update={"training": training})
