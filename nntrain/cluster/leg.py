"""One leg of a training: what a worker does, from one checkpoint to a later one.

A run is trained in legs, wherever there is a worker, and each leaves what the next begins with. As
a resumed training ends with the same bits, it does not matter where the legs end, nor which worker
goes which of them, nor whether one is gone twice because its worker died.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from nntrain.config import parse_config
from nntrain.errors import NNTrainError
from nntrain.files import atomic_write
from nntrain.training.fit import resume
from nntrain.training.progress import EpochRecord
from nntrain.training.reporter import Reporter
from nntrain.training.resumption import newest_checkpoint
from nntrain.training.rows import Split
from nntrain.training.run import RunFolder

Files = Mapping[str, bytes]


@dataclass(frozen=True)
class Leg:
    """What is to be done.

    Attributes:
        name: The run's.
        config: Its complete configuration, as YAML.
        until: The epoch after which it ends; None: that of the configuration.
        threads: How many share the work.
        seconds: How long it may take, though never less than one epoch.
    """

    name: str
    config: str
    until: int | None
    threads: int
    seconds: float


@dataclass(frozen=True)
class Gone:
    """What came of it.

    Attributes:
        files: Those of the run's folder that are new.
        fault: Why it could not be gone; None if it was.
        elsewhere: Whether another worker may well go it, as this one's disk is full, or the like.
    """

    files: Files
    fault: str | None
    elsewhere: bool = False


def go(leg: Leg, files: Files, data: Split, tell: Callable[[str, EpochRecord], None]) -> Gone:
    """Train from what the files say to the end of the leg.

    Args:
        leg: What is to be done.
        files: The run's folder, as the leg before has left it; nothing before the first.
        data: The rows, which are read only once.
        tell: Is told of every epoch.
    """
    try:
        return _go(leg, files, data, tell)
    except OSError as error:
        return Gone({}, str(error), elsewhere=True)
    except NNTrainError as error:
        return Gone({}, str(error), elsewhere=isinstance(error.__cause__, OSError))


def _go(leg: Leg, files: Files, data: Split, tell: Callable[[str, EpochRecord], None]) -> Gone:
    started = time.monotonic()

    def enough(record: EpochRecord) -> bool:
        tell(leg.name, record)
        return record.epoch == leg.until or time.monotonic() - started >= leg.seconds

    with TemporaryDirectory(prefix="nntrain-") as folder:
        run = RunFolder(Path(folder) / leg.name)
        config = parse_config(leg.config, leg.name)
        run.made(config)
        for name, content in files.items():
            (run.folder / name).write_bytes(content)
        try:
            resume(config, run, Reporter(), leg.threads, data, enough)
        except NNTrainError as error:
            if isinstance(error.__cause__, OSError):
                raise
            return Gone({}, str(error).replace(str(run), leg.name))
        return Gone(
            {
                name: content
                for name, content in contents(run).items()
                if files.get(name) != content
            },
            None,
        )


def contents(run: RunFolder) -> dict[str, bytes]:
    """All that a run's folder holds, by name; equal files as one object, which is sent once."""
    files = (run.last_file, run.best_file, run.metrics_file, run.layers_file)
    found = {file.name: file.read_bytes() for file in files if file.exists()}
    distinct = {content: content for content in found.values()}
    return {name: distinct[content] for name, content in found.items()}


def history_of(run: RunFolder) -> list[EpochRecord]:
    """The epochs that the legs of a run have finished, as far as the next need not go them again.

    Raises:
        CheckpointError: None of its checkpoints can be trusted, though there are some.
    """
    _, saved = newest_checkpoint(run, Reporter())
    return saved.progress.history if saved else []


def keep(run: RunFolder, files: Files) -> None:
    """Put what a leg has left into the run's folder; `last.npz`, which says how far it is, last."""
    for name in sorted(files, key=lambda name: name == run.last_file.name):
        with atomic_write(run.folder / name) as file:
            file.write(files[name])
