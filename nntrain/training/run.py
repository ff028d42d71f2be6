"""Run folders: create, find, lock, read and write them.

runs/lecture/
    config.yaml    complete and re-runnable
    metrics.csv    one row per epoch
    layers.csv     statistics of the layers, one row per epoch and layer
    best.npz       the checkpoint of the best epoch
    last.npz       the latest checkpoint
    origin.json    the file of its configuration, and the folder it was begun in
    init.npz       the initial weights, if they are another run's
    log.jsonl, events.out.tfevents    the logs of --log
    .lock          locked by the process that trains it

A committee's folder has a config.yaml with `members` > 1, and such a folder for each member:
member-1, member-2 and so on. That of a cross-validation has `folds`, and fold-1, fold-2 and so on.
"""

import csv
import glob
import io
import math
import os
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import filelock

from nntrain.config import Config, dump_config, load_config
from nntrain.config.diff import diff_configs
from nntrain.errors import DivergenceError, NNTrainError, RunError, did_you_mean, printable
from nntrain.files import atomic_write
from nntrain.shell import command_line
from nntrain.training.origin import Origin, RunName, absolute
from nntrain.training.progress import EpochRecord, LayerRecord, Progress, is_finished

RUNS = Path("runs")
# Keys that may have changed when a run is resumed.
MAY_CHANGE = {
    "members",
    "data.train",
    "data.validation",
    "training.epochs",
    "training.patience",
}
SWEEP = "sweep.yaml"  # in the folder of a sweep; its trials are runs in subfolders


class RunFolder:
    """The folder of a run, a committee or a cross-validation, and its files.

    Args:
        folder: The path; it need not exist yet.

    Attributes:
        made: The folders that were created for it by this process.
    """

    def __init__(self, folder: Path, made: Sequence[Path] = ()) -> None:
        self.folder = folder
        self.made = made
        self.config_file = folder / "config.yaml"
        self.metrics_file = folder / "metrics.csv"
        self.layers_file = folder / "layers.csv"
        self.origin_file = folder / "origin.json"
        self.best_file = folder / "best.npz"
        self.last_file = folder / "last.npz"
        self.init_file = folder / "init.npz"
        self.out_of_fold_file = folder / "out_of_fold.csv"

    def __str__(self) -> str:
        return printable(str(self.folder))

    @classmethod
    def create(
        cls,
        folder: Path,
        config: Config,
        config_file: Path | None = None,
        prepare: Callable[["RunFolder"], None] = lambda run: None,
    ) -> "RunFolder":
        """Create the folder, write config.yaml, and record where the run was begun.

        Args:
            folder: The folder.
            config: The complete configuration.
            config_file: Its file, as an absolute path; None if it is not a file.
            prepare: See `initialize`.

        Raises:
            RunError: If the folder exists or cannot be created.
        """
        made = make_folder(folder)
        if not made:
            raise exists_already(folder)
        return cls(folder, made).initialize(config, config_file, prepare)

    def initialize(
        self,
        config: Config,
        config_file: Path | None,
        prepare: Callable[["RunFolder"], None] = lambda run: None,
    ) -> "RunFolder":
        """Write config.yaml and origin.json to the new folder; remove the folder if that fails.

        Args:
            config: The complete configuration.
            config_file: Its file, as an absolute path; None if it is not a file.
            prepare: Writes what the run needs; called before config.yaml makes the folder a run.

        Raises:
            NNTrainError: If a file cannot be written.
        """
        with self.removed_if_nothing_is_saved():
            prepare(self)
            self.write_config(config, config_file)
        return self

    @contextmanager
    def removed_if_nothing_is_saved(self) -> Iterator[None]:
        """Remove the folder at an error if it is new and has no checkpoint.

        After a divergence it stays, since `nntrain doctor` explains that.
        """
        try:
            yield
        except DivergenceError:
            raise
        except BaseException:
            checkpoints = [*self.folder.glob("**/last.npz"), *self.folder.glob("**/best.npz")]
            if self.made and not checkpoints:
                members = subfolders(self.folder)
                for run in (self, *map(RunFolder, members)):
                    lock = run.folder / ".lock"
                    own = (run.config_file, run.origin_file, run.init_file, lock)
                    for file in (*own, *run.teacher_files()):
                        with suppress(OSError):
                            file.unlink()
                remove_empty([*members, *self.made])
            raise

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
        self.made = make_folder(self.folder)
        self.write_config(config)
        return self

    def teacher_file(self, number: int) -> Path:
        """The file of one of the networks that teach it, counted from 1."""
        return self.folder / f"teacher-{number}.npz"

    def teacher_files(self) -> list[Path]:
        """The files of the networks that teach it; none if there is no teacher."""
        files = self.folder.glob("teacher-*.npz")
        return sorted(files, key=lambda file: int(file.stem.removeprefix("teacher-")))

    @property
    def resume_command(self) -> str:
        """The command that resumes the run."""
        return command_line("nntrain", "fit", self.config_file, "--run", self.folder, "--resume")

    def is_committee(self) -> bool:
        """Whether it has several networks: members, or one for each fold."""
        return len(self.members()) > 1

    def members(self) -> list["RunFolder"]:
        """The members of a committee, whether or not their folders exist; else the run itself."""
        # A folder with a checkpoint is no committee, even if its config.yaml is unreadable.
        return [self] if self.last_file.exists() else self.members_of(self.config())

    def members_of(self, config: Config) -> list["RunFolder"]:
        """The folders of all networks of a configuration; the run itself if it is one."""
        if config.networks == 1:
            return [self]
        names = [f"{config.part}-{number}" for number in range(1, config.networks + 1)]
        return [RunFolder(self.folder / name) for name in names]

    def write_config(self, config: Config, config_file: Path | None = None) -> None:
        """Replace config.yaml; record where the run was begun if it is new.

        Args:
            config: The complete configuration.
            config_file: The file that a new run is begun with, as an absolute path.
        """
        if not self.config_file.exists():
            Origin(self.folder.resolve(), Path.cwd(), config_file).write(self.origin_file)
        with atomic_write(self.config_file, "w") as file:
            file.write(dump_config(config))

    def origin(self) -> Origin | None:
        """Where the run was begun; None if it was not recorded."""
        return Origin.read(self.origin_file)

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


