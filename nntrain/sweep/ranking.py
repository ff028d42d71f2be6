"""Ranking of a sweep's trials by their accuracy."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from optuna.trial import TrialState

from nntrain.config.diff import format_short
from nntrain.errors import RunError
from nntrain.shell import command_line
from nntrain.sweep.trials import ERROR_ATTRIBUTE, Trials
from nntrain.training.run import RunFolder


class RankedTrial(NamedTuple):
    """A trial in a ranking."""

    run: RunFolder
    values: dict[str, Any]  # by keys of the configuration
    accuracy: float | None  # the best val_accuracy; None before the end of the first epoch
    epochs: int  # trained so far
    state: TrialState
    outcome: str  # the state in words; empty if the trial is complete

    def accuracies(self) -> list[float]:
        """The validation accuracy after each epoch; none if the run's files cannot be read."""
        with suppress(RunError):
            return [record.val_accuracy for record in self.run.history()]
        return []


_ORDER = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING, TrialState.FAIL)


def ranking(trials: Trials) -> list[RankedTrial]:
    """List complete trials, best first; then pruned, unfinished and failed ones."""
    ranked = []
    for trial in trials.all():
        run = trials.run_of(trial)
        accuracy, epochs = max(trial.intermediate_values.values(), default=None), trial.last_step
        if not trial.state.is_finished():
            with suppress(RunError):  # its files are being written now
                history = run.history()
                accuracy = max((record.val_accuracy for record in history), default=None)
                epochs = len(history)
        outcomes = {
            TrialState.PRUNED: "ended early",
            TrialState.RUNNING: "unfinished",
            TrialState.FAIL: f"failed: {trial.user_attrs.get(ERROR_ATTRIBUTE)}",
        }
        values, outcome = trials.values_of(trial), outcomes.get(trial.state, "")
        ranked.append(RankedTrial(run, values, accuracy, epochs or 0, trial.state, outcome))
    return sorted(ranked, key=lambda one: (_ORDER.index(one.state), -(one.accuracy or 0)))


def committee(ranked: Sequence[RankedTrial], best: int) -> list[RunFolder]:
    """The runs of the best complete trials."""
    return [one.run for one in ranked if one.state == TrialState.COMPLETE][:best]


def committee_commands(runs: Sequence[RunFolder]) -> list[str]:
    """The commands that evaluate a committee and write its submission; none for a single run."""
    folders = [run.folder for run in runs]
    names = ("evaluate", "predict") if len(runs) > 1 else ()
    return [command_line("nntrain", name, *folders) for name in names]


def format_values(values: Mapping[str, Any]) -> str:
    """A trial's values with their keys, as one line."""
    return ", ".join(f"{key}={format_value(value)}" for key, value in values.items())


def format_value(value: Any) -> str:
    """A trial's value for one key, shortened."""
    return f"{value:.4g}" if isinstance(value, float) else format_short(value)
