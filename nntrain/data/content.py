"""Hashes a file while it is read, and notices changes meanwhile."""

import hashlib
import io
import os
import time
from typing import Any, cast

from nntrain.data.decompress import is_packed, is_zip
from nntrain.errors import DataError

# Of two changes within this time, a file system whose clock ticks slowly may show only one.
_RACY_NANOSECONDS = 3_000_000_000


class CheckedFile:
    """A file that is hashed while it is read once, from its start to its end.

    A .zip, which is not read in this order, is hashed before and after.

    Args:
        file: The file, seekable.
        source: Its path, for messages.

    Attributes:
        size: Its size in bytes.
        is_packed: Whether it is a compressed file.
    """

    def __init__(self, file: io.BufferedReader, source: str) -> None:
        self._file = file
        self._source = source
        self._state = self._state_now()
        self._is_racy = time.time_ns() - max(self._state) < _RACY_NANOSECONDS
        self._known: str | None = None  # the SHA-256 before it is read
        self.size: int = self._state[0]
        self.is_packed = is_packed(file)

    def content(self) -> str:
        """SHA-256 of the file; reads all of it."""
        sha256 = hashlib.sha256()
        self._rewind()
        while chunk := self._file.read(1 << 20):
            sha256.update(chunk)
        self._known = self._known or sha256.hexdigest()
        return sha256.hexdigest()

    def start(self) -> io.BufferedReader:
        """The file as a stream, at its start; `finish` belongs to the last one."""
        self._rewind()
        self._hashing: _HashingReader | None = None
        if is_zip(self._file):
            if self._known is None:
                self.content()
                self._rewind()
            return self._file
        raw = cast(io.RawIOBase, self._file.raw)
        raw.seek(0)
        self._hashing = _HashingReader(raw)
        self._stream = cast(io.BufferedReader, io.BufferedReader(self._hashing, 1 << 20))
        return self._stream

    def finish(self) -> str:
        """SHA-256 of what was read, and of the rest of the file.

        Raises:
            DataError: If the file was changed since the first call of a method.
        """
        if self._hashing is None:
            read = self.content()
        else:
            while self._stream.read(1 << 20):
                pass
            read = self._hashing.sha256.hexdigest()
        if self._known is None:
            # Times change without the content, too, such as with the file's name or owner.
            may_differ = self._is_racy or self._state_now() != self._state
            changed = may_differ and self.content() != read
        else:
            changed = self._known != read
        if changed:
            raise DataError(f"{self._source}: was changed while it was read; read it again")
        return read

    def _rewind(self) -> None:
        self._file.seek(0, os.SEEK_END)  # discards the buffer, as a seek within it does not
        self._file.seek(0)

    def _state_now(self) -> tuple[int, int, int]:
        stat = os.fstat(self._file.fileno())
        return stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


class _HashingReader(io.RawIOBase):
    def __init__(self, raw: io.RawIOBase) -> None:
        self._raw = raw
        self.sha256 = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        count: int | None = self._raw.readinto(buffer)
        if count:
            self.sha256.update(memoryview(buffer)[:count])
        return count
