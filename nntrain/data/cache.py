"""Cache of parsed CSVs.

An entry is a folder named by the SHA-256 of the CSV's bytes and of the reading options, so that a
changed file never matches an old entry. One process at a time creates and removes entries, entries
appear atomically, and their content is verified at every load.

Cache errors are never fatal: the CSV is then read uncached. Entries that other users could have
written are neither used nor modified.
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
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import filelock
import numpy as np
import platformdirs

from nntrain.data.dataset import (
    Annotations,
    Dataset,
    MappedPixels,
    RowBlocks,
    RowStream,
    finish_digest,
)

FORMAT = 4  # part of every entry's name; increase it if the files or the parser's results change
LIMIT = 4 << 30  # bytes of all entries together; a larger entry is kept, but alone
ENVIRONMENT = "NNTRAIN_CACHE"
MIN_MAPPED_BYTES = 128 << 20  # entries with fewer bytes of pixels are loaded, not mapped
LOCK_TIMEOUT = 120.0  # seconds to wait for another process that creates an entry
_NAME = re.compile("[0-9a-f]{64}")


def default_folder() -> Path:
    """Cache folder below $NNTRAIN_CACHE, or below the platform's cache folder."""
    return Path(os.environ.get(ENVIRONMENT) or platformdirs.user_cache_path("nntrain")) / "csv"


def entry_name(content: str, **options: object) -> str:
    """Name of an entry: SHA-256 of the file's own SHA-256 and the reading options."""
    key = json.dumps([FORMAT, content, options], sort_keys=True)
    return hashlib.sha256(key.encode()).hexdigest()


class _CacheWriteError(Exception):
    """An entry could not be written."""


class Cache:
    """Cache in a folder; removes the least recently used entries above `limit` bytes in total."""

    def __init__(self, folder: Path, limit: int = LIMIT) -> None:
        self.folder = folder
        self.limit = limit

    def load(self, name: str, source: str) -> Dataset | None:
        """Load an entry; None if it is missing, damaged or writable by other users."""
        if self.untrusted_path(name) is not None:
            return None
        dataset = _load(self.folder / name, source)
        if dataset is not None:
            with suppress(OSError):
                os.utime(self.folder / name)  # the least recently used go first
        return dataset

    def may_hold(self, size: int) -> bool:
        """Whether there is an entry of a file of so many bytes, or of unknown size.

        Waits until what `store_behind` was called for is stored.
        """
        finish_writing()
        return any(_size_of(about) in (size, None) for about in self.folder.glob("*/about.json"))

    def store_behind(self, name: str, dataset: Dataset, size: int) -> None:
        """Store rows in a thread, while the caller goes on; see `store`."""

        def blocks() -> RowBlocks:
            yield dataset.pixels
            return dataset.annotations

        def store() -> None:
            with suppress(_CacheWriteError), self._lock():
                if self.load(name, dataset.source) is None:
                    self._add(name, RowStream(blocks()), size)

        _writing.append(_WRITER.submit(store))

    def store(self, name: str, source: str, rows: RowStream, size: int) -> Dataset | None:
        """Store rows and load them; if another process has stored them meanwhile, load its entry.

        Args:
            name: The entry's name.
            source: Path of the file, for messages.
            rows: The rows.
            size: The file's size in bytes; 0 if they are not those of a single file.

        Returns:
            None if they cannot be stored; some of the rows may have been consumed.

        Raises:
            DataError: If a row is invalid or the CSV changes while it is read.
        """
        try:
            with self._lock():
                dataset = self.load(name, source)
                if dataset is None:
                    self._add(name, rows, size)
                    dataset = self.load(name, source)
                return dataset
        except _CacheWriteError:
            return None

    def _add(self, name: str, rows: RowStream, size: int) -> None:
        """Write an entry; called with the lock held."""
        # Remains of a killed process, and a damaged entry.
        for remains in [*self.folder.glob(".making-*"), self.folder / name]:
            shutil.rmtree(remains, ignore_errors=True)
        with _write_errors():
            making = Path(tempfile.mkdtemp(prefix=".making-", dir=self.folder))
        try:
            _write(making, rows, size)
            with _write_errors():
                making.rename(self.folder / name)
        finally:
            shutil.rmtree(making, ignore_errors=True)
        with suppress(OSError):  # another process may remove entries, too
            self._evict(name)

    def untrusted_path(self, name: str) -> Path | None:
        """The folder or a part of an entry that others could fill with wrong labels, or None."""
        entry = self.folder / name
        with suppress(OSError):  # what cannot be examined cannot be loaded either
            for path in [self.folder, entry, *entry.glob("*")]:
                if os.path.lexists(path) and not _is_private(path):
                    return path
        return None

    @contextmanager
    def _lock(self) -> Iterator[None]:
        with ExitStack() as stack:
            with _write_errors():
                self.folder.parent.mkdir(parents=True, exist_ok=True)
                self.folder.mkdir(mode=0o700, exist_ok=True)
                path = self.folder / ".lock"
                lock = filelock.FileLock(path, timeout=LOCK_TIMEOUT, fallback_to_soft=False)
                stack.enter_context(lock)
            yield

    def sizes(self) -> list[int]:
        """The bytes of each entry.

        Raises:
            OSError: If the folder, or an entry, cannot be read.
        """
        return [_bytes_in(entry) for entry in self._entries()] if self.folder.exists() else []

    def _entries(self) -> list[Path]:
        return [path for path in self.folder.iterdir() if _NAME.fullmatch(path.name)]

    def _evict(self, newest: str) -> None:
        room = self.limit
        for entry in sorted(self._entries(), key=lambda path: path.stat().st_mtime, reverse=True):
            room -= _bytes_in(entry)
            if room < 0 and entry.name != newest:
                shutil.rmtree(entry, ignore_errors=True)


