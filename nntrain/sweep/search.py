"""Choice of the values of trials, and pruning of bad trials, with Optuna.

Both depend only on the sweep, the trial's number and the results of the trials that started at
least `at_once` before it, not on time or order, so that interrupted sweeps have the same trials.
So each decision uses a study of its own: these trials, and a sampler seeded by the trial's number.
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
from optuna.samplers import RandomSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState

from nntrain.sweep.spec import Parameter, Sweep, show_value


def distributions(sweep: Sweep) -> dict[str, BaseDistribution]:
    """Optuna's distribution of each key; choices, which can be any values, are YAML text there."""
    return {key: _distribution(parameter) for key, parameter in sweep.space.items()}


def values_of(sweep: Sweep, params: dict[str, Any]) -> dict[str, Any]:
    """Convert Optuna's parameters of a trial to values of the configuration's keys."""
    return {
        key: params[key] if parameter.choice is None else _choices(parameter)[params[key]]
        for key, parameter in sweep.space.items()
    }


def max_trials(sweep: Sweep) -> int | None:
    """The number of trials; None for as many as the hours allow."""
    limits = [sweep.trials]
    if sweep.strategy == "grid":
        limits.append(math.prod(parameter.count() for parameter in sweep.space.values()))
    return min((limit for limit in limits if limit is not None), default=None)


def max_concurrent(sweep: Sweep) -> int:
    """The number of trials that can run at the same time."""
    return min(sweep.at_once, max_trials(sweep) or sweep.at_once)


def propose(sweep: Sweep, number: int, trials: Sequence[FrozenTrial]) -> dict[str, Any]:
    """Choose the parameters of trial `number`, from 0, for which `can_start` must be true."""
    if sweep.strategy == "grid":
        params = {}
        for key, parameter in reversed(sweep.space.items()):  # the last key changes first
            values = _grid(parameter)
            number, index = divmod(number, len(values))
            params[key] = values[index]
        return {key: params[key] for key in sweep.space}
    make_sampler = TPESampler if sweep.strategy == "tpe" else RandomSampler
    sampler = make_sampler(seed=(sweep.seed * 1_000_003 + number) % 2**32)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    study.add_trials(_known_trials(sweep, number, trials))
    return study.ask(distributions(sweep)).params


def is_rung(sweep: Sweep, epoch: int) -> bool:
    """Whether trials may be pruned after this epoch: `first`, twice as many, and so on."""
    if sweep.pruning is None:
        return False
    multiple, rest = divmod(epoch, sweep.pruning.first)
    return multiple > 0 and rest == 0 and multiple & (multiple - 1) == 0


def should_prune(
    sweep: Sweep, number: int, accuracies: Sequence[float], trials: Sequence[FrozenTrial]
) -> bool:
    """Whether a trial with these accuracies by epoch should end early.

    Its best accuracy so far is compared with those of earlier trials after as many epochs; if half
    of them are kept, this is the median rule of Golovin et al. 2017, Google Vizier, §3.2.2.
    """
    pruning = sweep.pruning
    if pruning is None or not is_rung(sweep, len(accuracies)):
        return False
    pruner = optuna.pruners.PercentilePruner(100 * pruning.keep, n_startup_trials=pruning.after)
    study = optuna.create_study(direction="maximize", pruner=pruner)
    study.add_trials(_known_trials(sweep, number, trials))
    trial = study.ask()
    trial.report(max(accuracies), len(accuracies))
    return trial.should_prune()


def can_start(sweep: Sweep, number: int, trials: Sequence[FrozenTrial]) -> bool:
    """Whether all trials that the choice of a trial's values depends on are finished."""
    return all(trial.state.is_finished() for trial in _earlier(sweep, number, trials))


def _earlier(sweep: Sweep, number: int, trials: Sequence[FrozenTrial]) -> Sequence[FrozenTrial]:
    return trials[: max(0, number + 1 - sweep.at_once)]


def _known_trials(
    sweep: Sweep, number: int, trials: Sequence[FrozenTrial]
) -> Sequence[FrozenTrial]:
    states = (TrialState.COMPLETE, TrialState.PRUNED)
    return [trial for trial in _earlier(sweep, number, trials) if trial.state in states]


def _distribution(parameter: Parameter) -> BaseDistribution:
    if parameter.choice is not None:
        return CategoricalDistribution(list(_choices(parameter)))
    if parameter.whole is not None:
        values = _grid(parameter)
        return IntDistribution(values[0], values[-1], step=parameter.step)
    if parameter.log is not None:
        return FloatDistribution(*parameter.log, log=True)
    assert parameter.range is not None  # noqa: S101 (a parameter has one kind)
    return FloatDistribution(*parameter.range)


def _choices(parameter: Parameter) -> dict[str, Any]:
    return {show_value(value): value for value in parameter.choice or ()}


def _grid(parameter: Parameter) -> Sequence[Any]:
    """All values that a grid tries for one key, as Optuna's parameters."""
    if parameter.whole is not None:
        low, high = parameter.whole
        return range(low, high + 1, parameter.step)
    return list(_choices(parameter))
