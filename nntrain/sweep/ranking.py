"""A sweep's trials in order of what they reached."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from optuna.trial import TrialState

from nntrain.config.diff import format_short
from nntrain.errors import RunError
from nntrain.sweep.trials import Trials
from nntrain.training.run import RunFolder


class Ranked(NamedTuple):
    """One trial.

    Attributes:
        run: Its run.
        values: What it tried, by keys of the configuration.
        accuracy: Its best val_accuracy; None before its first epoch was over.
        epochs: How many it was trained.
        state: How it stands.
        fate: The same in words; nothing if it was trained to the end.
    """

    run: RunFolder
    values: dict[str, Any]
    accuracy: float | None
    epochs: int
    state: TrialState
    fate: str


_ORDER = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING, TrialState.FAIL)


def ranking(trials: Trials) -> list[Ranked]:
    """Those trained to the end, best first; then those ended early, begun, and failed."""
    ranked = []
    for trial in trials.all():
        run = trials.run_of(trial)
        accuracy, epochs = max(trial.intermediate_values.values(), default=None), trial.last_step
        if not trial.state.is_finished():
            with suppress(RunError):  # no more than its files tell, while they are being written
                history = run.history()
                accuracy = max((record.val_accuracy for record in history), default=None)
                epochs = len(history)
        ranked.append(
            Ranked(
                run=run,
                values=trials.values_of(trial),
                accuracy=accuracy,
                epochs=epochs or 0,
                state=trial.state,
                fate={
                    TrialState.PRUNED: "ended early",
                    TrialState.RUNNING: "unfinished",
                    TrialState.FAIL: f"failed: {trial.user_attrs.get('fault')}",
                }.get(trial.state, ""),
            )
        )
    return sorted(ranked, key=lambda one: (_ORDER.index(one.state), -(one.accuracy or 0)))


def committee(ranked: Sequence[Ranked], best: int) -> list[RunFolder]:
    """The best runs that were trained to the end."""
    return [one.run for one in ranked if one.state == TrialState.COMPLETE][:best]


def brief(value: Any) -> str:
    """A value that a trial tries, in few characters."""
    return f"{value:.4g}" if isinstance(value, float) else format_short(value)
