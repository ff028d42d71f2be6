"""The process in which a student's file runs: started, asked, limited and ended.

The limits are against accidents: endless loops, memory without end, a crash. They are no jail.
"""

import base64
import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from nntrain.errors import NNTrainError
from nntrain.explain.grading import child
from nntrain.explain.grading.source import ALLOWED, Source

SECONDS_TO_START = 60.0
LONGEST_REPLY = 64 << 20  # bytes
SECONDS_TO_LOOK_AGAIN = 0.1
# One thread, as for the network that its time is held against.
BLAS_THREADS = {
    f"{library}_NUM_THREADS": "1" for library in ("OPENBLAS", "OMP", "MKL", "VECLIB_MAXIMUM")
}


class Stranger(NamedTuple):
    """What is neither an array of numbers nor a list, by the name of its type."""

    type: str


class Answer(NamedTuple):
    """What a call has come to.

    Attributes:
        value: An array, a Stranger, or a list of values.
        seconds: How long each call took.
        counts: How often each line of the file was gone through, if it was counted: in all, and
            at most in one call of a function.
        warnings: What NumPy and Python warned of.
        changed: The positions of arguments that are no longer as they were.
    """

    value: Any
    seconds: list[float]
    counts: dict[int, tuple[int, int]]
    warnings: list[str]
    changed: list[int]


class Failure(NamedTuple):
    """Why a call has come to nothing.

    Attributes:
        text: What happened, and in which line.
        function: In which function of the file, as far as that is known.
        unwritten: Whether it is NotImplementedError.
        fatal: Whether the process came to its end.
    """

    text: str
    function: str = ""
    unwritten: bool = False
    fatal: bool = False


Outcome: TypeAlias = Answer | Failure


