"""Logs of a training for other programs: a file in the run's folder with a record of each epoch.

A log follows from the history of the training, so it is brought into agreement with it: at the
start, also of a training that was killed, and after each epoch. One that cannot be written stops no
training, and is written in full as soon as it can be.
"""

import json
import math
from abc import abstractmethod
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TypeAlias

from nntrain.errors import ConfigError, MissingLibraryError, did_you_mean
from nntrain.training.progress import EpochRecord, Progress
from nntrain.training.reporter import EpochCallback, Reporter, Reporters
from nntrain.training.run import RunFolder

KINDS = ("jsonl", "tensorboard")

Callback: TypeAlias = Callable[[EpochRecord], object] | Reporter


class EpochLog(Reporter):
    """A file in the run's folder with a record of each epoch.

    Args:
        warn: Called with one line if the file cannot be written.
    """

    name: str  # of the file

    def __init__(self, warn: Callable[[str], None]) -> None:
        self._warn = warn
        self._failed: set[Path] = set()

    @abstractmethod
    def content(self, run: RunFolder, history: Sequence[EpochRecord]) -> bytes:
        """The whole file for these epochs.

        Raises:
            OSError: If what is needed for it cannot be read.
        """

    def on_run_begin(self, run: RunFolder, progress: Progress) -> None:
        """Bring the file into agreement with the epochs before an interruption."""
        self._run, self._progress = run, progress
        self.write(run, progress.history)

    def on_epoch_end(self, record: EpochRecord, epochs: int, is_best: bool) -> None:
        """Append the epoch."""
        self.write(self._run, self._progress.history)

    def write(self, run: RunFolder, history: Sequence[EpochRecord]) -> None:
        """Bring the file of a run into agreement with its epochs; warn once if that fails."""
        file = run.folder / self.name
        if not history and not file.exists():
            return  # the folder is removed if the training fails before its first epoch
        try:
            if file.exists() and not file.is_file():  # opening a pipe could block forever
                raise OSError(None, "not a regular file")
            _agree(file, self.content(run, history))
        except OSError as error:
            if file not in self._failed:
                self._warn(
                    f"warning: {file}: cannot be written: {error.strerror or error}; the training "
                    "goes on, and the log is completed once it can be written"
                )
            self._failed.add(file)
        else:
            self._failed.discard(file)


class JsonLinesLog(EpochLog):
    """log.jsonl: a JSON object of each epoch, with the run's folder and the columns of metrics.csv.

    What is NaN there is null here.
    """

    name = "log.jsonl"

    def content(self, run: RunFolder, history: Sequence[EpochRecord]) -> bytes:
        """A line of each epoch."""
        folder = run.folder.as_posix()
        return b"".join(_json_line(folder, record) for record in history)


@cache
def _json_line(folder: str, record: EpochRecord) -> bytes:
    """The line of an epoch; cached, because all are needed after each epoch."""
    values = {
        name: value if math.isfinite(value) else None for name, value in record._asdict().items()
    }
    return f"{json.dumps({'run': folder, **values})}\n".encode()


def _agree(file: Path, content: bytes) -> None:
    """Change a file to this content, by appending if what is there is its beginning.

    Programs that follow the file see each epoch appended. A record of which a killed training wrote
    a part is completed.

    Raises:
        OSError: If the file cannot be written.
    """
    with file.open("a+b") as stream:
        stream.seek(0)
        found = stream.read()
        if not content.startswith(found):
            stream.truncate(0)
            found = b""
        stream.write(content[len(found) :])


def with_logs(
    reporter: Reporter,
    kinds: str | Sequence[str],
    callbacks: Sequence[Callback] = (),
) -> Reporter:
    """A reporter, and after it logs and callbacks.

    Args:
        reporter: Tells of the training, and of a log that cannot be written.
        kinds: One or some of `KINDS`.
        callbacks: Functions of the record of each epoch, or reporters.

    Raises:
        ConfigError: If there is no such kind, or a callback cannot be called.
        MissingLibraryError: If the library of a kind is not installed.
    """
    kinds = [kinds] if isinstance(kinds, str) else kinds
    logs = [_log_class(kind)(reporter.log) for kind in dict.fromkeys(kinds)]
    return Reporters([reporter, *logs, *map(_as_reporter, callbacks)])


def _as_reporter(callback: Callback) -> Reporter:
    if isinstance(callback, Reporter):
        return callback
    if not callable(callback):
        raise ConfigError(f"callbacks: {callback!r} is no function; give one that takes a record")
    return EpochCallback(callback)


def _log_class(kind: str) -> type[EpochLog]:
    if kind == "jsonl":
        return JsonLinesLog
    if kind != "tensorboard":
        hint = did_you_mean(kind, KINDS, f"there are {' and '.join(map(repr, KINDS))}")
        raise ConfigError(f"log: unknown kind {kind!r}; {hint}")
    try:
        from nntrain.training.tensorboard_log import TensorBoardLog
    except ImportError as error:
        raise MissingLibraryError("logs for TensorBoard need tensorboard", "tensorboard") from error
    return TensorBoardLog
