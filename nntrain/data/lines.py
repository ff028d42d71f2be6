"""Splits text into lines, and removes the quotes around their cells."""

import codecs
import io
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import IO, NamedTuple

from nntrain.data.cells import format_cell
from nntrain.data.file_kinds import check_kind
from nntrain.errors import DataError

# At least so many bytes are a block: few enough for arrays of them to stay in a core's cache, and
# for a block of usual lines to stay below _MAX_LINE, from which on each line's length is checked.
BLOCK_BYTES = 1 << 18
_MAX_LINE = 1 << 20  # bytes; 784 pixels take about 3,000
_QUOTED_CELL = re.compile(rb'^\s*"([^"]*)"\s*$')


class Line(NamedTuple):
    """One line of a file."""

    number: int  # in the file, from 1
    text: bytes  # without its line end


class Block(NamedTuple):
    """Successive lines of a file."""

    number: int  # of the first line
    text: bytes  # with all line ends, perhaps except for the last

    def lines(self) -> Iterator[Line]:
        """Divide the block into its lines."""
        for number, raw in enumerate(self.text.removesuffix(b"\n").split(b"\n"), self.number):
            yield Line(number, raw.rstrip(b"\r"))


class Lines(Iterator[Line]):
    """Lines of a file, changed or not; those that were read can be put back."""

    def __init__(self, lines: Iterator[Line]) -> None:
        self._lines = lines
        self._unread: deque[Line] = deque()

    def __next__(self) -> Line:
        return self._unread.popleft() if self._unread else next(self._lines)

    def unread(self, lines: Sequence[Line]) -> None:
        """Put lines back, to be read next."""
        self._unread.extendleft(reversed(lines))

    def blocks(self) -> Iterator[Block]:
        """Take the lines that are left in blocks; none if they are not those of the file."""
        return iter(())


class LineReader(Lines):
    """The first line of a file that is not blank, and all lines after it.

    Reading them raises a DataError if there is no such line, it is not text, or a line is too long.
    """

    def __init__(self, stream: IO[bytes], source: str) -> None:
        super().__init__(self._read())
        self._stream = stream
        self._source = source
        self._number = 0  # of the last line read

    def blocks(self) -> Iterator[Block]:
        """Take the lines that are left in blocks: much faster than one by one."""
        if self._unread:
            text = b"".join(line.text + b"\n" for line in self._unread)
            yield Block(self._unread[0].number, text)
            self._unread.clear()
        while text := self._stream.read(BLOCK_BYTES) + self._stream.readline(_MAX_LINE):
            if len(text) < _MAX_LINE:
                yield Block(self._number + 1, text)
                self._number += text.count(b"\n")
            else:
                for line in self._lines_of(io.BytesIO(text)):
                    yield Block(line.number, line.text + b"\n")

    def _read(self) -> Iterator[Line]:
        for raw in _raw_lines(self._stream):
            self._number += 1
            line = raw.removeprefix(codecs.BOM_UTF8) if self._number == 1 else raw
            if line.strip():
                _check_text(line, f"{self._source}:{self._number}", self._source)
                self._check_length(raw)
                yield Line(self._number, line.rstrip(b"\r\n"))
                yield from self._lines_of(self._stream)
                return
        raise DataError(f"{self._source}: is empty; give a CSV with rows of pixels")

    def _lines_of(self, stream: IO[bytes]) -> Iterator[Line]:
        for raw in _raw_lines(stream):
            self._number += 1
            self._check_length(raw)
            yield Line(self._number, raw.rstrip(b"\r\n"))

    def _check_length(self, raw: bytes) -> None:
        if len(raw) == _MAX_LINE:
            raise DataError(
                f"{self._source}:{self._number}: a line of more than {_MAX_LINE:,} bytes; "
                "give a CSV with one image per line"
            )


def _raw_lines(stream: IO[bytes]) -> Iterator[bytes]:
    return iter(lambda: stream.readline(_MAX_LINE), b"")


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
