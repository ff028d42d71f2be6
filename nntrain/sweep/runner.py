"""Conducting a sweep: which trial goes on, which ends, and which is the next to begin."""

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from nntrain.cluster.dispatcher import Dispatcher
from nntrain.cluster.segment import contents, history_of, keep
from nntrain.config import Config, dump_config
from nntrain.errors import CheckpointError, ConfigError, RunError
from nntrain.sweep.search import can_start, is_rung, max_trials, should_prune
from nntrain.sweep.trials import Trials
from nntrain.training.progress import EpochRecord, is_finished
from nntrain.training.run import RunFolder

SECONDS_A_NOTE = 10.0  # of a sweep's time, which a kill costs


class SweepCallback:
    """Sees nothing; the base of those that show how a sweep goes."""

    def on_trial_start(self, name: str, values: dict[str, Any], epoch: int, epochs: int) -> None:
        """A trial begins, or goes on after so many of its epochs."""

    def epoch(self, name: str, record: EpochRecord) -> None:
        """A trial has finished an epoch."""

    def ended(
        self, name: str, state: TrialState, accuracy: float | None, fault: str | None
    ) -> None:
        """A trial has ended: trained to the end, ended early, or failed, with the reason."""

    def notice(self, text: str) -> None:
        """One line that people should know."""


def run_sweep(
    trials: Trials,
    dispatcher: Dispatcher,
    watcher: SweepCallback,
    interrupted: Callable[[], bool] = lambda: False,
) -> None:
    """Begin and train trials until there have been enough.

    Args:
        trials: The sweep; goes on with what it has begun.
        dispatcher: Trains them.
        watcher: Is shown how it goes.
        interrupted: Asked again and again; true ends it, to be gone on with.

    Raises:
        CheckpointError: None of a begun trial's checkpoints can be trusted.
        RunError: A trial's folder is of a trial with other values.
        NNTrainError: The cluster is gone, or something cannot be written.
    """
    clock = _Clock(trials)
    try:
        _conduct(trials, dispatcher, watcher, interrupted, clock)
    finally:
        clock.note()


class _Clock:
    """How long a sweep has been conducted; noted now and then, as a kill may end it.

    Args:
        trials: The sweep.
    """

    def __init__(self, trials: Trials) -> None:
        self._trials = trials
        self._noted = time.monotonic()
        self._began = self._noted - trials.seconds

    def seconds(self) -> float:
        """So far, all interruptions aside."""
        if time.monotonic() - self._noted >= SECONDS_A_NOTE:
            self.note()
        return time.monotonic() - self._began

    def note(self) -> None:
        """Write it down."""
        self._noted = time.monotonic()
        self._trials.seconds = self._noted - self._began


def _conduct(
    trials: Trials,
    dispatcher: Dispatcher,
    watcher: SweepCallback,
    interrupted: Callable[[], bool],
    clock: _Clock,
) -> None:
    sweep = trials.definition.sweep
    most = max_trials(sweep)

    def is_enough() -> bool:
        late = clock.seconds() >= 3_600 * (sweep.hours or math.inf)
        return late or (most is not None and len(begun) >= most)

    begun = trials.all()
    for trial in begun:
        if not trial.state.is_finished():
            _go_on(trials, trial, begun, dispatcher, watcher)
    while not interrupted():
        begun = trials.all()
        while dispatcher.idle and not is_enough() and can_start(sweep, len(begun), begun):
            trial = trials.begin(begun)
            begun = trials.all()
            _go_on(trials, trial, begun, dispatcher, watcher)
        if is_enough() and not dispatcher.busy:
            return
        for name, gone in dispatcher.wait():
            trial = begun[int(name.rpartition("-")[2]) - 1]
            if gone.fault is not None:
                _end(trials, trial, watcher, TrialState.FAIL, [], gone.fault)
                continue
            keep(trials.run_of(trial), gone.files)
            _go_on(trials, trial, begun, dispatcher, watcher)


def _go_on(
    trials: Trials,
    trial: FrozenTrial,
    begun: Sequence[FrozenTrial],
    dispatcher: Dispatcher,
    watcher: SweepCallback,
) -> None:
    """Start a trial's next segment, or end the trial, according to its folder."""
    sweep, run = trials.definition.sweep, trials.run_of(trial)
    try:
        config = trials.config_of(trial)
    except ConfigError as error:
        return _end(trials, trial, watcher, TrialState.FAIL, [], str(error).splitlines()[0])
    if not run.config_file.exists():
        run.prepare(config)
    elif not _is_of(run, config):
        raise RunError(
            f"{run}: not trained with the values that the sweep gives it now; remove it, and it is "
            "trained anew"
        )
    try:
        history = history_of(run)
    except CheckpointError as error:
        raise CheckpointError(f"{error}; or remove {run}, and it is trained anew") from error
    accuracies = [record.val_accuracy for record in history]
    epochs = config.training.epochs
    if is_finished(history, epochs, config.training.patience):
        return _end(trials, trial, watcher, TrialState.COMPLETE, accuracies)
    if should_prune(sweep, trial.number, accuracies, begun):
        return _end(trials, trial, watcher, TrialState.PRUNED, accuracies)
    watcher.on_trial_start(str(run), trials.values_of(trial), len(history), epochs)
    looks = (n for n in range(len(history) + 1, epochs) if is_rung(sweep, n))
    dispatcher.start(run.folder.name, dump_config(config), contents(run), next(looks, None))
    return None


def _is_of(run: RunFolder, config: Config) -> bool:
    """Whether a run's own configuration is this one."""
    try:
        return run.config() == config
    except ConfigError:
        return False


def _end(
    trials: Trials,
    trial: FrozenTrial,
    watcher: SweepCallback,
    state: TrialState,
    accuracies: Sequence[float],
    fault: str | None = None,
) -> None:
    trials.end(trial, state, accuracies, fault)
    watcher.ended(str(trials.run_of(trial)), state, max(accuracies, default=None), fault)
