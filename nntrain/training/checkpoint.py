"""Checkpoints: one file with everything needed to predict and to resume.

The file is a NumPy `.npz` without pickles, which `numpy.load` can open:

    parameters     the network's parameter vector, in the order of `nntrain.nn.network`
    optimizer.*    the optimiser's state by name, and the moving average if there is one
    history        one row per epoch, with the columns of metrics.csv
    layers         one row per epoch and layer, with the columns of layers.csv
    meta           JSON: the fields of `Meta` and of `Position`

Files of format 2 can be read, too; see `nntrain.training.format_2`.

The zip comment is the SHA-256 of all bytes before it. A file with a single wrong bit is refused.
A file is replaced atomically, and is not trusted when it is read: see `_arrays`.
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
from nntrain.nn import Network
from nntrain.nn.arrays import Array
from nntrain.training.format_2 import from_format_2
from nntrain.training.progress import EpochRecord, LayerRecord, Progress
from nntrain.version import __version__

FORMAT = 3
PICTURES_FORMAT = 4  # the same with layers that programs of format 3 do not know
DIGEST_LENGTH = 64
# The first bytes of a zip; those of the record at its end, and that record's length.
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
    """The position within the running epoch: the fields of `Progress` that are not tables."""

    batch: NonNegativeInt
    rows: NonNegativeInt
    loss_sum: float
    correct: NonNegativeInt
    seconds: NonNegativeFloat


class Meta(_Strict):
    """The metadata of a checkpoint.

    Attributes:
        format: The version of the file format: `PICTURES_FORMAT` with convolution or pooling.
        config: The complete configuration, as YAML.
        inputs: n_0, the number of pixels.
        labels: The class of each output, in their order.
        greatest_pixel: The greatest pixel of the training rows; None if it was not recorded.
        data_digest: SHA-256 of the training and validation rows.
        threads: The number of threads of the training.
        versions: The versions of nntrain, NumPy and Python, by name.
        machine: The machine it was written on; "" if unknown.
        init: The run and epoch, or the file, whose weights the training began with; "" if it drew
            them.
        teacher: SHA-256 of the networks that it learns from; "" if there are none.
    """

    format: int = FORMAT
    config: str
    inputs: PositiveInt
    labels: list[str] | list[int]
    greatest_pixel: NonNegativeInt | None = None
    data_digest: str
    threads: PositiveInt
    versions: dict[str, str] = Field(default_factory=lambda: versions())
    machine: str = ""
    init: str = ""
    teacher: str = ""


class _SavedMeta(Meta):
    position: Position


@dataclass(frozen=True)
class Checkpoint:
    """The state of a training at one moment.

    Attributes:
        meta: The metadata.
        parameters: The network's parameter vector.
        optimizer_state: The optimiser's state and the moving average, by name.
        progress: The finished epochs and the position within the running one.
    """

    meta: Meta
    parameters: Array
    optimizer_state: dict[str, Array]
    progress: Progress


def format_of(network: Network) -> int:
    """The version of the file format for a network."""
    return FORMAT if len(network.shapes[0]) == 1 else PICTURES_FORMAT


def save(path: Path, checkpoint: Checkpoint) -> None:
    """Replace the file by this checkpoint, atomically.

    Raises:
        NNTrainError: If the file cannot be written; the previous file is unchanged.
    """
    progress = checkpoint.progress
    position = {name: getattr(progress, name) for name in Position.model_fields}
    # What was read from format 2 has been converted.
    written = {"format": max(FORMAT, checkpoint.meta.format), "position": position}
    fields = checkpoint.meta.model_dump() | written
    meta = _SavedMeta.model_validate(fields)
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
    # The views must be released before the buffer, also after an error, which keeps them alive.
    with buffer.getbuffer() as content, content[:-DIGEST_LENGTH] as before_digest:
        content[-DIGEST_LENGTH:] = _digest(before_digest)
        with atomic_write(path) as file:
            file.write(content)


def load(path: Path) -> Checkpoint:
    """Read a checkpoint.

    Raises:
        CheckpointError: If the file is missing, damaged, or of a format that cannot be read.
    """
    try:
        content = _content(path)
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read: {error.strerror}; {_hint(path)}") from error
    if content is None or content[-DIGEST_LENGTH:] != _digest(memoryview(content)[:-DIGEST_LENGTH]):
        raise CheckpointError(f"{path}: damaged, its checksum is wrong; {_hint(path)}")
    try:
        arrays = _arrays(content)
        saved = _meta(str(arrays.pop("meta", "")))
        meta = Meta(**saved.model_dump(exclude={"position"}))
        history = _epoch_records(arrays.pop("history"))
        layers = _layer_records(arrays.pop("layers"), len(history))
        parameters = arrays.pop("parameters")
        vectors = {"parameters": parameters, **arrays}
        for name, array in vectors.items():
            _check_finite(name, array)
        vectors = {name.removeprefix(OPTIMIZER): array for name, array in vectors.items()}
        if meta.format == 2:
            vectors = from_format_2(meta.config, meta.inputs, vectors)
        progress = Progress(history, layers, **saved.position.model_dump())
        return Checkpoint(meta, vectors.pop("parameters"), vectors, progress)
    except KeyError as error:
        raise CheckpointError(
            f"{path}: no checkpoint: {error} is missing; {_hint(path)}"
        ) from error
    except (ValueError, zipfile.BadZipFile, RuntimeError, EOFError, OSError, ConfigError) as error:
        reason = " ".join(str(error).splitlines())  # an array's name may contain line breaks
        raise CheckpointError(f"{path}: no checkpoint: {reason}; {_hint(path)}") from error


def _content(path: Path) -> bytes | None:
    """The bytes of a file that begins and ends like a checkpoint.

    Any other file, of whatever size, is not read into memory, and gives None.

    Raises:
        OSError: If the file cannot be read.
    """
    if not stat.S_ISREG(path.stat().st_mode):  # reading a pipe could block forever
        raise OSError(errno.EINVAL, "not a regular file")
    with path.open("rb") as file:
        start = file.read(len(_START))
        file.seek(max(0, file.seek(0, os.SEEK_END) - _END_LENGTH))
        if start != _START or file.read(len(_END)) != _END:
            return None
        file.seek(0)
        return file.read()


def _arrays(content: bytes) -> dict[str, Any]:
    """The archive's arrays by name, as views into its bytes.

    The file may be malicious, in spite of a correct checksum. Nothing is decompressed or unpickled,
    and an array must be as large as its header says, so that reading takes no more memory than the
    file has.

    Raises:
        ValueError: If an entry is compressed, duplicate or no array, or sizes do not match.
        BadZipFile, RuntimeError, EOFError: If the archive is invalid.
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
    """A view into the bytes of an .npy file, as `numpy.savez` writes numbers or text.

    The header must have exactly that form. NumPy's reader would pass any header to Python's parser,
    which raises unexpected errors for some.

    Raises:
        ValueError: If the header is invalid or does not match the number of bytes.
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


def _meta(text: str) -> _SavedMeta:
    """Parse and validate `meta`.

    Raises:
        ValueError: If it is of an unknown format, or a field is invalid.
    """
    try:
        written = _Format.model_validate_json(text)
        if written.format not in (2, FORMAT, PICTURES_FORMAT):
            raise ValueError(
                f"format {written.format}, written by nntrain "
                f"{written.versions.get('nntrain', 'of an unknown version')}, but this is nntrain "
                f"{__version__}, which reads formats 2 to {PICTURES_FORMAT}"
            )
        return _SavedMeta.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        location = ".".join(map(str, ("meta", *first["loc"])))
        raise ValueError(f"{location}: {first['msg']}") from error


def _epoch_records(history: NDArray[Any]) -> list[EpochRecord]:
    """The finished epochs.

    Raises:
        ValueError: If the table's shape is wrong, or its epochs are not 1, 2, 3 …
    """
    rows = _rows("history", history, EpochRecord._fields)
    if [epoch for epoch, *_ in rows] != list(range(1, len(rows) + 1)):
        raise ValueError("history does not count the epochs from 1")
    return [EpochRecord(int(epoch), *row) for epoch, *row in rows]


def _layer_records(layers: NDArray[Any], epochs: int) -> list[LayerRecord]:
    """The statistics of the layers.

    Raises:
        ValueError: If the table's shape is wrong, or its layers are not 1, 2, 3 … of each epoch.
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


