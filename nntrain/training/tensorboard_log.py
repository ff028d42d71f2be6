"""A log for TensorBoard, written by its own library; TensorFlow and PyTorch are not needed."""

import io
import math
import struct
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

from google.protobuf.message import DecodeError
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

from nntrain.training.logs import EpochLog
from nntrain.training.progress import EpochRecord
from nntrain.training.run import RunFolder

VERSION = "brain.Event:2"  # of the format; it is the first record of each file
TAGS = {
    "train_loss": "loss/train",
    "val_loss": "loss/validation",
    "train_accuracy": "accuracy/train",
    "val_accuracy": "accuracy/validation",
    "learning_rate": "learning_rate",
    "seconds": "seconds",
}


class TensorBoardLog(EpochLog):
    """A file of TensorBoard's events in the run's folder, which is the name of the run there.

    Each epoch is one event with the scalars of `TAGS`; what is NaN is left out. There is one file
    however often the training is resumed, so no epoch has to be purged.
    """

    name = "events.out.tfevents"

    def __init__(self, warn: Callable[[str], None]) -> None:
        super().__init__(warn)
        self._times: dict[Path, dict[int, float]] = {}

    def content(self, run: RunFolder, history: Sequence[EpochRecord]) -> bytes:
        """The events; those that the file has already keep their times."""
        file = run.folder / self.name
        if file not in self._times:
            found = file.read_bytes() if file.exists() else b""
            self._times[file] = {event.step: event.wall_time for event in _events(found)}
        times, now = self._times[file], time.time()
        version = Event(wall_time=times.setdefault(0, now), file_version=VERSION)
        events = [_scalars(record, times.setdefault(record.epoch, now)) for record in history]
        return b"".join([_packed(version), *events])


@cache
def _scalars(record: EpochRecord, wall_time: float) -> bytes:
    """The event of an epoch; cached, because all are needed after each epoch."""
    values = [
        Summary.Value(tag=tag, simple_value=getattr(record, name))
        for name, tag in TAGS.items()
        if math.isfinite(getattr(record, name))
    ]
    return _packed(Event(wall_time=wall_time, step=record.epoch, summary=Summary(value=values)))


def _packed(event: Event) -> bytes:
    """An event with its length and checksums."""
    return _record(event.SerializeToString())


def _record(content: bytes) -> bytes:
    buffer = io.BytesIO()
    RecordWriter(buffer).write(content)
    return buffer.getvalue()


def _events(content: bytes) -> Iterator[Event]:
    """The valid events at the beginning of a file.

    TensorBoard's own readers import TensorFlow where that is installed, or refuse some paths.
    """
    start = 0
    with suppress(struct.error, DecodeError):  # the end, or a record of something else
        while True:
            (length,) = struct.unpack_from("<Q", content, start)
            end = start + 16 + length  # the length, its checksum, the event and its checksum
            event = content[start + 12 : end - 4]
            if content[start:end] != _record(event):
                return  # damaged, or written by half
            yield Event.FromString(event)
            start = end
