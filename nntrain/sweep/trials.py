"""A sweep's folder: its trials, each a run of its own, and Optuna's record of them.

runs/NAME/
    sweep.yaml     what is searched
    base.yaml      the configuration that is varied, as it was when the sweep began
    study.db       Optuna's record, SQLite
    trial-1 …      the runs
    .lock          locked by the process that conducts the sweep
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from nntrain.config import Config
from nntrain.config.load import read_text
from nntrain.errors import ConfigError, RunError
from nntrain.files import atomic_write
from nntrain.sweep.definition import Definition, load_sweep
from nntrain.sweep.search import distributions, propose, values_of
from nntrain.training.run import RUNS, Run

optuna.logging.set_verbosity(optuna.logging.ERROR)

STUDY = "sweep"
MAY_GROW = ("trials", "hours")


def open_trials(path: Path, folder: Path | None) -> "Trials":
    """The sweep's folder, made if it has not begun yet.

    Args:
        path: SWEEP.yaml.
        folder: The folder; None: the one below runs/ that is called as the file is.

    Raises:
        ConfigError: The file asks for something that cannot be, or for another sweep than the one
            that was begun in this folder; only `trials` and `hours` may be others.
        RunError: The folder is that of something else, or cannot be made.
    """
    folder = folder or RUNS / path.stem
    definition = load_sweep(path)
    begun = folder / "sweep.yaml"
    if begun.exists():
        _refuse_another(folder, definition, load_sweep(begun, folder / "base.yaml"))
    elif folder.exists() and any(folder.iterdir()):
        raise RunError(f"{folder}: exists already, but is no sweep; name another folder with --run")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(
            f"{folder}: cannot be made: {error.strerror}; name another folder with --run"
        ) from error
    with atomic_write(folder / "base.yaml", "w") as file:
        file.write(definition.base)
    with atomic_write(begun, "w") as file:  # the last: without it, no sweep has begun
        file.write(read_text(path))
    return Trials(folder, definition)


def begun_trials(path: Path, folder: Path | None) -> "Trials":
    """The folder of a sweep that has begun, only to be looked at; arguments as in `open_trials`.

    Raises:
        RunError: It has not begun.
    """
    folder = folder or RUNS / path.stem
    begun = folder / "sweep.yaml"
    if not begun.exists():
        raise RunError(f"{folder}: no sweep has begun there; begin it with 'nntrain sweep {path}'")
    return Trials(folder, load_sweep(begun, folder / "base.yaml"))


def _refuse_another(folder: Path, asked: Definition, begun: Definition) -> None:
    ours, theirs = asked.sweep.model_dump(), begun.sweep.model_dump()
    different = [key for key in ours if key not in MAY_GROW and ours[key] != theirs[key]]
    if asked.config({}) != begun.config({}):
        different.append(f"what {asked.sweep.config} says")
    if different:
        raise ConfigError(
            f"{folder}: was begun as another sweep, which differs in: {', '.join(different)} (only "
            f"{' and '.join(MAY_GROW)} may be changed); begin a new one with --run"
        )


class Trials:
    """The trials of one sweep.

    Args:
        folder: The sweep's.
        definition: What is searched.

    Attributes:
        run: The sweep's folder, which is held like a run's.
        study: Optuna's record.
    """

    def __init__(self, folder: Path, definition: Definition) -> None:
        self.run = Run(folder)
        self.definition = definition
        self.study = optuna.create_study(
            study_name=STUDY,
            storage=f"sqlite:///{folder / 'study.db'}",
            direction="maximize",
            load_if_exists=True,
        )

    @property
    def seconds(self) -> float:
        """How long the sweep has been conducted so far, all interruptions aside."""
        return float(self.study.user_attrs.get("seconds", 0.0))

    @seconds.setter
    def seconds(self, seconds: float) -> None:
        self.study.set_user_attr("seconds", seconds)

    def all(self) -> Sequence[FrozenTrial]:
        """Those begun so far, in order of their numbers."""
        return self.study.get_trials(deepcopy=False)

    def begin(self, trials: Sequence[FrozenTrial]) -> FrozenTrial:
        """Choose the next trial's values, and note that it has begun."""
        sweep, number = self.definition.sweep, len(trials)
        params = propose(sweep, number, trials)
        self.study.add_trial(
            optuna.trial.create_trial(
                state=TrialState.RUNNING,
                params=params,
                distributions={name: distributions(sweep)[name] for name in params},
            )
        )
        return self.all()[number]

    def end(
        self,
        trial: FrozenTrial,
        state: TrialState,
        accuracies: Sequence[float],
        fault: str | None = None,
    ) -> None:
        """Note how a trial ended."""
        noted = optuna.trial.Trial(self.study, trial._trial_id)
        for epoch, accuracy in enumerate(accuracies, 1):
            if epoch not in trial.intermediate_values:
                noted.report(accuracy, epoch)
        if fault is not None:
            noted.set_user_attr("fault", fault)
        value = max(accuracies) if state == TrialState.COMPLETE else None
        self.study.tell(trial.number, value, state)

    def run_of(self, trial: FrozenTrial) -> Run:
        """The trial's own run."""
        return Run(self.run.folder / f"trial-{trial.number + 1}")

    def config_of(self, trial: FrozenTrial) -> Config:
        """The trial's complete configuration.

        Raises:
            ConfigError: Its values do not go together.
        """
        return self.definition.config(self.values_of(trial))

    def values_of(self, trial: FrozenTrial) -> dict[str, Any]:
        """What the trial tries, by keys of the configuration."""
        return values_of(self.definition.sweep, trial.params)
