"""Which values a trial tries, and whether it is worth going on with: asked of Optuna.

Both depend on the sweep, on the trial's number and on how those trials went that began at least
`at_once` before it, and on nothing else: not on the time of day, not on how many run at once, and
not on which of them ends first. So a sweep gives the same trials whatever happens to it.
"""

import math
from collections.abc import Sequence
from typing import Any

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState

from nntrain.sweep.spec import Parameter, Sweep, show_value


def distributions(sweep: Sweep) -> dict[str, BaseDistribution]:
    """What each key is drawn from; choices stand there as texts of YAML, which may be anything."""
    return {key: _distribution(axis) for key, axis in sweep.space.items()}


def values_of(sweep: Sweep, params: dict[str, Any]) -> dict[str, Any]:
    """A trial's parameters as the values of configuration keys."""
    return {
        key: _choices(axis)[params[key]] if axis.choice is not None else params[key]
        for key, axis in sweep.space.items()
    }


def grid_size(sweep: Sweep) -> int:
    """How many trials a grid has."""
    return math.prod(len(_grid(axis)) for axis in sweep.space.values())


def max_trials(sweep: Sweep) -> int | None:
    """How many trials there are to be; None: as many as the hours allow."""
    limits = [sweep.trials, grid_size(sweep) if sweep.strategy == "grid" else None]
    return min((limit for limit in limits if limit is not None), default=None)


def max_concurrent(sweep: Sweep) -> int:
    """How many trials can run at the same time."""
    return min(sweep.at_once, max_trials(sweep) or sweep.at_once)


def propose(sweep: Sweep, number: int, trials: Sequence[FrozenTrial]) -> dict[str, Any]:
    """The parameters of a trial.

    Args:
        sweep: What is searched.
        number: The trial's, counted from 0.
        trials: All before it; those that it may know of are finished.
    """
    if sweep.strategy == "grid":
        params = {}
        for key, axis in reversed(sweep.space.items()):  # the last is the first to change
            values = _grid(axis)
            number, at = divmod(number, len(values))
            params[key] = values[at]
        return {key: params[key] for key in sweep.space}
    study = optuna.create_study(direction="maximize", sampler=_sampler(sweep, number))
    study.add_trials(_known(sweep, number, trials))
    return study.ask(distributions(sweep)).params


def is_rung(sweep: Sweep, epoch: int) -> bool:
    """Whether trials are looked at after this epoch: after `first`, twice as many, and so on."""
    if sweep.pruning is None:
        return False
    looks, rest = divmod(epoch, sweep.pruning.first)
    return looks > 0 and rest == 0 and looks & (looks - 1) == 0


def should_prune(
    sweep: Sweep, number: int, accuracies: Sequence[float], trials: Sequence[FrozenTrial]
) -> bool:
    """Whether a trial is so much worse than others were that it should end.

    Its best accuracy so far is held against theirs after as many epochs (the median rule of
    Golovin et al. 2017, Google Vizier, §3.2.2, where half of them are kept).

    Args:
        sweep: Says how much worse.
        number: The trial's, counted from 0.
        accuracies: Its val_accuracy after each epoch.
        trials: As in `propose`.
    """
    pruning = sweep.pruning
    if pruning is None or not is_rung(sweep, len(accuracies)):
        return False
    study = optuna.create_study(
        direction="maximize",
        pruner=optuna.pruners.PercentilePruner(100 * pruning.keep, n_startup_trials=pruning.after),
    )
    study.add_trials(_known(sweep, number, trials))
    trial = study.ask()
    trial.report(max(accuracies), len(accuracies))
    return trial.should_prune()


def can_start(sweep: Sweep, number: int, trials: Sequence[FrozenTrial]) -> bool:
    """Whether all is known that this trial may know of."""
    return all(trial.state.is_finished() for trial in trials[: max(0, number + 1 - sweep.at_once)])


def _known(sweep: Sweep, number: int, trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """Those that went well enough to be learnt from, of those begun long enough before."""
    learnt_from = (TrialState.COMPLETE, TrialState.PRUNED)
    return [
        trial
        for trial in trials[: max(0, number + 1 - sweep.at_once)]
        if trial.state in learnt_from
    ]


def _sampler(sweep: Sweep, number: int) -> BaseSampler:
    # Another one for each trial, so that none depends on how often the sweep was interrupted.
    seed = (sweep.seed * 1_000_003 + number) % 2**32
    return TPESampler(seed=seed) if sweep.strategy == "tpe" else RandomSampler(seed=seed)


def _distribution(axis: Parameter) -> BaseDistribution:
    if axis.choice is not None:
        return CategoricalDistribution(list(_choices(axis)))
    if axis.whole is not None:
        last = _grid(axis)[-1]
        return IntDistribution(axis.whole[0], last, step=axis.step)
    if axis.log is not None:
        return FloatDistribution(*axis.log, log=True)
    assert axis.range is not None  # noqa: S101 (an axis has one kind)
    return FloatDistribution(*axis.range)


def _choices(axis: Parameter) -> dict[str, Any]:
    return {show_value(value): value for value in axis.choice or ()}


def _grid(axis: Parameter) -> Sequence[Any]:
    """The parameters that an axis has on a grid."""
    if axis.whole is not None:
        low, high = axis.whole
        return range(low, high + 1, axis.step)
    return list(_choices(axis))
