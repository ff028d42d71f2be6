"""One segment of a training on a worker, from one checkpoint to a later one.

Each segment starts from the files that the previous one returned. A resumed training ends with the
same bits: it does not matter where segments end, which worker trains them, or if one is repeated.
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
from nntrain.training.rows import Split, rows_of
from nntrain.training.run import RunFolder

Files = Mapping[str, bytes]


@dataclass(frozen=True)
class Segment:
    """A part of a training."""

    name: str  # of the run
    config: str  # complete, as YAML
    until: int | None  # epoch after which the segment ends at the latest; None for the last one
    threads: int
    seconds: float  # time limit; at least one epoch is trained in any case


@dataclass(frozen=True)
class SegmentResult:
    """The result of a segment."""

    files: Files  # the new and changed ones of the run's folder
    error: str | None  # why it failed, if it did
    retryable: bool = False  # whether another worker may succeed, as when this one's disk is full


OnEpochEnd = Callable[[str, EpochRecord], None]


def run_segment(
    segment: Segment, files: Files, data: Split, on_epoch_end: OnEpochEnd
) -> SegmentResult:
    """Resume a training from the files of its previous segment, if any, until this segment ends.

    `on_epoch_end` is called with the run's name and the record of each epoch.
    """
    try:
        return _run_segment(segment, files, data, on_epoch_end)
    except OSError as error:
        return SegmentResult({}, str(error), retryable=True)
    except NNTrainError as error:
        return SegmentResult({}, str(error), retryable=isinstance(error.__cause__, OSError))


def _run_segment(
    segment: Segment, files: Files, data: Split, on_epoch_end: OnEpochEnd
) -> SegmentResult:
    started = time.monotonic()

    def should_stop(record: EpochRecord) -> bool:
        on_epoch_end(segment.name, record)
        return record.epoch == segment.until or time.monotonic() - started >= segment.seconds

    with TemporaryDirectory(prefix="nntrain-") as folder:
        run = RunFolder(Path(folder) / segment.name)
        config = parse_config(segment.config, segment.name)
        run.prepare(config)
        for name, content in files.items():
            (run.folder / name).write_bytes(content)
        try:
            rows = rows_of(config, data)
            resume(config, run, Reporter(), segment.threads, rows, should_stop)
        except NNTrainError as error:
            if isinstance(error.__cause__, OSError):
                raise
            return SegmentResult({}, str(error).replace(str(run), segment.name))
        after = read_files(run)
    changed = {name: content for name, content in after.items() if files.get(name) != content}
    return SegmentResult(changed, None)


def read_files(run: RunFolder) -> dict[str, bytes]:
    """Read the files of a run's folder; equal files are one object, which is sent once."""
    files = [run.last_file, run.best_file, run.metrics_file, run.layers_file, *run.teacher_files()]
    if not run.last_file.exists() and not run.best_file.exists():
        files.append(run.init_file)  # not needed any more with a checkpoint
    contents = {file.name: file.read_bytes() for file in files if file.exists()}
    distinct = {content: content for content in contents.values()}
    return {name: distinct[content] for name, content in contents.items()}


def write_files(run: RunFolder, files: Files) -> None:
    """Write a segment's files into the run's folder; `last.npz`, which marks the progress, last."""
    for name in sorted(files, key=lambda name: name == run.last_file.name):
        with atomic_write(run.folder / name) as file:
            file.write(files[name])


def read_history(run: RunFolder) -> list[EpochRecord]:
    """Read the finished epochs of a run from its newest valid checkpoint.

    Raises:
        CheckpointError: If it has checkpoints, and none of them is valid.
    """
    _, checkpoint = newest_checkpoint(run, Reporter())
    return checkpoint.progress.history if checkpoint else []
