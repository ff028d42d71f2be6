"""Standard streams that no character, closed terminal or full disk can make a command fail by."""

import io
import os
import sys
from typing import TextIO

from nntrain.errors import OutputError


def prepare() -> None:
    """Put streams in the place of Python's own that keep the promises below.

    Where standard input, output or error is closed, the null device takes its place, also as a
    file descriptor: otherwise the next file to be opened would get its number, and with it whatever
    is printed.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)
    if _is_plain(sys.stdout):
        sys.stdout = _Output(sys.stdout)
    if _is_plain(sys.stderr):
        sys.stderr = _Errors(sys.stderr)


def _is_plain(stream: TextIO | None) -> bool:
    """Whether a stream is missing, or Python's own; editors have some of their own."""
    return stream is None or (hasattr(stream, "buffer") and not isinstance(stream, _Stream))


class _Stream(io.TextIOWrapper):
    """Writes to where another stream does, and leaves that one open when it is closed.

    What the encoding does not have is written as an escape.
    """

    def __init__(self, stream: TextIO | None) -> None:
        if stream is None:
            stream = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
        self._stream = stream  # which would close the bytes below if nobody held it
        super().__init__(
            stream.buffer,
            encoding=stream.encoding,
            errors="backslashreplace",
            line_buffering=True,
        )

    def write(self, text: str) -> int:
        """Write the text; the number of its characters."""
        try:
            return super().write(text)
        except OSError as error:
            self._failed(error)
        return len(text)

    def flush(self) -> None:
        """Write what has been kept back."""
        try:
            super().flush()
        except OSError as error:
            self._failed(error)

    def close(self) -> None:
        """Only flush."""
        if not self.buffer.closed:
            self.flush()

    def _failed(self, error: OSError) -> None:
        raise NotImplementedError


class _Output(_Stream):
    """Standard output, whose reader must know if something is missing."""

    def _failed(self, error: OSError) -> None:
        """Tell it, once.

        Raises:
            BrokenPipeError: Nobody reads any more; click ends the program without a word.
            OutputError: It cannot be written for another reason.
        """
        # When Python ends, it tries to write the rest once more; let it succeed.
        os.dup2(os.open(os.devnull, os.O_WRONLY), self.fileno())
        if isinstance(error, BrokenPipeError):
            raise error
        raise OutputError(
            f"standard output: cannot be written: {error.strerror}; "
            "free some space or send it elsewhere"
        ) from error


class _Errors(_Stream):
    """Standard error: progress and warnings, which no work ends for the want of."""

    def _failed(self, error: OSError) -> None:
        """Drop what nobody can read."""
