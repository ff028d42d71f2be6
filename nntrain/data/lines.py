"""From a path to lines of text, however the file is packed, quoted and ended."""

import bz2
import codecs
import errno
import gzip
import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

from nntrain.data.cells import shown
from nntrain.errors import DataError, did_you_mean

_LONGEST_LINE = 1 << 20  # bytes; 784 pixels take about 3,000
_LOCKED = 1  # the bit among a .zip member's flags
_QUOTED_CELL = re.compile(rb'^\s*"([^"]*)"\s*$')
_NOT_CSV = {
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"%PDF": "a PDF document",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
    b"{": "JSON, perhaps a notebook",
    b"[": "JSON",
    b"<": "a web page, perhaps from a download without signing in",
}


@contextmanager
def opened(path: Path, source: str) -> Iterator[io.BufferedReader]:
    """The file's bytes; what goes wrong while they are read or unpacked becomes a DataError."""
    try:
        with path.open("rb") as file:
            yield file
    except FileNotFoundError as error:
        raise DataError(f"{source}: no such file; {_similar_file(path)}") from error
    except (EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile) as error:
        raise _damaged(source, error) from error
    except OSError as error:
        if error.errno is None:  # gzip and bz2 say so when the bytes make no sense
            raise _damaged(source, error) from error
        raise DataError(
            f"{source}: cannot be read: {error.strerror}; give a CSV file you may read"
        ) from error


def _damaged(source: str, error: Exception) -> DataError:
    reason = str(error).rstrip(".") or "it does not unpack"
    return DataError(f"{source}: is damaged or cut short ({reason}); fetch it again")


def _similar_file(path: Path) -> str:
    try:
        names = [entry.name for entry in path.parent.iterdir()]
    except OSError:
        names = []
    return did_you_mean(path.name, names, "'nntrain data demo' makes data/train.csv and test.csv")


def unpacked(file: io.BufferedReader, source: str) -> IO[bytes]:
    """The table in a file, which may be packed."""
    unpacker = _unpacker(file, source)
    # Line by line, a buffer is many times faster than the unpackers themselves.
    return io.BufferedReader(unpacker, 1 << 20) if unpacker else file  # type: ignore[type-var]


def _unpacker(file: io.BufferedReader, source: str) -> IO[bytes] | None:
    """By content: browsers unpack `.gz` files, and people rename them."""
    start = file.peek(6)
    if start.startswith(b"\x1f\x8b"):
        return gzip.GzipFile(fileobj=file)  # type: ignore[return-value]
    if start.startswith(b"BZh"):
        return bz2.BZ2File(file)
    if start.startswith(b"\xfd7zXZ"):
        return lzma.LZMAFile(file)
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _only_member(file, source)
    return None


def _only_member(file: IO[bytes], source: str) -> IO[bytes]:
    try:
        archive = zipfile.ZipFile(file)
        members = [
            member
            for member in archive.infolist()
            if not member.filename.endswith("/") and not member.filename.startswith("__MACOSX/")
        ]
        if len(members) != 1:
            raise DataError(
                f"{source}: a .zip of {len(members)} files; unpack it and name one of them"
            )
        if members[0].flag_bits & _LOCKED:
            raise DataError(f"{source}: is locked with a password; unpack it and name the CSV")
        return archive.open(members[0])
    except (RuntimeError, ValueError) as error:  # a strange method, a damaged name
        raise DataError(f"{source}: cannot be unpacked ({error}); unpack it yourself") from error
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        raise zipfile.BadZipFile("its directory points before its first byte") from error


class Line(NamedTuple):
    """One line of a file."""

    number: int  # in the file, from 1
    text: bytes  # without its line end


def lines_of(stream: IO[bytes], source: str) -> Iterator[Line]:
    """The first line that is not blank, then all that follow it."""
    raws = iter(lambda: stream.readline(_LONGEST_LINE), b"")
    blank = True
    for number, raw in enumerate(raws, 1):
        line = raw.removeprefix(codecs.BOM_UTF8) if number == 1 else raw
        if blank:
            if not line.strip():
                continue
            _check_text(line, f"{source}:{number}", source)
            blank = False
        if len(raw) == _LONGEST_LINE:
            raise DataError(
                f"{source}:{number}: a line of more than {_LONGEST_LINE:,} bytes; "
                "give a CSV with one picture on each line"
            )
        yield Line(number, line.rstrip(b"\r\n"))
    if blank:
        raise DataError(f"{source}: is empty; give a CSV with rows of pixels")


def _check_text(line: bytes, place: str, source: str) -> None:
    for start, kind in _NOT_CSV.items():
        if line.lstrip().startswith(start):
            raise DataError(f"{source}: is {kind}; give a CSV, saved as UTF-8")
    cut = len(line) == _LONGEST_LINE  # perhaps within a letter
    try:
        codecs.getincrementaldecoder("utf-8")().decode(line, final=not cut)
    except UnicodeDecodeError as error:
        raise DataError(f"{source}: is not UTF-8 text; give a CSV, saved as UTF-8") from error
    if b"\0" in line:
        raise DataError(
            f"{place}: NUL bytes, as in UTF-16 or in what is no text; give a CSV, saved as UTF-8"
        )
    if b"\r" in line.rstrip(b"\r\n"):
        raise DataError(
            f"{place}: a carriage return within the line; "
            "save it with lines that end in \\n or \\r\\n"
        )


def without_quotes(line: bytes) -> bytes:
    """The line without quotes around whole cells; quotes elsewhere stay, for `stray_quote`."""
    if b'"' not in line:
        return line
    tight = line.replace(b", ", b",")
    if (
        len(tight) > 1
        and tight.startswith(b'"')
        and tight.endswith(b'"')
        and tight.count(b'","') == tight.count(b",")
    ):
        return tight[1:-1].replace(b'","', b",")  # every cell is quoted: the quick way
    return b",".join(_QUOTED_CELL.sub(rb"\1", cell) for cell in line.split(b","))


def stray_quote(text: bytes, place: Callable[[int], str]) -> DataError:
    """What to say of a quote that `without_quotes` has left; `place` names the column there."""
    column = text[: text.index(b'"')].count(b",")
    cell = shown(text.split(b",")[column].decode(errors="replace"))
    return DataError(
        f"{place(column)}: a stray quote in {cell}; "
        "quotes go around whole cells, and cells hold no commas"
    )