def create_run(
    config: Config,
    folder: Path | None,
    name: RunName,
    prepare: Callable[[RunFolder], None] = lambda run: None,
) -> RunFolder:
    """Create a run in this folder, or in the next of runs/name, runs/name-2, runs/name-3 and so on.

    Args:
        config: The complete configuration.
        folder: The folder; None: the next one.
        name: The name of runs with this configuration.
        prepare: See `RunFolder.initialize`.

    Raises:
        RunError: If the folder exists or cannot be created.
    """
    if folder is not None:
        return RunFolder.create(folder, config, name.config, prepare)
    own = (
        number
        for number, run in _numbered(name.stem).items()
        if run.origin() is None or _is_of(run, name)
    )
    number = max(own, default=0) + 1
    while not (made := make_folder(path := _numbered_path(name.stem, number))):
        number += 1
    return RunFolder(path, made).initialize(config, name.config, prepare)


def find_run(config: Config, folder: Path | None, name: RunName) -> RunFolder:
    """The run in this folder, or the newest one of a configuration: that of the greatest number.

    A run belongs to the file that it was begun with, also if both have been moved together. Where
    that is not recorded, runs/name-2 may be the first run of name-2.yaml; it is taken only if the
    configuration is its own.

    Raises:
        RunError: If there is none.
    """
    if folder is not None:
        return RunFolder.open(folder)
    runs = {n: run for n, run in _numbered(name.stem).items() if run.config_file.exists()}
    for number in sorted(runs, reverse=True):
        run = runs[number]
        if _is_of(run, name) or (run.origin() is None and (number == 1 or _is_same(run, config))):
            return run
    shown, others = name.stem, ""
    if runs and name.config is not None:
        shown = _shown(name.config)
        others = f": {_described(runs[max(runs)])}; name one with --run, or begin one"
    raise RunError(
        f"no run of {shown} in {RUNS}/ to resume{others or '; begin one'} without --resume"
    )


