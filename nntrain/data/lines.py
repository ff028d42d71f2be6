"""Splits text into lines, and removes the quotes around their cells."""

import codecs
import re
from collections.abc import Callable, Iterator
from typing import IO, NamedTuple

from nntrain.data.cells import format_cell
from nntrain.data.file_kinds import check_kind
from nntrain.errors import DataError

_MAX_LINE = 1 << 20  # bytes; 784 pixels take about 3,000
_QUOTED_CELL = re.compile(rb'^\s*"([^"]*)"\s*$')


class Line(NamedTuple):
    """One line of a file."""

    number: int  # in the file, from 1
    text: bytes  # without its line end


def read_lines(stream: IO[bytes], source: str) -> Iterator[Line]:
    """Yield the first line that is not blank, and all lines after it.

    Raises:
        DataError: If there is no such line, it is not text, or a line is too long.
    """
    blank = True
    for number, raw in enumerate(iter(lambda: stream.readline(_MAX_LINE), b""), 1):
        line = raw.removeprefix(codecs.BOM_UTF8) if number == 1 else raw
        if blank:
            if not line.strip():
                continue
            _check_text(line, f"{source}:{number}", source)
            blank = False
        if len(raw) == _MAX_LINE:
            raise DataError(
                f"{source}:{number}: a line of more than {_MAX_LINE:,} bytes; "
                "give a CSV with one image per line"
            )
        yield Line(number, line.rstrip(b"\r\n"))
    if blank:
        raise DataError(f"{source}: is empty; give a CSV with rows of pixels")


def _check_text(line: bytes, location: str, source: str) -> None:
    check_kind(line, source)
    truncated = len(line) == _MAX_LINE  # perhaps within a character
    try:
        codecs.getincrementaldecoder("utf-8")().decode(line, final=not truncated)
    except UnicodeDecodeError as error:
        raise DataError(f"{source}: is not UTF-8 text; give a CSV, saved as UTF-8") from error
    if b"\0" in line:
        raise DataError(
            f"{location}: NUL bytes, as in UTF-16 or binary files; give a CSV, saved as UTF-8"
        )
    if b"\r" in line.rstrip(b"\r\n"):
        raise DataError(
            f"{location}: a carriage return within the line; "
            "save it with lines that end in \\n or \\r\\n"
        )


def unquote(line: bytes) -> bytes:
    """Remove quotes around whole cells; other quotes stay, for `stray_quote`."""
    if b'"' not in line:
        return line
    tight = line.replace(b", ", b",")
    if (
        len(tight) > 1
        and tight.startswith(b'"')
        and tight.endswith(b'"')
        and tight.count(b'","') == tight.count(b",")
    ):
        return tight[1:-1].replace(b'","', b",")  # every cell is quoted: the fast path
    return b",".join(_QUOTED_CELL.sub(rb"\1", cell) for cell in line.split(b","))


def stray_quote(text: bytes, locate: Callable[[int], str]) -> DataError:
    """Create the error for a quote that `unquote` kept; `locate` formats a column's location."""
    column = text[: text.index(b'"')].count(b",")
    cell = format_cell(text.split(b",")[column].decode(errors="replace"))
    return DataError(
        f"{locate(column)}: a stray quote in {cell}; "
        "quotes go around whole cells, and cells hold no commas"
    )
