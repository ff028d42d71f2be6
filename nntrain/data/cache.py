"""CSVs that were parsed before: their digits, loaded or mapped instead of parsed again.

An entry is a folder named by the SHA-256 of the CSV's bytes and of how they were to be read, so
that a changed file is never mistaken for the old one. One process at a time makes and removes
entries; an entry appears whole or not at all, and what it holds is checked whenever it is used.

A cache never stands in the way: what cannot be kept is not kept. What others could have written is
neither believed nor touched.
"""

import hashlib
import io
import json
import math
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import filelock
import numpy as np
import platformdirs

from nntrain.data.dataset import Annotations, Dataset, MappedPixels, RowStream, finished_digest

FORMAT = 2  # part of every entry's name; changes with the files, or with what the reader makes
LIMIT = 4 << 30  # bytes of all entries together; one that is larger is kept, but alone
ENVIRONMENT = "NNTRAIN_CACHE"
_WORTH_MAPPING = 128 << 20  # bytes of pixels; fewer are loaded
_PATIENCE = 120.0  # seconds to wait for another process that makes an entry
_NAME = re.compile("[0-9a-f]{64}")


def default_folder() -> Path:
    """Below what NNTRAIN_CACHE names in the environment, or the user's usual place for caches."""
    return Path(os.environ.get(ENVIRONMENT) or platformdirs.user_cache_path("nntrain")) / "csv"


def entry_name(content: str, **options: object) -> str:
    """An entry's name: SHA-256 of `content`, the file's own SHA-256, and of how it is read."""
    reading = json.dumps([FORMAT, content, options], sort_keys=True)
    return hashlib.sha256(reading.encode()).hexdigest()


class _NotKeptError(Exception):
    """The disk will not have it, or gives back something else."""


class Cache:
    """A folder of entries.

    Args:
        folder: Made when it is needed.
        limit: Bytes of all entries together; those not used for longest make room for a new one.
    """

    def __init__(self, folder: Path, limit: int = LIMIT) -> None:
        self.folder = folder
        self.limit = limit

    def load(self, name: str, source: str) -> Dataset | None:
        """What an entry holds; None if there is none, or none that is whole and the user's own."""
        if self.not_own(name) is not None:
            return None
        digits = _load(self.folder / name, source)
        if digits is not None:
            with suppress(OSError):
                os.utime(self.folder / name)  # those not used for longest go first
        return digits

    def store(self, name: str, source: str, rows: RowStream) -> Dataset | None:
        """Keep a CSV's rows; or wait for the process that does so, and load them.

        Args:
            name: The file's, by `entry_name`.
            source: The file's path as it was given.
            rows: Left unread if another process has kept them meanwhile.

        Returns:
            None if they cannot be kept; some of the rows may have been read.

        Raises:
            DataError: A row does not hold what it should, or the file was changed.
        """
        try:
            with self._alone():
                made_meanwhile = self.load(name, source)
                if made_meanwhile is not None:
                    return made_meanwhile
                self._clear(name)
                with _keeping():
                    making = Path(tempfile.mkdtemp(prefix=".making-", dir=self.folder))
                try:
                    _write(making, rows)
                    with _keeping():
                        making.rename(self.folder / name)
                finally:
                    shutil.rmtree(making, ignore_errors=True)
                self._make_room(name)
                return self.load(name, source)
        except _NotKeptError:
            return None

    def not_own(self, name: str) -> Path | None:
        """The folder, or what of an entry is in it, that others could have written; None if none.

        Whoever could write there could put other labels under the right name.
        """
        entry = self.folder / name
        with suppress(OSError):  # what cannot be looked at cannot be loaded either
            for path in [self.folder, entry, *entry.glob("*")]:
                if os.path.lexists(path) and not _is_own(path):
                    return path
        return None

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the folder's lock."""
        with ExitStack() as stack:
            with _keeping():
                self.folder.parent.mkdir(parents=True, exist_ok=True)
                self.folder.mkdir(mode=0o700, exist_ok=True)
                stack.enter_context(
                    filelock.FileLock(
                        self.folder / ".lock", timeout=_PATIENCE, fallback_to_soft=False
                    )
                )
            yield

    def _clear(self, name: str) -> None:
        """Remove what a killed process left, and an entry that is not whole."""
        for remains in [*self.folder.glob(".making-*"), self.folder / name]:
            shutil.rmtree(remains, ignore_errors=True)

    def _make_room(self, newest: str) -> None:
        entries = [path for path in self.folder.iterdir() if _NAME.fullmatch(path.name)]
        room = self.limit
        for entry in sorted(entries, key=lambda path: path.stat().st_mtime, reverse=True):
            room -= sum(path.stat().st_size for path in entry.iterdir())
            if room < 0 and entry.name != newest:
                shutil.rmtree(entry, ignore_errors=True)


def _write(folder: Path, rows: RowStream) -> None:
    """Write an entry's files."""
    shape, total = (0, 0), hashlib.sha256()
    with _keeping():
        file = (folder / "pixels").open("wb", buffering=0)
    try:
        for pixels in rows:
            rest = pixels.data.cast("B")
            total.update(rest)
            with _keeping():
                while rest:  # without a buffer a write may be short, but nothing is left for later
                    rest = rest[file.write(rest) :]
            shape = (shape[0] + len(pixels), pixels.shape[1])
    finally:
        with _keeping():
            file.close()
    beside = rows.annotations
    arrays: dict[str, Any] = {k: v for k, v in beside._asdict().items() if v is not None}
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    content = buffer.getvalue()
    about = {
        "shape": shape,
        "beside": hashlib.sha256(content).hexdigest(),
        # Of what was parsed, not of what the disk made of it.
        "digest": finished_digest(total, shape, beside.labels, beside.ids),
    }
    with _keeping():
        (folder / "beside.npz").write_bytes(content)
        (folder / "about.json").write_text(json.dumps(about), encoding="utf-8")
        for path in folder.iterdir():
            path.chmod(0o600)  # whatever the umask is


def _is_own(path: Path) -> bool:
    """Whether a file or folder is the user's, and writable by nobody else.

    Windows keeps this by the place: a user's cache is in a folder of the user's own.

    Raises:
        OSError: It cannot be looked at.
    """
    user = getattr(os, "geteuid", None)
    found = path.lstat()
    others_write = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return user is None or (
        found.st_uid == user() and not others_write and not stat.S_ISLNK(found.st_mode)
    )


def _load(folder: Path, source: str) -> Dataset | None:
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
        path, shape = folder / "pixels", tuple(about["shape"])
        # Many pixels are left on the disk until they are used.
        mapped = MappedPixels(path, shape) if math.prod(shape) >= _WORTH_MAPPING else None
        pixels = mapped.pixels if mapped else np.fromfile(path, np.uint8).reshape(shape)
        digits = Dataset(pixels, source, *beside, mapped)
        return digits if digits.digest == about["digest"] else None
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        return None  # removed, cut short or scribbled over: as if it had never been


@contextmanager
def _keeping() -> Iterator[None]:
    """A disk that is full or read-only is no fault of the CSV that is being read."""
    try:
        yield
    except OSError as error:
        raise _NotKeptError from error
