"""A run's folder: what is in it, and which is the newest.

runs/lecture/
    config.yaml    complete and re-runnable
    metrics.csv    one row an epoch
    best.npz       the checkpoint of the best epoch
    last.npz       the checkpoint of the last moment
"""

import csv
import io
import math
import os
from contextlib import suppress
from pathlib import Path

from nntrain.config import Config, dump_config, load_config
from nntrain.errors import NNTrainError, RunError
from nntrain.files import atomic_write
from nntrain.training.progress import EpochRecord, best, is_finished

RUNS = Path("runs")


class Run:
    """One training and its folder.

    Args:
        folder: Where it is; it need not exist yet.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config_file = folder / "config.yaml"
        self.metrics_file = folder / "metrics.csv"
        self.best_file = folder / "best.npz"
        self.last_file = folder / "last.npz"

    def __str__(self) -> str:
        return str(self.folder)

    @classmethod
    def create(cls, folder: Path, config: Config) -> "Run":
        """Make the folder and write the configuration into it.

        Raises:
            RunError: The folder exists or cannot be made.
        """
        if not _make(folder):
            raise exists_already(folder)
        run = cls(folder)
        run.write_config(config)
        return run

    @classmethod
    def create_next(cls, name: str, config: Config) -> "Run":
        """Make the first that is free of runs/name, runs/name-2, runs/name-3 and so on."""
        folder, number = RUNS / name, 1
        while not _make(folder):
            number += 1
            folder = RUNS / f"{name}-{number}"
        run = cls(folder)
        run.write_config(config)
        return run

    @classmethod
    def open(cls, folder: Path) -> "Run":
        """The run in an existing folder.

        Raises:
            RunError: It is not the folder of a run.
        """
        run = cls(folder)
        if not run.config_file.is_file():
            fault = "not the folder of a run" if folder.is_dir() else "no such folder"
            raise RunError(f"{folder}: {fault}; 'nntrain runs' lists those there are")
        return run

    def write_config(self, config: Config) -> None:
        """Replace config.yaml."""
        with atomic_write(self.config_file, "w") as file:
            file.write(dump_config(config))

    def config(self) -> Config:
        """The run's complete configuration."""
        return load_config(self.config_file)

    def history(self) -> list[EpochRecord]:
        """The finished epochs, as metrics.csv has them."""
        try:
            rows = csv.DictReader(io.StringIO(self.metrics_file.read_text(encoding="utf-8")))
            if rows.fieldnames is None or tuple(rows.fieldnames) != FIELDS:
                raise ValueError("not the columns of a run")
            return [
                EpochRecord(int(row["epoch"]), *(_number(row[name]) for name in FIELDS[1:]))
                for row in rows
            ]
        except FileNotFoundError:
            return []
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise RunError(
                f"{self.metrics_file}: cannot be read: {error}; --resume writes it anew"
            ) from error

    def write_history(self, history: list[EpochRecord]) -> None:
        """Replace metrics.csv."""
        with atomic_write(self.metrics_file, "w") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(FIELDS)
            for record in history:
                writer.writerow(["" if math.isnan(value) else value for value in record])

    def is_finished(self) -> bool:
        """Whether nothing is left to train."""
        training = self.config().training
        return is_finished(self.history(), training.epochs, training.patience)


FIELDS = EpochRecord._fields


def all_runs() -> list[Run]:
    """The runs below runs/, the newest last."""
    runs = [Run(path.parent) for path in RUNS.glob("*/config.yaml")]
    return sorted(runs, key=_modified)


def newest_finished() -> Run:
    """The run that was finished last.

    Raises:
        RunError: There is none.
    """
    for run in reversed(all_runs()):
        with suppress(NNTrainError):  # a folder that cannot be read is not a finished run
            if run.is_finished():
                return run
    raise RunError(f"no finished run in {RUNS}/; train one with 'nntrain fit CONFIG'")


def newest_named(name: str) -> Run:
    """The newest run that was made from the configuration of this name.

    Raises:
        RunError: There is none.
    """
    for run in reversed(all_runs()):
        stem, _, number = run.folder.name.rpartition("-")
        if run.folder.name == name or (stem == name and number.isdecimal()):
            return run
    raise RunError(f"no run of {name} in {RUNS}/ to resume; begin one without --resume")


def exists_already(folder: Path) -> RunError:
    """What to say of a folder that a new run cannot have."""
    return RunError(
        f"{folder}: exists already; name another folder with --run, or go on with --resume"
    )


def name_for(config: Path) -> str:
    """What runs of a configuration file are called: by the file, or by the run whose own it is."""
    folder = config.resolve().parent
    return folder.name if folder.parent == RUNS.resolve() else config.stem


def table(runs: list[Run]) -> str:
    """A line a run, best first; those without a finished epoch come last."""
    rows = []
    for run in runs:
        try:
            training, history = run.config().training, run.history()
        except NNTrainError as error:
            rows.append(((-1, 0.0, 0.0), f"{run!s:<28}  unreadable: {error}"))
            continue
        top = best(history) if history else None
        rank = (int(top.validated), *top.rank) if top else (-1, 0.0, 0.0)
        finished = is_finished(history, training.epochs, training.patience)
        rows.append(
            (
                rank,
                f"{run!s:<28}  {_percent(top.val_accuracy if top else math.nan):>8}  "
                f"{_percent(top.train_accuracy if top else math.nan):>8}  "
                f"{top.epoch if top else '':>4}  {len(history):>4}/{training.epochs:<4}  "
                f"{sum(record.seconds for record in history):>9.1f}  "
                f"{'finished' if finished else 'unfinished'}",
            )
        )
    rows.sort(key=lambda row: row[0], reverse=True)
    header = f"{'run':<28}  {'val':>8}  {'train':>8}  {'best':>4}  {'epochs':<9}  {'seconds':>9}"
    return "\n".join([header, *(line for _, line in rows)])


def _percent(share: float) -> str:
    return "" if math.isnan(share) else f"{share:.2%}"


def _make(folder: Path) -> bool:
    """Make a folder; whether it is new.

    Raises:
        RunError: It cannot be made.
    """
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        if os.path.lexists(folder):
            return False
        raise RunError(
            f"{folder}: cannot be made: {error.strerror}; name another folder with --run"
        ) from error
    return True


def _modified(run: Run) -> float:
    newest = run.last_file if run.last_file.exists() else run.config_file
    return newest.stat().st_mtime


def _number(text: str) -> float:
    return float(text) if text else math.nan
