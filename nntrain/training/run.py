"""Run folders: create, find, lock, read and write them.

runs/lecture/
    config.yaml    complete and re-runnable
    metrics.csv    one row per epoch
    layers.csv     statistics of the layers, one row per epoch and layer
    best.npz       the checkpoint of the best epoch
    last.npz       the latest checkpoint
    .lock          locked by the process that trains it

A committee's folder has a config.yaml with `members` > 1, and such a folder for each member:
member-1, member-2 and so on.
"""

import csv
import glob
import io
import math
import os
import warnings
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import filelock

from nntrain.config import Config, dump_config, load_config
from nntrain.errors import NNTrainError, RunError, did_you_mean, printable
from nntrain.files import atomic_write
from nntrain.shell import command_line
from nntrain.training.progress import EpochRecord, LayerRecord, Progress, is_finished

RUNS = Path("runs")
SWEEP = "sweep.yaml"  # in the folder of a sweep; its trials are runs in subfolders


class RunFolder:
    """The folder of a run or a committee, and its files.

    Args:
        folder: The path; it need not exist yet.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config_file = folder / "config.yaml"
        self.metrics_file = folder / "metrics.csv"
        self.layers_file = folder / "layers.csv"
        self.best_file = folder / "best.npz"
        self.last_file = folder / "last.npz"

    def __str__(self) -> str:
        return printable(str(self.folder))

    @classmethod
    def create(cls, folder: Path, config: Config) -> "RunFolder":
        """Create the folder and write config.yaml.

        Raises:
            RunError: If the folder exists or cannot be created.
        """
        if not _make(folder):
            raise exists_already(folder)
        return cls(folder).initialize(config)

    def initialize(self, config: Config) -> "RunFolder":
        """Write config.yaml to the new folder; remove the folder if that fails.

        Raises:
            NNTrainError: If the file cannot be written.
        """
        try:
            self.write_config(config)
        except NNTrainError:
            with suppress(OSError):
                self.folder.rmdir()
            raise
        return self

    @classmethod
    def open(cls, folder: Path) -> "RunFolder":
        """The run or committee in an existing folder.

        Raises:
            RunError: If it is not the folder of a run.
        """
        run = cls(folder)
        if not run.config_file.is_file():
            hint = "'nntrain runs' lists those there are"
            if folder.is_file():
                raise RunError(f"{folder}: a file, not the folder of a run; {hint}")
            if (folder / SWEEP).is_file():
                trials = command_line("nntrain", "runs", folder)
                raise RunError(f"{folder}: a sweep; its trials are listed by: {trials}")
            if folder.is_dir():
                raise RunError(f"{folder}: not the folder of a run; {hint}")
            others = [str(path.parent) for path in folder.parent.glob("*/config.yaml")]
            raise RunError(f"{folder}: no such folder; {did_you_mean(str(folder), others, hint)}")
        return run

    @contextmanager
    def lock(self, hint: str = "begin a run of your own without --resume") -> Iterator[None]:
        """Lock the folder; the operating system releases the lock if the process dies.

        Args:
            hint: What to do instead of waiting for the other process.

        Raises:
            RunError: If another process holds the lock, or the folder is not writable.
        """
        # On a file system without locks, filelock warns and uses the file's existence instead; a
        # stale file of a dead process is deleted at the first attempt.
        lock = filelock.FileLock(self.folder / ".lock", timeout=0.1)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                lock.acquire()
        except filelock.Timeout as error:
            raise RunError(
                f"{self}: is being trained by another process; wait for its end, or {hint}"
            ) from error
        except OSError as error:
            raise RunError(
                f"{self}: cannot be written to: {error.strerror}; name another folder with --run"
            ) from error
        try:
            yield
        finally:
            lock.release()

    def prepare(self, config: Config) -> "RunFolder":
        """Create the folder if it does not exist (a kill may have left it), and write config.yaml.

        Raises:
            RunError: If the folder cannot be created.
        """
        _make(self.folder)
        self.write_config(config)
        return self

    @property
    def resume_command(self) -> str:
        """The command that resumes the run."""
        return command_line("nntrain", "fit", self.config_file, "--run", self.folder, "--resume")

    def is_committee(self) -> bool:
        """Whether it has several members."""
        return len(self.members()) > 1

    def members(self) -> list["RunFolder"]:
        """The members of a committee, whether or not their folders exist; else the run itself."""
        # A folder with a checkpoint is no committee, even if its config.yaml is unreadable.
        count = 1 if self.last_file.exists() else self.config().members
        if count == 1:
            return [self]
        return [RunFolder(self.folder / f"member-{number}") for number in range(1, count + 1)]

    def write_config(self, config: Config) -> None:
        """Replace config.yaml."""
        with atomic_write(self.config_file, "w") as file:
            file.write(dump_config(config))

    def config(self) -> Config:
        """Read config.yaml."""
        return load_config(self.config_file)

    def history(self) -> list[EpochRecord]:
        """Read the finished epochs from metrics.csv; none if there is no file.

        Raises:
            RunError: If the file cannot be read or is invalid.
        """
        rows = _read(self.metrics_file, FIELDS, blank=("val_loss", "val_accuracy"))
        return [EpochRecord(int(epoch), *row) for epoch, *row in rows]

    def layers(self) -> list[LayerRecord]:
        """Read the statistics of the layers from layers.csv; none if there is no file.

        Raises:
            RunError: If the file cannot be read or is invalid.
        """
        rows = _read(self.layers_file, LayerRecord._fields, blank=("saturated", "gradient"))
        return [LayerRecord(int(epoch), int(layer), *row) for epoch, layer, *row in rows]

    def write_progress(self, progress: Progress) -> None:
        """Replace metrics.csv and layers.csv."""
        _write(self.metrics_file, FIELDS, progress.history)
        _write(self.layers_file, LayerRecord._fields, progress.layers)

    def unfinished(self) -> list["RunFolder"]:
        """The members that are not finished."""
        training = self.config().training
        return [
            member
            for member in self.members()
            if not is_finished(member.history(), training.epochs, training.patience)
        ]

    def is_finished(self) -> bool:
        """Whether all members are finished."""
        return not self.unfinished()


FIELDS = EpochRecord._fields


def all_runs(folder: Path = RUNS) -> list[RunFolder]:
    """The runs in subfolders, the newest last; the trials of a sweep are in the sweep's folder."""
    runs = [RunFolder(path.parent) for path in folder.glob("*/config.yaml")]
    return sorted(runs, key=_modified)