def _is_of(run: RunFolder, name: RunName) -> bool:
    """Whether a run was begun with a file, or has that file as its own."""
    origin = run.origin()
    if name.config is None or origin is None:
        return origin is not None and origin.config is None
    return name.config == absolute(run.config_file) or origin.is_of(name.config, run.folder)


def _is_same(run: RunFolder, config: Config) -> bool:
    """Whether a run's configuration differs only in keys that may change when it is resumed."""
    with suppress(NNTrainError):
        before = run.config()
        return diff_configs([config.with_classes_of(before), before]).keys() <= MAY_CHANGE
    return False


def _described(run: RunFolder) -> str:
    """Whose run it is."""
    origin = run.origin()
    if origin is None:
        return f"{run} has another configuration"
    return f"{run} is of {'a notebook' if origin.config is None else _shown(origin.config)}"


def _shown(file: Path) -> str:
    """The path of a file, relative if it is within the current folder."""
    return str(file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file)


def _numbered_path(stem: str, number: int) -> Path:
    return RUNS / (f"{stem}-{number}" if number > 1 else stem)


def _numbered(stem: str) -> dict[int, RunFolder]:
    """The folders runs/stem (number 1), runs/stem-2 and so on, by number."""
    runs = {}
    for folder in RUNS.glob(f"{glob.escape(stem)}*"):
        start, _, number = folder.name.rpartition("-")
        if folder.name == stem:
            runs[1] = RunFolder(folder)
        elif start == stem and number.isdecimal():
            runs[int(number)] = RunFolder(folder)
    return runs


def exists_already(folder: Path) -> RunError:
    """The error for a new run whose folder exists."""
    return RunError(
        f"{folder}: exists already; name another folder with --run, or continue it with --resume"
    )


def name_for(config: Path) -> RunName:
    """The name of runs of a configuration file: its stem, or the name of the run that it is of."""
    folder, stem = config.resolve().parent, config.stem
    if folder.is_relative_to(RUNS.resolve()):
        stem = "-".join(folder.relative_to(RUNS.resolve()).parts) or stem
    return RunName(stem, absolute(config))


def subfolders(folder: Path) -> list[Path]:
    """The folders of the members or folds in the folder of a run."""
    return sorted(path for kind in ("member", "fold") for path in folder.glob(f"{kind}-*"))


def make_folder(folder: Path) -> list[Path]:
    """Create a folder and those that it is in.

    Returns:
        The new folders but runs/, the innermost first; none if the folder exists.

    Raises:
        RunError: If it cannot be created.
    """
    # Unlike Path.exists, this does not fail for a name that is too long.
    new = [path for path in (folder, *folder.parents) if not os.path.exists(path)]  # noqa: PTH110
    new = [path for path in new if path != RUNS]
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        if os.path.lexists(folder):
            return []
        remove_empty(new)
        raise RunError(
            f"{folder}: cannot be made: {error.strerror}; name another folder with --run"
        ) from error
    return new


def remove_empty(folders: Iterable[Path]) -> None:
    """Remove those of some folders that are empty."""
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()


def _modified(run: RunFolder) -> float:
    """The time of the latest checkpoint; 0 if unknown."""
    checkpoints = [folder / "last.npz" for folder in (run.folder, *subfolders(run.folder))]
    checkpoints = [file for file in checkpoints if file.exists()]
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
    if file.exists() and not file.is_file():  # reading a pipe could block forever
        raise RunError(f"{file}: cannot be read: not a regular file; remove it")
    try:
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
        reason = error.strerror if isinstance(error, OSError) else "damaged"
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
