"""A run's folder: what is in it, and which is the newest.

runs/lecture/
    config.yaml    complete and re-runnable
    metrics.csv    one row an epoch
    layers.csv     how each layer was doing after each epoch
    best.npz       the checkpoint of the best epoch
    last.npz       the checkpoint of the last moment
    .lock          locked by the process that trains it

A committee's folder has a config.yaml that asks for several members, and such a folder for each:
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
from nntrain.training.progress import EpochRecord, LayerRecord, Progress, is_finished

RUNS = Path("runs")
SWEEP = "sweep.yaml"  # is in the folder of a sweep, whose trials are runs below it


class RunFolder:
    """One training, or a committee's several, and the folder.

    Args:
        folder: Where it is; it need not exist yet.
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
        """Make the folder and write the configuration into it.

        Raises:
            RunError: The folder exists or cannot be made.
        """
        if not _make(folder):
            raise exists_already(folder)
        return cls(folder).initialize(config)

    def initialize(self, config: Config) -> "RunFolder":
        """Write the configuration into a new folder, or leave no folder behind.

        Raises:
            NNTrainError: It cannot be written.
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
        """The run in an existing folder.

        Raises:
            RunError: It is not the folder of a run.
        """
        run = cls(folder)
        if not run.config_file.is_file():
            hint = "'nntrain runs' lists those there are"
            if folder.is_file():
                raise RunError(f"{folder}: a file, not the folder of a run; {hint}")
            if (folder / SWEEP).is_file():
                raise RunError(f"{folder}: a sweep; 'nntrain runs {folder}' lists its trials")
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
        """What to type to go on with it."""
        return f"nntrain fit {self.config_file} --run {self} --resume"

    def is_committee(self) -> bool:
        """Whether its networks have folders of their own."""
        return len(self.members()) > 1

    def members(self) -> list["RunFolder"]:
        """A run for each network: those of a committee, not all of them begun, or itself."""
        # What has a checkpoint is no committee, even if its config.yaml cannot be read any more.
        count = 1 if self.last_file.exists() else self.config().members
        if count == 1:
            return [self]
        return [RunFolder(self.folder / f"member-{number}") for number in range(1, count + 1)]

    def write_config(self, config: Config) -> None:
        """Replace config.yaml."""
        with atomic_write(self.config_file, "w") as file:
            file.write(dump_config(config))

    def config(self) -> Config:
        """The run's complete configuration."""
        return load_config(self.config_file)

    def history(self) -> list[EpochRecord]:
        """The finished epochs, as metrics.csv has them.

        Raises:
            RunError: It cannot be read, or is damaged.
        """
        rows = _read(self.metrics_file, FIELDS, blank=("val_loss", "val_accuracy"))
        return [EpochRecord(int(epoch), *row) for epoch, *row in rows]

    def layers(self) -> list[LayerRecord]:
        """How the layers were doing after each epoch, as layers.csv has it.

        Raises:
            RunError: As in `history`.
        """
        rows = _read(self.layers_file, LayerRecord._fields, blank=("saturated", "gradient"))
        return [LayerRecord(int(epoch), int(layer), *row) for epoch, layer, *row in rows]

    def write_progress(self, progress: Progress) -> None:
        """Replace metrics.csv and layers.csv."""
        _write(self.metrics_file, FIELDS, progress.history)
        _write(self.layers_file, LayerRecord._fields, progress.layers)

    def unfinished(self) -> list["RunFolder"]:
        """The members of which something is left to train."""
        training = self.config().training
        return [
            member
            for member in self.members()
            if not is_finished(member.history(), training.epochs, training.patience)
        ]

    def is_finished(self) -> bool:
        """Whether nothing is left to train."""
        return not self.unfinished()


FIELDS = EpochRecord._fields


def all_runs(folder: Path = RUNS) -> list[RunFolder]:
    """The runs in the folders of this one, the newest last; trials are in that of their sweep."""
    runs = [RunFolder(path.parent) for path in folder.glob("*/config.yaml")]
    return sorted(runs, key=_modified)


def all_sweeps() -> list[Path]:
    """The folders of the sweeps below runs/."""
    return sorted(path.parent for path in RUNS.glob(f"*/{SWEEP}"))


def newest_finished() -> RunFolder:
    """The run that was finished last.

    Raises:
        RunError: There is none.
    """
    for run in reversed(all_runs()):
        with suppress(NNTrainError):  # a folder that cannot be read is not a finished run
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
    """The folders runs/name, the first, runs/name-2, the second, and so on."""
    runs = {}
    for folder in RUNS.glob(f"{glob.escape(name)}*"):
        stem, _, number = folder.name.rpartition("-")
        if folder.name == name:
            runs[1] = RunFolder(folder)
        elif stem == name and number.isdecimal():
            runs[int(number)] = RunFolder(folder)
    return runs


def exists_already(folder: Path) -> RunError:
    """What to say of a folder that a new run cannot have."""
    return RunError(
        f"{folder}: exists already; name another folder with --run, or go on with --resume"
    )


def name_for(config: Path) -> str:
    """What runs of a configuration file are called: by the file, or by the run whose own it is."""
    folder = config.resolve().parent
    if folder.is_relative_to(RUNS.resolve()):
        return "-".join(folder.relative_to(RUNS.resolve()).parts) or config.stem
    return config.stem


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


def _modified(run: RunFolder) -> float:
    """When it was last trained; 0 if that cannot be seen."""
    checkpoints = [*run.folder.glob("last.npz"), *run.folder.glob("member-*/last.npz")]
    with suppress(OSError):
        return max(file.stat().st_mtime for file in checkpoints or [run.config_file])
    return 0.0


def _read(file: Path, fields: tuple[str, ...], blank: Collection[str] = ()) -> list[list[float]]:
    """The rows of a CSV of finite numbers; none if there is no file.

    Args:
        file: Its first column counts epochs.
        fields: Its columns.
        blank: The columns that may be empty: nan.

    Raises:
        RunError: It cannot be read, or holds something else.
    """
    try:
        if file.exists() and not file.is_file():  # a pipe would be waited for without end
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
        raise RunError(f"{file}: cannot be read: {reason}; --resume writes it anew") from error


def _write(file: Path, fields: tuple[str, ...], rows: Iterable[tuple[float, ...]]) -> None:
    with atomic_write(file, "w") as text:
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(fields)
        for row in rows:
            writer.writerow([value if math.isfinite(value) else "" for value in row])


def _number(text: str, may_be_blank: bool) -> float:
    """A cell.

    Raises:
        ValueError: It holds no finite number.
    """
    if not text and may_be_blank:
        return math.nan
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text!r} is no finite number")
    return number