def all_sweeps() -> list[Path]:
    """The folders of all sweeps in runs/."""
    return sorted(path.parent for path in RUNS.glob(f"*/{SWEEP}"))


def newest_finished() -> RunFolder:
    """The finished run that was trained last.

    Raises:
        RunError: If there is none.
    """
    for run in reversed(all_runs()):
        with suppress(NNTrainError):  # an unreadable run is not a finished one
            if run.is_finished():
                return run
    raise RunError(f"no finished run in {RUNS}/; train one with 'nntrain fit CONFIG'")


def create_run(config: Config, folder: Path | None, name: str) -> RunFolder:
    """Create a run in this folder, or in the next of runs/name, runs/name-2, runs/name-3 and so on.

    Raises:
        RunError: If the folder exists or cannot be created.
    """
    if folder is not None:
        return RunFolder.create(folder, config)
    number = max(_numbered(name), default=0) + 1
    while not _make(path := RUNS / (f"{name}-{number}" if number > 1 else name)):
        number += 1
    return RunFolder(path).initialize(config)


def find_run(folder: Path | None, name: str) -> RunFolder:
    """The run in this folder, or the newest one of this name: that of the greatest number.

    Raises:
        RunError: If there is none.
    """
    if folder is not None:
        return RunFolder.open(folder)
    runs = {number: run for number, run in _numbered(name).items() if run.config_file.exists()}
    if runs:
        return runs[max(runs)]
    raise RunError(f"no run of {name} in {RUNS}/ to resume; begin one without --resume")


def _numbered(name: str) -> dict[int, RunFolder]:
    """The folders runs/name (number 1), runs/name-2 and so on, by number."""
    runs = {}
    for folder in RUNS.glob(f"{glob.escape(name)}*"):
        stem, _, number = folder.name.rpartition("-")
        if folder.name == name:
            runs[1] = RunFolder(folder)
        elif stem == name and number.isdecimal():
            runs[int(number)] = RunFolder(folder)
    return runs


def exists_already(folder: Path) -> RunError:
    """The error for a new run whose folder exists."""
    return RunError(
        f"{folder}: exists already; name another folder with --run, or continue it with --resume"
    )


def name_for(config: Path) -> str:
    """The name of runs of a configuration file: its stem, or the name of the run that it is of."""
    folder = config.resolve().parent
    if folder.is_relative_to(RUNS.resolve()):
        return "-".join(folder.relative_to(RUNS.resolve()).parts) or config.stem
    return config.stem


def _make(folder: Path) -> bool:
    """Create a folder; False if it exists.

    Raises:
        RunError: If it cannot be created.
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


def _modified(run: RunFolder) -> float:
    """The time of the latest checkpoint; 0 if unknown."""
    checkpoints = [*run.folder.glob("last.npz"), *run.folder.glob("member-*/last.npz")]
    with suppress(OSError):
        return max(file.stat().st_mtime for file in checkpoints or [run.config_file])
    return 0.0


def _read(file: Path, fields: tuple[str, ...], blank: Collection[str] = ()) -> list[list[float]]:
    """Read a CSV of finite numbers; no rows if there is no file.

    Args:
        file: The path.
        fields: The names of the columns.
        blank: The columns that may be empty, which means NaN.

    Raises:
        RunError: If the file cannot be read or is invalid.
    """
    try:
        if file.exists() and not file.is_file():  # reading a pipe could block forever
            raise ValueError("not a regular file")
        rows = csv.reader(io.StringIO(file.read_text(encoding="utf-8")), strict=True)
        if tuple(next(rows, ())) != fields:
            raise ValueError("not the columns of a run")
        return [
            [_number(text, name in blank) for name, text in zip(fields, row, strict=True)]
            for row in rows
        ]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise RunError(f"{file}: cannot be read: {reason}; --resume rewrites it") from error


def _write(file: Path, fields: tuple[str, ...], rows: Iterable[tuple[float, ...]]) -> None:
    with atomic_write(file, "w") as text:
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(fields)
        for row in rows:
            writer.writerow([value if math.isfinite(value) else "" for value in row])


def _number(text: str, may_be_blank: bool) -> float:
    """Parse a cell.

    Raises:
        ValueError: If it is no finite number.
    """
    if not text and may_be_blank:
        return math.nan
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text!r} is no finite number")
    return number
