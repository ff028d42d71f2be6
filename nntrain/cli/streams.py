"""Standard streams that handle unencodable characters, closed terminals and full disks."""

import io
import os
import sys
from typing import TextIO

from nntrain.errors import OutputError


def prepare() -> None:
    """Replace Python's standard output and error by the streams below.

    Closed standard streams are opened on the null device first. Otherwise the next file that is
    opened would get the file descriptor of one, and what is printed would be written to it.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)
    if _is_plain(sys.stdout):
        sys.stdout = _Output(sys.stdout)
    if _is_plain(sys.stderr):
        sys.stderr = _Errors(sys.stderr)


def _is_plain(stream: TextIO | None) -> bool:
    """Whether a stream is missing or Python's own, not one of an editor or a notebook."""
    return stream is None or (hasattr(stream, "buffer") and not isinstance(stream, _Stream))


class _Stream(io.TextIOWrapper):
    """Wraps the buffer of another stream, which stays open when this one is closed.

    Characters that the encoding lacks are written as escapes.
    """

    def __init__(self, stream: TextIO | None) -> None:
        if stream is None:
            stream = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
        self._stream = stream  # keeps it alive; when deleted, it would close its buffer
        super().__init__(
            stream.buffer,
            encoding=stream.encoding,
            errors="backslashreplace",
            line_buffering=True,
        )

    def write(self, text: str) -> int:
        """Write the text and return the number of its characters."""
        try:
            return super().write(text)
        except OSError as error:
            self._handle(error)
        return len(text)

    def flush(self) -> None:
        """Write what is buffered."""
        try:
            super().flush()
        except OSError as error:
            self._handle(error)

    def close(self) -> None:
        """Flush, and leave the wrapped stream open."""
        if not self.buffer.closed:
            self.flush()

    def _handle(self, error: OSError) -> None:
        raise NotImplementedError


class _Output(_Stream):
    """Standard output, where an error ends the program."""

    def _handle(self, error: OSError) -> None:
        """Raise the error, but only once.

        Raises:
            BrokenPipeError: If the reader is gone; click then exits silently.
            OutputError: If writing fails for another reason.
        """
        # Python flushes the rest when it exits, which must not fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), self.fileno())
        if isinstance(error, BrokenPipeError):
            raise error
        raise OutputError(
            f"standard output: cannot be written: {error.strerror}; "
            "free some space or send it elsewhere"
        ) from error


class _Errors(_Stream):
    """Standard error, where errors are ignored: only progress and warnings are lost."""

    def _handle(self, error: OSError) -> None:
        """Ignore it."""
