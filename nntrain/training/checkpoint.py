"""One file that holds all that is needed to predict and to resume: written whole, read warily.

The file is a NumPy `.npz` without pickles, so `numpy.load` opens it anywhere:

    parameters     the network's vector, in the order of `nntrain.nn.network`
    optimizer.*    the optimiser's state, by name, and the moving average if there is one
    history        one row an epoch, columns as in metrics.csv
    layers         one row an epoch and layer, columns as in layers.csv
    meta           JSON: the fields of `Meta`

Those of format 2 are read, too: `nntrain.training.format_2` says what differs.

The zip's comment is the SHA-256 of all bytes before it: one wrong bit anywhere, and the file is
refused instead of read.
"""

import errno
import hashlib
import io
import math
import os
import platform
import re
import stat
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveInt,
    ValidationError,
)

from nntrain.errors import CheckpointError, ConfigError
from nntrain.files import atomic_write
from nntrain.nn.arrays import Array
from nntrain.training.format_2 import from_format_2
from nntrain.training.progress import EpochRecord, LayerRecord, Progress
from nntrain.version import __version__

FORMAT = 3
DIGEST_LENGTH = 64
# What a zip begins with, and the record that it ends with, comment included.
_START, _END, _END_LENGTH = b"PK\x03\x04", b"PK\x05\x06", 22 + DIGEST_LENGTH
_HEADER = re.compile(
    rb"\x93NUMPY\x01\x00..\{'descr': '(?P<dtype>[<>](f[248]|U\d{1,8}))', 'fortran_order': False, "
    rb"'shape': \((?P<shape>[\d, ]{0,100})\), \} *\n",
    re.DOTALL,
)
OPTIMIZER = "optimizer."


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, allow_inf_nan=False)


class Position(_Strict):
    """The running epoch; see `Progress`."""

    batch: NonNegativeInt
    rows: NonNegativeInt
    loss_sum: float
    correct: NonNegativeInt
    seconds: NonNegativeFloat


class Meta(_Strict):
    """What a checkpoint says beside its arrays.

    Attributes:
        format: The file's form.
        config: The complete configuration, as YAML.
        inputs: n_0, the number of pixels.
        labels: What the outputs stand for, in their order.
        data_digest: SHA-256 of the rows trained on and of those held out.
        position: Within the running epoch, when it was saved.
        threads: How many shared the work.
        versions: Of nntrain and of what it stands on, by name.
        machine: Where it was made; "" if that is not known.
    """

    format: int = FORMAT
    config: str
    inputs: PositiveInt
    labels: list[int]
    data_digest: str
    position: Position
    threads: PositiveInt
    versions: dict[str, str] = Field(default_factory=lambda: versions())
    machine: str = ""


@dataclass(frozen=True)
class Checkpoint:
    """A training at one moment.

    Attributes:
        meta: What is not an array; its position is that of the last saving.
        parameters: The network's vector.
        optimizer_state: The optimiser's state and the moving average, by name.
        progress: The position now.
    """

    meta: Meta
    parameters: Array
    optimizer_state: dict[str, Array]
    progress: Progress


def save(path: Path, checkpoint: Checkpoint) -> None:
    """Replace the file by this checkpoint, in one step.

    Raises:
        NNTrainError: The file cannot be written; what stood there before still stands.
    """
    progress = checkpoint.progress
    meta = checkpoint.meta.model_copy(update={"format": FORMAT, "position": position_of(progress)})
    history = np.array(progress.history, np.float64).reshape(-1, len(EpochRecord._fields))
    layers = np.array(progress.layers, np.float64).reshape(-1, len(LayerRecord._fields))
    members: dict[str, Any] = {
        "meta": np.array(meta.model_dump_json()),
        "history": history,
        "layers": layers,
        "parameters": checkpoint.parameters,
        **{OPTIMIZER + name: array for name, array in checkpoint.optimizer_state.items()},
    }
    buffer = io.BytesIO()
    np.savez(buffer, **members)
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.comment = bytes(DIGEST_LENGTH)
    # An error keeps the views alive; they must let go of the buffer before it goes.
    with buffer.getbuffer() as content, content[:-DIGEST_LENGTH] as before_digest:
        content[-DIGEST_LENGTH:] = _digest(before_digest)
        with atomic_write(path) as file:
            file.write(content)


