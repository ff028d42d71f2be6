"""One file that holds all that is needed to predict and to resume: written whole, read warily.

The file is a NumPy `.npz` without pickles, so `numpy.load` opens it anywhere:

    parameters     the network's vector (W_1, …, W_L, b_1, …, b_L)
    optimizer.*    the optimiser's state, by name, and the moving average if there is one
    history        one row an epoch, columns as in metrics.csv
    meta           JSON: format version, configuration, label set, data digest, position, versions

The zip's comment is the SHA-256 of all bytes before it: one wrong bit anywhere, and the file is
refused instead of read.
"""

import hashlib
import io
import json
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nntrain import __version__
from nntrain.errors import CheckpointError
from nntrain.files import atomic_write
from nntrain.nn.arrays import Array
from nntrain.training.progress import EpochRecord, Progress

FORMAT = 1
DIGEST_LENGTH = 64
OPTIMIZER = "optimizer."
MEMBERS = ("meta", "parameters", "history")


@dataclass(frozen=True)
class Checkpoint:
    """A training at one moment.

    Attributes:
        config: The complete configuration, as YAML.
        inputs: n_0, the number of pixels.
        labels: What the outputs stand for, in their order.
        data_digest: SHA-256 of the rows trained on and of those held out.
        parameters: The network's vector.
        optimizer_state: The optimiser's state and the moving average, by name.
        progress: The position.
    """

    config: str
    inputs: int
    labels: list[int]
    data_digest: str
    parameters: Array
    optimizer_state: dict[str, Array]
    progress: Progress


def save(path: Path, checkpoint: Checkpoint) -> None:
    """Replace the file by this checkpoint, in one step.

    Raises:
        NNTrainError: The file cannot be written; what stood there before still stands.
    """
    progress = checkpoint.progress
    meta = {
        "format": FORMAT,
        "config": checkpoint.config,
        "inputs": checkpoint.inputs,
        "labels": checkpoint.labels,
        "data_digest": checkpoint.data_digest,
        "position": {
            "batch": progress.batch,
            "rows": progress.rows,
            "loss_sum": progress.loss_sum,
            "correct": progress.correct,
            "seconds": progress.seconds,
        },
        "versions": versions(),
    }
    history = np.array(progress.history, np.float64).reshape(-1, len(EpochRecord._fields))
    members: dict[str, Any] = {
        "meta": np.array(json.dumps(meta)),
        "history": history,
        "parameters": checkpoint.parameters,
        **{OPTIMIZER + name: array for name, array in checkpoint.optimizer_state.items()},
    }
    buffer = io.BytesIO()
    np.savez(buffer, **members)
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.comment = bytes(DIGEST_LENGTH)
    content = buffer.getbuffer()
    content[-DIGEST_LENGTH:] = _digest(content[:-DIGEST_LENGTH])
    with atomic_write(path) as file:
        file.write(content)


def load(path: Path) -> Checkpoint:
    """Read a checkpoint back.

    Raises:
        CheckpointError: There is none, or it is not whole, or it is not of this format.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read: {error.strerror}") from error
    if content[-DIGEST_LENGTH:] != _digest(memoryview(content)[:-DIGEST_LENGTH]):
        raise CheckpointError(
            f"{path}: not a whole checkpoint (its checksum is wrong); use the other of best.npz "
            "and last.npz, or train again"
        )
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            members = {name: archive[name] for name in archive.files}
        meta = json.loads(str(members["meta"]))
        if meta["format"] != FORMAT:
            raise CheckpointError(
                f"{path}: checkpoint format {meta['format']}, but this is nntrain {__version__}, "
                f"which reads format {FORMAT}; it was written by nntrain "
                f"{meta['versions']['nntrain']}"
            )
        records = [EpochRecord(int(row[0]), *row[1:]) for row in members["history"].tolist()]
        return Checkpoint(
            config=meta["config"],
            inputs=meta["inputs"],
            labels=meta["labels"],
            data_digest=meta["data_digest"],
            parameters=members["parameters"],
            optimizer_state={
                name.removeprefix(OPTIMIZER): array
                for name, array in members.items()
                if name not in MEMBERS
            },
            progress=Progress(history=records, **meta["position"]),
        )
    except (KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
        raise CheckpointError(f"{path}: not a checkpoint of nntrain: {error}") from error


def versions() -> dict[str, str]:
    """Of what writes checkpoints here."""
    return {
        "nntrain": __version__,
        "numpy": np.__version__,
        "python": ".".join(map(str, sys.version_info[:3])),
    }


def _digest(content: memoryview) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()
