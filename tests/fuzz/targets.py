"""What a fuzzer feeds: whatever the bytes are, a reader gives what it should or says why not.

A target raises for a fault of the reader, and returns for everything else.
"""

import hashlib
import io
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from nntrain.config import dump_config, load_config, parse_config
from nntrain.data.dataset import Dataset
from nntrain.data.kaggle import read_csv, write_csv
from nntrain.errors import NNTrainError
from nntrain.training import checkpoint
from nntrain.training.checkpoint import Checkpoint
from nntrain.training.progress import EpochRecord, LayerRecord, Progress
from tests.fuzz.commands import RIGHT, commands, encoded

Target = Callable[[bytes], None]


def csv(data: bytes) -> None:
    """A CSV, read in the way that the first byte chooses, reads back as it was written."""
    how = data[0] if data else 0
    with _file("digits.csv", data[1:]) as path, _complaints(path):
        digits = read_csv(
            path,
            labels=("required", "forbidden", "optional")[how % 3],
            classes=(10, 10, 3, None)[how // 64],
        )
        assert digits.pixels.dtype == np.uint8
        assert digits.pixels.ndim == 2
        write_csv(path, digits.pixels, digits.labels)
        again = read_csv(path)
        np.testing.assert_array_equal(again.pixels, digits.pixels)
        _assert_same_labels(again, digits)


def config(data: bytes) -> None:
    """A configuration that is accepted is the same when it is written out and read again."""
    with _file("config.yaml", data) as path, _complaints(path):
        loaded = load_config(path)
        assert parse_config(dump_config(loaded), "again.yaml") == loaded


def sealed(data: bytes) -> None:
    """A checkpoint of any bytes, with the right checksum behind them."""
    _load(data + hashlib.sha256(data).hexdigest().encode())


def packed(data: bytes) -> None:
    """A checkpoint whose archive is whole, but whose arrays are made of any bytes."""
    buffer = io.BytesIO()
    names = ("meta", "history", "layers", "parameters", "optimizer.average")
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in zip(names, data.split(_BETWEEN), strict=False):
            archive.writestr(f"{name}.npy", content)
        archive.comment = bytes(checkpoint.DIGEST_LENGTH)
    sealed(buffer.getvalue()[: -checkpoint.DIGEST_LENGTH])


_BETWEEN = b"\n--\n"  # where `packed` cuts


def _load(content: bytes) -> None:
    with _file("last.npz", content) as path, _complaints(path):
        loaded = checkpoint.load(path)
        assert np.isfinite(loaded.parameters).all()
        checkpoint.save(path, loaded)
        again = checkpoint.load(path)
        assert again.progress == loaded.progress or _has_nan(loaded)
        assert again.parameters.tobytes() == loaded.parameters.tobytes()


def _has_nan(loaded: Checkpoint) -> bool:
    return bool(np.isnan(np.array(loaded.progress.history)).any())


def _assert_same_labels(again: Dataset, digits: Dataset) -> None:
    if digits.labels is None:
        assert again.labels is None
    else:
        assert again.labels is not None
        written = [again.classes[label] for label in again.labels]
        assert written == list(map(str, digits.labels.tolist()))


@contextmanager
def _file(name: str, content: bytes) -> Iterator[Path]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        yield path


@contextmanager
def _complaints(path: Path) -> Iterator[None]:
    """The only error that may come is a line, or one for each fault, that begins with the file."""
    try:
        yield
    except NNTrainError as error:
        lines = str(error).split("\n")
        if len(lines) > 1 and re.fullmatch(r"and \d+ more", lines[-1]):
            del lines[-1]
        assert all(line.startswith(str(path)) and line.isprintable() for line in lines), lines


SMALL_CONFIG = b"""\
data: {train: x.csv}
network: [{dense: 10, activation: softmax}]
loss: cross_entropy
training: {epochs: 1, optimizer: adam}
"""
LARGER_CONFIG = b"""\
seed: 3
members: 2
data:
  train: "x.csv"
  validation: 0.25
  distortion: {rotation: 1e1, elastic: {strength: 3, sigma: 1}, limits: {1: 0.5}}
network:
  - {dense: 8, activation: relu, init: {normal: .1}, dropout: 0.2}
  - {dense: 10, activation: softmax}
loss: cross_entropy
training:
  epochs: 4  # of many
  batch_size: 16
  optimizer: {name: momentum, learning_rate: 0.02, momentum: 0.9}
  schedule: {name: step, every: 2, factor: 0.5, warmup: 1}
  average: 0.9
"""


def seeds() -> dict[str, list[bytes]]:
    """Where each target's fuzzing begins: inputs that are right."""
    table = b"label,pixel0,pixel1,pixel2,pixel3\n3,0,255,17,4\n0,1,2,3,250\n"
    with _file("last.npz", b"") as path:
        history = [EpochRecord(1, 0.1, 0.01, 2.3, 0.1, 2.2, 0.2)]
        layers = [LayerRecord(1, 1, 0.1, 0.02)]
        weights = np.arange(9, dtype=np.float32)
        state = {"average": weights}
        progress = Progress(history, layers, 3, 48, 0.3, 7, 0.3)
        meta = checkpoint.Meta(
            config=SMALL_CONFIG.decode(),
            inputs=3,
            labels=[0, 1],
            data_digest="ab",
            threads=2,
        )
        checkpoint.save(path, Checkpoint(meta, weights, state, progress))
        whole = path.read_bytes()[: -checkpoint.DIGEST_LENGTH]
        with zipfile.ZipFile(path) as archive:
            arrays = {name: archive.read(name) for name in archive.namelist()}
    names = ("meta.npy", "history.npy", "layers.npy", "parameters.npy", "optimizer.average.npy")
    return {
        "csv": [
            b"\0" + table,
            b"\2" + table.replace(b",", b", ").replace(b"\n", b"\r\n"),
            b'\1"id","n1","n2"\n"7","0.0","255"\n',
            b"\2\xef\xbb\xbf5,1,2,3,4\n6,3,4,5,6",
            b"\2" + _zipped(table),
        ],
        "config": [SMALL_CONFIG, LARGER_CONFIG],
        "sealed": [whole],
        "packed": [_BETWEEN.join(arrays[name] for name in names)],
        "commands": [encoded(line) for line in RIGHT],
    }


def _zipped(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("train.csv", content)
    return buffer.getvalue()


TARGETS: dict[str, Target] = {
    "csv": csv,
    "config": config,
    "sealed": sealed,
    "packed": packed,
    "commands": commands,
}