def position_of(progress: Progress) -> Position:
    """What a checkpoint notes of the running epoch."""
    return Position(**{name: getattr(progress, name) for name in Position.model_fields})


def load(path: Path) -> Checkpoint:
    """Read a checkpoint back.

    Raises:
        CheckpointError: There is none, or it is damaged, or it is not one that this nntrain writes.
    """
    try:
        content = _content(path)
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read: {error.strerror}; {_mend(path)}") from error
    if content is None or content[-DIGEST_LENGTH:] != _digest(memoryview(content)[:-DIGEST_LENGTH]):
        raise CheckpointError(f"{path}: damaged, its checksum is wrong; {_mend(path)}")
    try:
        arrays = _arrays(content)
        meta = _meta(str(arrays.pop("meta", "")))
        history, layers = _records(arrays.pop("history")), arrays.pop("layers")
        parameters = arrays.pop("parameters")
        vectors = {"parameters": parameters, **arrays}
        for name, array in vectors.items():
            _refuse_infinite(name, array)
        vectors = {name.removeprefix(OPTIMIZER): array for name, array in vectors.items()}
        if meta.format != FORMAT:
            vectors = from_format_2(meta.config, meta.inputs, vectors)
        progress = Progress(history, _vitals(layers, len(history)), **meta.position.model_dump())
        return Checkpoint(meta, vectors.pop("parameters"), vectors, progress)
    except KeyError as error:
        raise CheckpointError(
            f"{path}: no checkpoint: {error} is missing; {_mend(path)}"
        ) from error
    except (ValueError, zipfile.BadZipFile, RuntimeError, EOFError, OSError, ConfigError) as error:
        reason = " ".join(str(error).splitlines())  # a name in the file may hold a line's end
        raise CheckpointError(f"{path}: no checkpoint: {reason}; {_mend(path)}") from error


def _content(path: Path) -> bytes | None:
    """All bytes of a file that begins and ends as a checkpoint does; None of any other.

    Any other, of whatever size, is not read into memory.

    Raises:
        OSError: It cannot be read.
    """
    if not stat.S_ISREG(path.stat().st_mode):  # a pipe would be waited for without end
        raise OSError(errno.EINVAL, "not a regular file")
    with path.open("rb") as file:
        start = file.read(len(_START))
        file.seek(max(0, file.seek(0, os.SEEK_END) - _END_LENGTH))
        if start != _START or file.read(len(_END)) != _END:
            return None
        file.seek(0)
        return file.read()


def _arrays(content: bytes) -> dict[str, Any]:
    """The archive's arrays by name, views into its bytes.

    A file that somebody else has made may claim anything. Nothing is unpacked or unpickled, and an
    array is believed only if its bytes are there: so none takes more memory than the file.

    Raises:
        ValueError: The archive claims what it does not hold.
        BadZipFile, RuntimeError, EOFError: It is no archive that can be read.
    """
    arrays = {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = archive.infolist()
        if sum(entry.file_size for entry in entries) > len(content):
            raise ValueError("its arrays claim more bytes than the file has")
        for entry in entries:
            name = entry.filename.removesuffix(".npy")
            if entry.compress_type != zipfile.ZIP_STORED:
                raise ValueError(f"{name} is compressed, which a checkpoint never is")
            if name in arrays:
                raise ValueError(f"{name} occurs twice")
            arrays[name] = _array(name, archive.read(entry))
    return arrays


def _array(name: str, content: bytes) -> NDArray[Any]:
    """A view into the bytes of an .npy file, as `numpy.savez` writes one of numbers or of text.

    NumPy's own reader would hand a header that is not so to Python's parser, which may do worse
    than refuse it.

    Raises:
        ValueError: It is none, or its header claims what its bytes do not hold.
    """
    header = _HEADER.match(content)
    if header is None:
        raise ValueError(f"{name} is no array of numbers or of text")
    dtype = np.dtype(header["dtype"].decode())
    shape = tuple(int(length) for length in header["shape"].split(b",") if length.strip())
    rest = memoryview(content)[header.end() :]
    if math.prod(shape) * dtype.itemsize != len(rest):
        raise ValueError(f"{name} claims shape {shape} of {dtype}, but has {len(rest):,} bytes")
    return np.frombuffer(rest, dtype).reshape(shape)


class _Format(BaseModel):
    format: int
    versions: dict[str, str] = {}


def _meta(text: str) -> Meta:
    """`meta`, checked.

    Raises:
        ValueError: It is of another format, or does not hold what it should.
    """
    try:
        written = _Format.model_validate_json(text)
        if written.format not in (2, FORMAT):
            raise ValueError(
                f"format {written.format}, written by nntrain "
                f"{written.versions.get('nntrain', 'of an unknown version')}, but this is nntrain "
                f"{__version__}, which reads formats 2 and {FORMAT}"
            )
        return Meta.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, ("meta", *first["loc"])))
        raise ValueError(f"{place}: {first['msg']}") from error


