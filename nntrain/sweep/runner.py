"""The loop of a sweep: start trials, train them segment by segment, and prune the bad ones."""

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from nntrain.cluster.dispatcher import Dispatcher
from nntrain.cluster.segment import read_files, read_history, write_files
from nntrain.config import Config, dump_config
from nntrain.config.diff import diff_configs
from nntrain.errors import CheckpointError, ConfigError, RunError
from nntrain.sweep.search import can_start, is_rung, max_trials, should_prune
from nntrain.sweep.trials import Trials
from nntrain.training.progress import EpochRecord, is_finished
from nntrain.training.run import RunFolder
from nntrain.training.teacher import find_teacher, keep_teacher, keeps_teacher

SAVE_INTERVAL = 10.0  # seconds; how much of the recorded running time a kill may lose


class SweepCallback:
    """Receives a sweep's progress; this base class ignores it."""

    def on_trial_start(self, name: str, values: dict[str, Any], epoch: int, epochs: int) -> None:
        """A trial starts, or continues after `epoch` of its `epochs`."""

    def on_epoch_end(self, name: str, record: EpochRecord) -> None:
        """A trial has finished an epoch."""

    def on_trial_end(
        self, name: str, state: TrialState, accuracy: float | None, error: str | None
    ) -> None:
        """A trial is complete, pruned, or failed with an error."""

    def notice(self, text: str) -> None:
        """Show a one-line message."""


def run_sweep(
    trials: Trials,
    dispatcher: Dispatcher,
    callback: SweepCallback,
    interrupted: Callable[[], bool] = lambda: False,
) -> None:
    """Run trials until the sweep has enough of them, beginning with unfinished ones.

    `interrupted` is polled about once a second; true ends the sweep, which can be resumed.

    Raises:
        CheckpointError: If none of a trial's checkpoints is valid.
        RunError: If a trial's folder has other values than the trial.
        NNTrainError: If the cluster is lost, or a file cannot be written.
    """
    run = _SweepRun(trials, dispatcher, callback)
    try:
        run.loop(interrupted)
    finally:
        run.save_time()


class _SweepRun:
    def __init__(self, trials: Trials, dispatcher: Dispatcher, callback: SweepCallback) -> None:
        self._trials = trials
        self._sweep = trials.definition.sweep
        self._dispatcher = dispatcher
        self._callback = callback
        self._saved_at = time.monotonic()
        self._started_at = self._saved_at - trials.seconds

    def loop(self, interrupted: Callable[[], bool]) -> None:
        trials = self._trials.all()
        for trial in trials:
            if not trial.state.is_finished():
                self._advance(trial, trials)
        while not interrupted():
            trials = self._trials.all()
            while (
                self._dispatcher.idle
                and not self._is_enough(len(trials))
                and can_start(self._sweep, len(trials), trials)
            ):
                trial = self._trials.ask(trials)
                trials = self._trials.all()
                self._advance(trial, trials)
            if self._is_enough(len(trials)) and not self._dispatcher.busy:
                return
            for name, result in self._dispatcher.wait():
                trial = trials[int(name.rpartition("-")[2]) - 1]
                if result.error is not None:
                    self._end(trial, TrialState.FAIL, [], result.error)
                else:
                    write_files(self._trials.run_of(trial), result.files)
                    self._advance(trial, trials)

    def save_time(self) -> None:
        self._saved_at = time.monotonic()
        self._trials.seconds = self._saved_at - self._started_at

    def _is_enough(self, started: int) -> bool:
        if time.monotonic() - self._saved_at >= SAVE_INTERVAL:
            self.save_time()
        seconds, limit = time.monotonic() - self._started_at, max_trials(self._sweep)
        return seconds >= 3_600 * (self._sweep.hours or math.inf) or (
            limit is not None and started >= limit
        )

    def _advance(self, trial: FrozenTrial, trials: Sequence[FrozenTrial]) -> None:
        """Start a trial's next segment, or end the trial, depending on its checkpoint."""
        run = self._trials.run_of(trial)
        try:
            config = self._trials.config_of(trial)
        except ConfigError as error:
            self._end(trial, TrialState.FAIL, [], str(error).splitlines()[0])
            return
        if not run.config_file.exists():
            run.prepare(config)
        elif not _has_config(run, config):
            raise RunError(
                f"{run}: not trained with the values that the sweep gives it now; remove it, and "
                "it is trained again"
            )
        if not keeps_teacher(run):
            keep_teacher(run, find_teacher(config))  # sent with the other files
        try:
            history = read_history(run)
        except CheckpointError as error:
            raise CheckpointError(f"{error}; or remove {run}, and it is trained again") from error
        accuracies = [record.val_accuracy for record in history]
        epochs = config.training.epochs
        if is_finished(history, epochs, config.training.patience):
            self._end(trial, TrialState.COMPLETE, accuracies)
        elif should_prune(self._sweep, trial.number, accuracies, trials):
            self._end(trial, TrialState.PRUNED, accuracies)
        else:
            values = self._trials.values_of(trial)
            self._callback.on_trial_start(str(run), values, len(history), epochs)
            rungs = (n for n in range(len(history) + 1, epochs) if is_rung(self._sweep, n))
            self._dispatcher.start(
                run.folder.name, dump_config(config), read_files(run), next(rungs, None)
            )

    def _end(
        self,
        trial: FrozenTrial,
        state: TrialState,
        accuracies: Sequence[float],
        error: str | None = None,
    ) -> None:
        self._trials.tell(trial, state, accuracies, error)
        name, accuracy = str(self._trials.run_of(trial)), max(accuracies, default=None)
        self._callback.on_trial_end(name, state, accuracy, error)


def _has_config(run: RunFolder, config: Config) -> bool:
    """Whether a run has this configuration, but for the paths of CSVs, whose rows are compared."""
    try:
        return diff_configs([run.config(), config]).keys() <= {"data.train", "data.validation"}
    except ConfigError:
        return False