def _check_finite(name: str, array: NDArray[Any]) -> None:
    """Check dtype and values.

    Raises:
        ValueError: If the array is not float32 or float64, or has NaN or infinite values.
    """
    if array.dtype not in (np.float32, np.float64):
        raise ValueError(f"{name} is of {array.dtype}, not of float32 or float64")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} has numbers that are not finite")


def check_same_arrays(
    path: Path, saved: Mapping[str, Array], own: Mapping[str, tuple[tuple[int, ...], Any]]
) -> None:
    """Check that a checkpoint's arrays fit a network.

    Args:
        path: The checkpoint's path.
        saved: Its arrays, by name.
        own: Shape and dtype of the network's arrays, by name.

    Raises:
        CheckpointError: If an array is missing, or has another shape or dtype.
    """
    for name, (shape, dtype) in own.items():
        if name not in saved:
            raise CheckpointError(f"{path}: {name} is missing; {_hint(path)}")
        array = saved[name]
        if array.shape != shape or array.dtype != dtype:
            raise CheckpointError(
                f"{path}: {name} is of shape {array.shape} and {array.dtype}, but its network's is "
                f"of shape {shape} and {np.dtype(dtype)}; {_hint(path)}"
            )


def _hint(path: Path) -> str:
    """What to do if a checkpoint is unusable: the run's other checkpoint may be usable."""
    if path.name == "best.npz":
        return "to use the last epoch instead of the best, put a copy of last.npz in its place"
    if path.name == "init.npz":
        return "begin a new run with --init"
    return "put a copy of best.npz in its place, or begin a new run"


def versions() -> dict[str, str]:
    """The versions of nntrain, NumPy and Python."""
    return {
        "nntrain": __version__,
        "numpy": np.__version__,
        "python": ".".join(map(str, sys.version_info[:3])),
    }


def machine() -> str:
    """System, processor and cores, such as "Linux x86_64, 2 cores", without the host's name."""
    cores = os.cpu_count() or 1
    return f"{platform.system()} {platform.machine()}, {cores} core{'s' * (cores > 1)}"


def _digest(content: memoryview) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()