def _records(history: NDArray[Any]) -> list[EpochRecord]:
    """The finished epochs.

    Raises:
        ValueError: It is no table of epochs 1, 2, 3 …
    """
    rows = _rows("history", history, EpochRecord._fields)
    if [epoch for epoch, *_ in rows] != list(range(1, len(rows) + 1)):
        raise ValueError("history does not count the epochs from 1")
    return [EpochRecord(int(epoch), *row) for epoch, *row in rows]


def _vitals(layers: NDArray[Any], epochs: int) -> list[LayerRecord]:
    """How the layers were doing.

    Raises:
        ValueError: It is no table of the layers 1, 2, 3 … of each epoch.
    """
    rows = _rows("layers", layers, LayerRecord._fields)
    depth = len(rows) // max(1, epochs)
    if [row[:2] for row in rows] != [
        [n, i] for n in range(1, epochs + 1) for i in range(1, depth + 1)
    ]:
        raise ValueError("layers does not count epochs and layers from 1")
    return [LayerRecord(int(epoch), int(layer), *row) for epoch, layer, *row in rows]


def _rows(name: str, table: NDArray[Any], fields: tuple[str, ...]) -> list[list[float]]:
    if table.dtype != np.float64 or table.ndim != 2 or table.shape[1] != len(fields):
        raise ValueError(f"{name} is of shape {table.shape} and {table.dtype}")
    rows: list[list[float]] = table.tolist()
    return rows


def _refuse_infinite(name: str, array: NDArray[Any]) -> None:
    """An array must be one of finite numbers.

    Raises:
        ValueError: It is not.
    """
    if array.dtype not in (np.float32, np.float64):
        raise ValueError(f"{name} is of {array.dtype}, not of float32 or float64")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} has numbers that are not finite")


def check_same_arrays(
    path: Path, saved: Mapping[str, Array], own: Mapping[str, tuple[tuple[int, ...], Any]]
) -> None:
    """A checkpoint's arrays must be those of the network that it is for.

    Args:
        path: The checkpoint's.
        saved: Its arrays, by name.
        own: The network's, by name: shape and dtype.

    Raises:
        CheckpointError: One is missing, or of another shape or dtype.
    """
    for name, (shape, dtype) in own.items():
        if name not in saved:
            raise CheckpointError(f"{path}: {name} is missing; {_mend(path)}")
        array = saved[name]
        if array.shape != shape or array.dtype != dtype:
            raise CheckpointError(
                f"{path}: {name} is of shape {array.shape} and {array.dtype}, but its network's is "
                f"of shape {shape} and {np.dtype(dtype)}; {_mend(path)}"
            )


def _mend(path: Path) -> str:
    """What to do where a checkpoint is of no use: the other of a run's two may be."""
    if path.name == "best.npz":
        return "to use the last epoch instead of the best, put a copy of last.npz in its place"
    return "put a copy of best.npz in its place, or begin a new run"


def versions() -> dict[str, str]:
    """Of what writes checkpoints here."""
    return {
        "nntrain": __version__,
        "numpy": np.__version__,
        "python": ".".join(map(str, sys.version_info[:3])),
    }


def machine() -> str:
    """System, processor and cores of this one, such as "Linux x86_64, 2 cores"; not its name."""
    cores = os.cpu_count() or 1
    return f"{platform.system()} {platform.machine()}, {cores} core{'s' * (cores > 1)}"


def _digest(content: memoryview) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()
