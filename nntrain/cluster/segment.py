"""One segment of a training: what a worker does, from one checkpoint to a later one.

A run is trained segment by segment, on whichever worker is free; each starts from the files that
the one before returned. A resumed training ends with the same bits, so it does not matter where
segments end, which worker runs them, or whether one is run twice because its worker died.
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
from nntrain.training.resume_checks import newest_checkpoint
from nntrain.training.rows import Split
from nntrain.training.run import RunFolder

Files = Mapping[str, bytes]


@dataclass(frozen=True)
class Segment:
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
class SegmentResult:
    """What came of it.

    Attributes:
        files: Those of the run's folder that are new.
        fault: Why it could not be gone; None if it was.
        elsewhere: Whether another worker may well go it, as this one's disk is full, or the like.
    """

    files: Files
    fault: str | None
    elsewhere: bool = False


def run_segment(
    segment: Segment, files: Files, data: Split, tell: Callable[[str, EpochRecord], None]
) -> SegmentResult:
    """Train from what the files say to the end of the segment.

    Args:
        segment: What is to be done.
        files: The run's folder, as the segment before has left it; nothing before the first.
        data: The rows, which are read only once.
        tell: Is told of every epoch.
    """
    try:
        return _run_segment(segment, files, data, tell)
    except OSError as error:
        return SegmentResult({}, str(error), elsewhere=True)
    except NNTrainError as error:
        return SegmentResult({}, str(error), elsewhere=isinstance(error.__cause__, OSError))


def _run_segment(
    segment: Segment, files: Files, data: Split, tell: Callable[[str, EpochRecord], None]
) -> SegmentResult:
    started = time.monotonic()

    def enough(record: EpochRecord) -> bool:
        tell(segment.name, record)
        return record.epoch == segment.until or time.monotonic() - started >= segment.seconds

    with TemporaryDirectory(prefix="nntrain-") as folder:
        run = RunFolder(Path(folder) / segment.name)
        config = parse_config(segment.config, segment.name)
        run.prepare(config)
        for name, content in files.items():
            (run.folder / name).write_bytes(content)
        try:
            resume(config, run, Reporter(), segment.threads, data, enough)
        except NNTrainError as error:
            if isinstance(error.__cause__, OSError):
                raise
            return SegmentResult({}, str(error).replace(str(run), segment.name))
        return SegmentResult(
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
    """The finished epochs of a run, as its newest readable checkpoint records them.

    Raises:
        CheckpointError: None of its checkpoints can be trusted, though there are some.
    """
    _, saved = newest_checkpoint(run, Reporter())
    return saved.progress.history if saved else []


def keep(run: RunFolder, files: Files) -> None:
    """Write a segment's files into the run's folder; `last.npz`, which marks the progress, last."""
    for name in sorted(files, key=lambda name: name == run.last_file.name):
        with atomic_write(run.folder / name) as file:
            file.write(files[name])
