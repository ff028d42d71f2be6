"""CSVs that were parsed before: their digits, loaded or mapped instead of parsed again.

An entry is a folder named by the SHA-256 of the CSV's bytes and of how they were to be read, so
that a changed file is never mistaken for the old one. One process at a time makes and removes
entries; an entry appears whole or not at all, and what it holds is checked whenever it is used.

A cache never stands in the way: where none can be kept, the rows go to a temporary folder that is
gone when they have been used.
"""

import hashlib
import io
import json
import math
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import filelock
import numpy as np
import platformdirs
from numpy.typing import NDArray

from nntrain.data.digits import Annotations, Digits
from nntrain.errors import NNTrainError

FORMAT = 1  # part of every entry's name; changes with the files, or with what the reader makes
LIMIT = 4 << 30  # bytes of all entries together; one that is larger is kept, but alone
ENVIRONMENT = "NNTRAIN_CACHE"
_WORTH_MAPPING = 128 << 20  # bytes of pixels; fewer are loaded

Keep = Callable[[NDArray[np.uint8]], None]  # is given pixels, shape (rows, P), in the rows' order
Parse = Callable[[Keep], Annotations]  # reads a CSV


def default_folder() -> Path:
    """What the environment variable NNTRAIN_CACHE names, or the user's usual place for caches."""
    return Path(os.environ.get(ENVIRONMENT) or platformdirs.user_cache_path("nntrain"))


def fingerprint(file: IO[bytes], **options: object) -> str:
    """An entry's name: SHA-256 of all that a file holds now, and of the options it is read with."""
    content = hashlib.sha256()
    file.seek(0)
    while chunk := file.read(1 << 20):
        content.update(chunk)
    file.seek(0)
    reading = json.dumps([FORMAT, content.hexdigest(), options], sort_keys=True)
    return hashlib.sha256(reading.encode()).hexdigest()


class Cache:
    """A folder of entries.

    Args:
        folder: Made when it is needed.
        limit: Bytes of all entries together; those not used for longest make room for a new one.
    """

    def __init__(self, folder: Path, limit: int = LIMIT) -> None:
        self.folder = folder
        self.limit = limit

    def load(self, name: str, source: str) -> Digits | None:
        """What an entry holds; None if there is none, or none that is whole."""
        digits = _load(self.folder / name, source)
        if digits is not None:
            with suppress(OSError):
                os.utime(self.folder / name)  # those not used for longest go first
        return digits

    def make(self, name: str, source: str, parse: Parse) -> Digits:
        """Parse a CSV and keep its digits; or wait for the process that does so, and load them.

        Args:
            name: The file's fingerprint.
            source: The file's path as it was given.
            parse: Reads it.

        Raises:
            DataError: As `parse` has it.
            NNTrainError: There is no room for the rows.
        """
        with self._alone() as kept:
            if kept:
                made_meanwhile = self.load(name, source)
                if made_meanwhile is not None:
                    return made_meanwhile
                self._clear(name)
            with _faults_told(self.folder):
                making = Path(tempfile.mkdtemp(None, ".making-", self.folder if kept else None))
            try:
                _fill(making, parse)
                digits = _load(making, source)
                if digits is None:
                    raise NNTrainError(
                        f"{making}: the rows of {source} were written but do not read back; "
                        f"let {ENVIRONMENT} name a folder on another disk"
                    )
                if kept:
                    # A mapped file may be renamed and removed, except by Windows, where the entry
                    # is then only good for this process.
                    with suppress(OSError):
                        making.rename(self.folder / name)
                        self._make_room(name)
            finally:
                shutil.rmtree(making, ignore_errors=True)
        return digits

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        """Hold the folder's lock; False where there can be none."""
        with ExitStack() as stack:
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
                stack.enter_context(filelock.FileLock(self.folder / ".lock"))
                tempfile.TemporaryFile(dir=self.folder).close()
                possible = True
            except (OSError, NotImplementedError):
                possible = False
            yield possible

    def _clear(self, name: str) -> None:
        """Remove what a killed process left, and an entry that is not whole."""
        for remains in [*self.folder.glob(".making-*"), self.folder / name]:
            shutil.rmtree(remains, ignore_errors=True)

    def _make_room(self, newest: str) -> None:
        room = self.limit - _size(self.folder / newest)
        entries = [path for path in self.folder.iterdir() if not path.name.startswith(".")]
        for entry in sorted(entries, key=lambda path: path.stat().st_mtime, reverse=True):
            if entry.name != newest:
                room -= _size(entry)
                if room < 0:
                    shutil.rmtree(entry, ignore_errors=True)


def _fill(folder: Path, parse: Parse) -> None:
    """Write an entry's files."""
    shape = (0, 0)
    with ExitStack() as stack:
        with _faults_told(folder):
            file = stack.enter_context((folder / "pixels").open("wb", buffering=0))

        def keep(pixels: NDArray[np.uint8]) -> None:
            nonlocal shape
            rest = pixels.data.cast("B")
            with _faults_told(folder):
                while rest:  # without a buffer a write may be short, but nothing is left for later
                    rest = rest[file.write(rest) :]
            shape = (shape[0] + len(pixels), pixels.shape[1])

        beside = parse(keep)
    arrays: dict[str, Any] = {k: v for k, v in beside._asdict().items() if v is not None}
    content = io.BytesIO()
    np.savez(content, **arrays)
    with _faults_told(folder):
        (folder / "beside.npz").write_bytes(content.getbuffer())
        about = {
            "shape": shape,
            "beside": hashlib.sha256(content.getbuffer()).hexdigest(),
            "digest": Digits(_pixels(folder, shape), "", *beside).digest,
        }
        (folder / "about.json").write_text(json.dumps(about), encoding="utf-8")


def _load(folder: Path, source: str) -> Digits | None:
    try:
        about = json.loads((folder / "about.json").read_bytes())
        content = (folder / "beside.npz").read_bytes()
        if hashlib.sha256(content).hexdigest() != about["beside"]:
            return None
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            beside = Annotations(
                labels=arrays.get("labels"),
                ids=arrays.get("ids"),
                label_column=str(arrays["label_column"]) if "label_column" in arrays else None,
                id_column=str(arrays["id_column"]) if "id_column" in arrays else None,
            )
        digits = Digits(_pixels(folder, tuple(about["shape"])), source, *beside)
        return digits if digits.digest == about["digest"] else None
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        return None  # removed, cut short or scribbled over: as if it had never been


def _pixels(folder: Path, shape: tuple[int, int]) -> NDArray[np.uint8]:
    """The pixels of an entry; many are left on the disk until they are used."""
    if math.prod(shape) >= _WORTH_MAPPING:
        return np.memmap(folder / "pixels", np.uint8, "r", shape=shape).view(np.ndarray)
    return np.fromfile(folder / "pixels", np.uint8).reshape(shape)


def _size(entry: Path) -> int:
    return sum(path.stat().st_size for path in entry.iterdir())


@contextmanager
def _faults_told(folder: Path) -> Iterator[None]:
    """A disk that is full is not the CSV's fault."""
    try:
        yield
    except OSError as error:
        raise NNTrainError(
            f"{folder}: no place for the rows read: {error.strerror or error}; free some "
            f"space or let the environment variable {ENVIRONMENT} name another folder"
        ) from error
