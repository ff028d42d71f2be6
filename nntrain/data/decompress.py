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

from nntrain.data.archives import choose, files_of, in_archives
from nntrain.data.file_kinds import check_archive
from nntrain.errors import DataError, did_you_mean

# The first bytes of packed files; an empty .zip begins with the second.
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_GZIP, _BZIP2, _XZ = b"\x1f\x8b", b"BZh", b"\xfd7zXZ"
_LONGEST = 6
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
    if packed := in_archives(path):
        return f"it is in {' and '.join(packed)}; name one of them"
    try:
        names = [entry.name for entry in path.parent.iterdir()]
    except OSError:
        names = []
    return did_you_mean(path.name, names, "'nntrain data demo' makes data/train.csv and test.csv")


def is_zip(file: io.BufferedReader) -> bool:
    """Whether a file, at its start, is a .zip."""
    return file.peek(_LONGEST).startswith(_ZIP)


def is_packed(file: io.BufferedReader) -> bool:
    """Whether a file, at its start, is compressed."""
    return file.peek(_LONGEST).startswith((*_ZIP, _GZIP, _BZIP2, _XZ))


def decompress(file: io.BufferedReader, source: str, member: str | None = None) -> IO[bytes]:
    """Decompressed content of a file; the file itself if it is not compressed.

    Args:
        file: The file.
        source: Its path, for messages.
        member: The file to read from a .zip; None: the only one.

    Raises:
        DataError: If a .zip cannot be unpacked or does not hold one such file.
    """
    start = file.peek(_LONGEST)
    unpacked: IO[bytes]
    if member is not None and not is_zip(file):
        raise DataError(f"{source}: no such file; a folder of its path is a file, but no .zip")
    if start.startswith(_GZIP):
        unpacked = gzip.GzipFile(fileobj=file)  # type: ignore[assignment]
    elif start.startswith(_BZIP2):
        unpacked = bz2.BZ2File(file)
    elif start.startswith(_XZ):
        unpacked = lzma.LZMAFile(file)  # noqa: SIM115 (closed with `file`)
    elif is_zip(file):
        unpacked = _unzipped(file, source, member)
    else:
        return file
    # Reading lines through a buffer is many times faster than from the decompressors themselves.
    return io.BufferedReader(unpacked, 1 << 20)  # type: ignore[type-var]


def _unzipped(file: IO[bytes], source: str, member: str | None) -> IO[bytes]:
    try:
        archive = zipfile.ZipFile(file)
        names = files_of(archive.namelist())
        check_archive(names, source)
        chosen = archive.getinfo(choose(names, member, source))
        if chosen.flag_bits & _ENCRYPTED:
            raise DataError(f"{source}: is locked with a password; unpack it and name the CSV")
        return archive.open(chosen)
    except (RuntimeError, ValueError) as error:  # an unknown method, an invalid name
        raise DataError(f"{source}: cannot be unpacked ({error}); unpack it yourself") from error
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        raise zipfile.BadZipFile("its directory points before its first byte") from error
