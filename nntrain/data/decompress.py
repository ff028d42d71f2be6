"""Opens files and decompresses `.gz`, `.zip`, `.bz2` and `.xz`, recognised by content."""

import bz2
import errno
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from nntrain.data.file_kinds import check_archive
from nntrain.errors import DataError, did_you_mean

_ENCRYPTED = 1  # bit in the flags of a .zip member


@contextmanager
def open_binary(path: Path, source: str) -> Iterator[io.BufferedReader]:
    """Open a file; errors while it is read or decompressed become a DataError."""
    try:
        with path.open("rb") as file:
            yield file
    except FileNotFoundError as error:
        raise DataError(f"{source}: no such file; {_similar_file(path)}") from error
    except (EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile) as error:
        raise _damaged(source, error) from error
    except OSError as error:
        if error.errno is None:  # from gzip and bz2, for invalid content
            raise _damaged(source, error) from error
        raise DataError(
            f"{source}: cannot be read: {error.strerror}; give a CSV file you may read"
        ) from error


def _damaged(source: str, error: Exception) -> DataError:
    reason = str(error).rstrip(".") or "invalid content"
    return DataError(f"{source}: is damaged or truncated ({reason}); download it again")


def _similar_file(path: Path) -> str:
    try:
        names = [entry.name for entry in path.parent.iterdir()]
    except OSError:
        names = []
    return did_you_mean(path.name, names, "'nntrain data demo' makes data/train.csv and test.csv")


def decompress(file: io.BufferedReader, source: str) -> IO[bytes]:
    """Decompressed content of a file; the file itself if it is not compressed."""
    start = file.peek(6)
    unpacked: IO[bytes]
    if start.startswith(b"\x1f\x8b"):
        unpacked = gzip.GzipFile(fileobj=file)  # type: ignore[assignment]
    elif start.startswith(b"BZh"):
        unpacked = bz2.BZ2File(file)
    elif start.startswith(b"\xfd7zXZ"):
        unpacked = lzma.LZMAFile(file)  # noqa: SIM115 (closed with `file`)
    elif start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        unpacked = _only_member(file, source)
    else:
        return file
    # Reading lines through a buffer is many times faster than from the decompressors themselves.
    return io.BufferedReader(unpacked, 1 << 20)  # type: ignore[type-var]


def _only_member(file: IO[bytes], source: str) -> IO[bytes]:
    try:
        archive = zipfile.ZipFile(file)
        members = [
            member
            for member in archive.infolist()
            if not member.filename.endswith("/") and not member.filename.startswith("__MACOSX/")
        ]
        check_archive([member.filename for member in members], source)
        if len(members) != 1:
            raise DataError(
                f"{source}: a .zip of {len(members)} files; unpack it and name one of them"
            )
        if members[0].flag_bits & _ENCRYPTED:
            raise DataError(f"{source}: is locked with a password; unpack it and name the CSV")
        return archive.open(members[0])
    except (RuntimeError, ValueError) as error:  # an unknown method, an invalid name
        raise DataError(f"{source}: cannot be unpacked ({error}); unpack it yourself") from error
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        raise zipfile.BadZipFile("its directory points before its first byte") from error
