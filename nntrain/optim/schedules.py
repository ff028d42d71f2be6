"""Learning-rate schedules.

A schedule maps the time t to a factor of the configured learning rate. t is in epochs, taken at the
middle of a batch, so 0 < t < epochs.
"""

import math
from collections.abc import Callable
from typing import TypeAlias

Schedule: TypeAlias = Callable[[float], float]


def constant() -> Schedule:
    """The factor 1."""
    return lambda t: 1.0


def step(every: float, factor: float) -> Schedule:
    """Multiplied by `factor` after every `every` epochs."""
    return lambda t: factor ** math.floor(t / every)


def exponential(decay: float) -> Schedule:
    """Decays continuously, by the factor `decay` in each epoch."""
    return lambda t: decay**t


def cosine(epochs: float, final: float = 0.0) -> Schedule:
    """From 1 down to `final` along half a cosine  (Loshchilov and Hutter 2017, eq. 5)."""
    return lambda t: _ease(1.0, final, t / epochs)


def one_cycle(
    epochs: float, peak_at: float = 0.3, initial: float = 0.04, final: float = 1e-4
) -> Schedule:
    """From `initial` to 1 at the share `peak_at` of the epochs, then to `final`  (Smith 2018)."""
    peak = peak_at * epochs

    def factor(t: float) -> float:
        if t < peak:
            return _ease(initial, 1.0, t / peak)
        return _ease(1.0, final, (t - peak) / (epochs - peak))

    return factor


def warm_up(schedule: Schedule, epochs: float) -> Schedule:
    """The schedule, multiplied by a linear ramp from 0 to 1 over the first `epochs`."""
    if epochs == 0:
        return schedule
    return lambda t: min(1.0, t / epochs) * schedule(t)


def _ease(start: float, end: float, share: float) -> float:
    """From `start` to `end` along half a cosine, for `share` from 0 to 1."""
    return end + (start - end) * (1 + math.cos(math.pi * min(share, 1.0))) / 2
