"""Progress of a sweep: a bar with the best accuracy so far, and one for each trial."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from optuna.trial import TrialState
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from nntrain.cli.terminal import console
from nntrain.columns import can_redraw, named_lines
from nntrain.sweep.ranking import format_values, ranking
from nntrain.sweep.runner import SweepCallback
from nntrain.sweep.search import max_trials
from nntrain.sweep.trials import Trials
from nntrain.training.progress import EpochRecord


class SweepProgress(SweepCallback, AbstractContextManager["SweepProgress"]):
    """Prints a line to stderr when a trial starts or ends, and bars if stderr is a terminal."""

    def __init__(self, trials: Trials) -> None:
        self._folder = trials.folder
        self._console = console(stderr=True)
        self._console.no_color = True  # rich's colours of bars are hard to read in many terminals
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[result]}", markup=False),
            console=self._console,
            transient=True,
            expand=True,
            disable=not can_redraw(self._console.file),
        )
        ended = [one for one in ranking(trials) if one.state.is_finished()]
        self._best: tuple[float, str] = max(
            ((one.accuracy, one.run.folder.name) for one in ended if one.accuracy is not None),
            default=(0.0, ""),
        )
        self._sweep_task = self._progress.add_task(
            self._folder.name,
            total=max_trials(trials.definition.sweep),
            completed=len(ended),
            result=self._best_so_far(),
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> "SweepProgress":
        self._progress.start()
        if not self._progress.disable:
            # Or it stays hidden when a second Ctrl-C ends the process.
            self._console.show_cursor()
        return self

    def __exit__(self, *exception: object) -> None:
        self._progress.stop()

    def notice(self, text: str) -> None:
        """Print a line above the bars."""
        self._console.print(text, soft_wrap=True)

    def _notice_about(self, name: str, text: str) -> None:
        """Print lines above the bars; a long name has one of its own in a terminal."""
        for line in named_lines(name, text, self._console.file):
            self.notice(line)

    def on_trial_start(self, name: str, values: dict[str, Any], epoch: int, epochs: int) -> None:
        """Print the values of a new trial, and show its bar."""
        if name in self._tasks:
            return
        begun = f"continues after epoch {epoch}, " if epoch else ""
        self._notice_about(name, f"{begun}{format_values(values)}")
        self._tasks[name] = self._progress.add_task(
            Path(name).name, total=epochs, completed=epoch, result=""
        )

    def on_epoch_end(self, name: str, record: EpochRecord) -> None:
        """Advance the trial's bar."""
        task = self._tasks.get(str(self._folder / name))
        if task is not None:
            self._progress.update(task, completed=record.epoch, result=f"{record.val_accuracy:.2%}")

    def on_trial_end(
        self, name: str, state: TrialState, accuracy: float | None, error: str | None
    ) -> None:
        """Print the trial's result, and remove its bar."""
        if name in self._tasks:
            self._progress.remove_task(self._tasks.pop(name))
        if error is not None:
            self.notice(f"{name}: failed: {error}")
        elif accuracy is not None:
            early = ", ended early" if state == TrialState.PRUNED else ""
            self._notice_about(name, f"{accuracy:.2%} of the validation rows right{early}")
            self._best = max(self._best, (accuracy, Path(name).name), key=lambda best: best[0])
        self._progress.update(self._sweep_task, advance=1, result=self._best_so_far())

    def _best_so_far(self) -> str:
        accuracy, name = self._best
        return f"best {accuracy:.2%}, {name}" if name else ""