class Student:
    """A student's functions, to be called in a process of their own.

    A process that dies or takes too long is replaced by another at the next call.

    Args:
        source: The file.
        seconds: The longest that a call may take.
        memory: The most memory, in bytes, that the process may have.

    Attributes:
        functions: What can be called in the file.
        imported: What it has imported that is not `ALLOWED`, as it ran.
        printed: How many bytes it has printed.
        memory_is_limited: Whether this system keeps the limit of memory.

    Raises:
        NNTrainError: The file cannot be run at all.
    """

    def __init__(self, source: Source, seconds: float, memory: int) -> None:
        self.source = source
        self.seconds = seconds
        self.memory = memory
        self.functions: set[str] = set()
        self.imported: set[str] = set()
        self.printed = 0
        self.memory_is_limited = True
        self._running: _Process | None = None
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)

    def __enter__(self) -> "Student":
        """Run the file for the first time."""
        try:
            self._process()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the process, and all that it has started."""
        self._end()

    def call(
        self, function: str, arguments: Sequence[Any], repeat: int = 1, count: bool = False
    ) -> Outcome:
        """Call a function of the file.

        Args:
            function: Its name.
            arguments: Arrays and lists of arrays.
            repeat: How often to call it, for its time; less often if that takes long.
            count: Whether to count how often each line is gone through.
        """
        request = {
            "function": function,
            "arguments": [child.encoded(argument) for argument in arguments],
            "repeat": repeat,
            "count": count,
        }
        process = self._process()
        reply = self._ask(process, request)
        if isinstance(reply, str):
            return Failure(reply, fatal=True)
        try:
            if "raised" in reply:
                return self._failure(**reply["raised"])
            return Answer(
                _decoded(reply["value"]),
                [float(seconds) for seconds in reply["seconds"]],
                {int(line): (int(total), int(most)) for line, (total, most) in reply["counts"]},
                [str(warning) for warning in reply["warnings"]],
                [int(position) for position in reply["changed"]],
            )
        except (KeyError, TypeError, ValueError, RecursionError):
            self._stop()
            return Failure("answers with something that cannot be read", fatal=True)

    def _process(self) -> "_Process":
        """The process that runs, or a new one that has loaded the file."""
        if self._running is not None:
            return self._running
        path = str(self.source.path)
        self._running = process = _Process(path, self.seconds, self.memory, self._folder.name)
        ready = process.reply(SECONDS_TO_START)
        if isinstance(ready, str):
            raise NNTrainError(f"{path}: cannot be run: a process for it {ready}; try again")
        self.memory_is_limited = bool(ready.get("memory_is_limited"))
        loaded = self._ask(process, {"source": self.source.text})
        if isinstance(loaded, str):
            raise NNTrainError(
                f"{path}: {loaded} while it is loaded; leave only definitions outside of functions"
            )
        if "raised" in loaded:
            raised = loaded["raised"]
            raise NNTrainError(
                f"{path}:{raised['line']}: {raised['text']}, while the file is loaded; "
                "mend that line (NumPy, pandas and the standard library may be imported)"
            )
        self.functions = set(map(str, loaded["functions"]))
        return process

    def _ask(self, process: "_Process", request: dict[str, Any]) -> dict[str, Any] | str:
        process.ask(request)
        reply = process.reply(self.seconds)
        if isinstance(reply, str):
            self._stop()
            return reply
        self.imported |= {str(name) for name in reply.get("imported", ())} - ALLOWED
        return reply

    def _failure(self, kinds: list[str], text: str, function: str, line: int) -> Failure:
        if "NotImplementedError" in kinds:
            return Failure("not written yet", function, unwritten=True)
        if "MemoryError" in kinds:
            text = f"needs more than {self.memory >> 20} MB of memory"
        elif "SystemExit" in kinds:
            text = "ends the program (SystemExit) where it should return"
        return Failure(f"line {line}, in {function}: {text}" if line else text, function)

    def _stop(self) -> None:
        if self._running is not None:
            self._running.end()
            self.printed += self._running.printed
            self._running = None

    def _end(self) -> None:
        self._stop()
        self._folder.cleanup()


class _Process:
    """A process of `child`, the pipes to it, and the group of all that it starts."""

    def __init__(self, path: str, seconds: float, memory: int, folder: str) -> None:
        self.printed = 0
        self._received = b""
        request, self._requests = os.pipe()
        self._replies, reply = os.pipe()
        numbers = (str(request), str(reply), path, str(seconds), str(memory))
        self._process = subprocess.Popen(  # noqa: S603  # the student's own file, on purpose
            [sys.executable, "-B", "-X", "utf8", str(Path(child.__file__)), *numbers],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env={**os.environ, **BLAS_THREADS},
            pass_fds=(request, reply),
            start_new_session=True,
        )
        os.close(request)
        os.close(reply)
        assert self._process.stdout is not None  # noqa: S101  # it is a pipe
        self._output = self._process.stdout
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._replies, selectors.EVENT_READ)
        self._selector.register(self._output, selectors.EVENT_READ)

    def ask(self, request: dict[str, Any]) -> None:
        """Send a request; whether it arrives, the reply will tell."""
        rest = memoryview(json.dumps(request).encode() + b"\n")
        with contextlib.suppress(BrokenPipeError):
            while rest:
                rest = rest[os.write(self._requests, rest) :]

    def reply(self, seconds: float) -> dict[str, Any] | str:
        """The reply to a request, or why there is none; what is printed meanwhile is dropped."""
        deadline = time.monotonic() + seconds
        while b"\n" not in self._received:
            left = deadline - time.monotonic()
            if left <= 0:
                return f"takes longer than {seconds:g} s"
            ended = self._process.poll() is not None
            ready = {key.fd for key, _ in self._selector.select(min(left, SECONDS_TO_LOOK_AGAIN))}
            if self._output.fileno() in ready:
                self.printed += self._read(self._output.fileno(), keep=False)
            if self._replies in ready and not self._read(self._replies, keep=True):
                ended = True
                ready.discard(self._replies)
            if ended and self._replies not in ready:
                return self._last_words()
            if len(self._received) > LONGEST_REPLY:
                return "answers with more than can be read"
        line, _, self._received = self._received.partition(b"\n")
        try:
            reply = json.loads(line)
        except (ValueError, RecursionError):
            reply = None
        return reply if isinstance(reply, dict) else "answers with something that cannot be read"

    def end(self) -> None:
        """Kill the process with its whole group, and close the pipes."""
        with contextlib.suppress(ProcessLookupError, PermissionError):  # no group is left
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        if any(key.fileobj is self._output for key, _ in self._selector.select(0)):
            self.printed += self._read(self._output.fileno(), keep=False)
        self._selector.close()
        self._output.close()
        os.close(self._requests)
        os.close(self._replies)

    def _read(self, descriptor: int, keep: bool) -> int:
        some = os.read(descriptor, 1 << 16)
        if keep:
            self._received += some
        elif not some:
            self._selector.unregister(self._output)
        return len(some)

    def _last_words(self) -> str:
        try:
            status = self._process.wait(SECONDS_TO_START)
        except subprocess.TimeoutExpired:
            return "closes what it should answer through"
        if status >= 0:
            return f"ends the process (exit status {status})"
        return f"crashes the process ({signal.strsignal(-status)})"


def _decoded(value: Any) -> Any:
    if isinstance(value, list):
        return [_decoded(item) for item in value]
    if "type" in value:
        return Stranger(str(value["type"]))
    shape = tuple(int(length) for length in value["shape"])
    dtype = np.dtype(value["dtype"])
    if value["bytes"] is None:
        return Stranger(f"{dtype} array of shape {shape}")
    if dtype.kind not in "fiub":
        raise ValueError(f"{dtype} is not a kind of number")
    return np.frombuffer(base64.b64decode(value["bytes"]), dtype).reshape(shape)