_WRITER = ThreadPoolExecutor(1)  # Python waits for its thread when the process ends
_writing: list[Future[None]] = []


def finish_writing() -> None:
    """Wait until everything is stored that `store_behind` was called for."""
    while _writing:
        _writing.pop().result()


def _bytes_in(entry: Path) -> int:
    return sum(path.stat().st_size for path in entry.iterdir())


def _size_of(about: Path) -> int | None:
    """The size of the file that an entry is of; None if it does not say."""
    with suppress(OSError, ValueError, TypeError, AttributeError):
        size = json.loads(about.read_bytes()).get("size")
        return size if isinstance(size, int) else None
    return None


def _write(folder: Path, rows: RowStream, size: int) -> None:
    shape, total = (0, 0), hashlib.sha256()
    with _write_errors():
        file = (folder / "pixels").open("wb", buffering=0)
    try:
        for pixels in rows:
            rest = pixels.data.cast("B")
            total.update(rest)
            with _write_errors():
                while rest:  # an unbuffered write may be short, but reports errors at once
                    rest = rest[file.write(rest) :]
            shape = (shape[0] + len(pixels), pixels.shape[1])
    finally:
        with _write_errors():
            file.close()
    annotations = rows.annotations
    arrays: dict[str, Any] = {k: v for k, v in annotations._asdict().items() if v is not None}
    for name in ("classes", "notes"):
        arrays[name] = np.array(arrays[name], np.str_)
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    content = buffer.getvalue()
    about = {
        "shape": shape,
        "size": size,
        "beside": hashlib.sha256(content).hexdigest(),
        # Of the parsed rows, not of what the disk returns.
        "digest": finish_digest(total, shape, annotations),
    }
    with _write_errors():
        (folder / "beside.npz").write_bytes(content)
        (folder / "about.json").write_text(json.dumps(about), encoding="utf-8")
        for path in folder.iterdir():
            path.chmod(0o600)  # regardless of the umask


def _is_private(path: Path) -> bool:
    """Whether only the user can write to a path; on Windows, the user's profile is protected."""
    user = getattr(os, "geteuid", None)
    state = path.lstat()
    others_write = state.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return user is None or (
        state.st_uid == user() and not others_write and not stat.S_ISLNK(state.st_mode)
    )


def _load(folder: Path, source: str) -> Dataset | None:
    try:
        about = json.loads((folder / "about.json").read_bytes())
        content = (folder / "beside.npz").read_bytes()
        if hashlib.sha256(content).hexdigest() != about["beside"]:
            return None
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            annotations = Annotations(
                labels=arrays.get("labels"),
                classes=tuple(arrays["classes"].tolist()),
                ids=arrays.get("ids"),
                label_column=str(arrays["label_column"]) if "label_column" in arrays else None,
                id_column=str(arrays["id_column"]) if "id_column" in arrays else None,
                notes=tuple(arrays["notes"].tolist()),
            )
        path, shape = folder / "pixels", tuple(about["shape"])
        mapped = MappedPixels(path, shape) if math.prod(shape) >= MIN_MAPPED_BYTES else None
        pixels = mapped.pixels if mapped else np.fromfile(path, np.uint8).reshape(shape)
        dataset = Dataset(pixels, source, annotations, mapped)
        return dataset if dataset.digest == about["digest"] else None
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        return None  # missing or corrupt: a cache miss


@contextmanager
def _write_errors() -> Iterator[None]:
    """Turn errors of the disk into `_CacheWriteError`, to tell them from errors of the CSV."""
    try:
        yield
    except OSError as error:
        raise _CacheWriteError from error
