"""The process in which a student's file runs, with limits.

The limits guard against accidents and simple tricks: endless loops, too much memory, crashes, and
importing the answers from nntrain. They do not make untrusted code safe.
"""

import base64
import contextlib
import json
import os
import queue
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np

import nntrain
from nntrain.errors import NNTrainError
from nntrain.explain.grading import sandbox_worker
from nntrain.explain.grading.source import ALLOWED, Source

START_SECONDS = 60.0
MAX_REPLY = 64 << 20  # bytes
POLL_SECONDS = 0.1
KILL: int = getattr(signal, "SIGKILL", signal.SIGTERM)
# The environment variable that identifies a process and its children.
MARK = "NNTRAIN_GRADING"
# One thread, as for the network that its time is compared with.
BLAS_THREADS = {
    f"{library}_NUM_THREADS": "1" for library in ("OPENBLAS", "OMP", "MKL", "VECLIB_MAXIMUM")
}


class OtherType(NamedTuple):
    """The type's name of a value that is neither an array of numbers nor a list."""

    type: str


class Answer(NamedTuple):
    """The result of a call.

    Attributes:
        value: An array, an `OtherType`, or a list of values.
        seconds: The time of each repetition.
        counts: If lines were counted, how often each one ran: in total, and at most in one call.
        warnings: The warnings of NumPy and Python.
        changed: The positions of arguments that the function changed.
    """

    value: Any
    seconds: list[float]
    counts: dict[int, tuple[int, int]]
    warnings: list[str]
    changed: list[int]


class Failure(NamedTuple):
    """The reason why a call has no result.

    Attributes:
        text: What happened, and in which line.
        function: The function of the file in which it happened, if known.
        unwritten: Whether it raised NotImplementedError.
        fatal: Whether the process ended.
    """

    text: str
    function: str = ""
    unwritten: bool = False
    fatal: bool = False


Outcome: TypeAlias = Answer | Failure


class Sandbox:
    """A student's functions in a process of their own.

    A process that dies or takes too long is replaced at the next call.

    Args:
        source: The file.
        seconds: Time limit per call, in seconds.
        memory: Memory limit of the process, in bytes.

    Attributes:
        functions: The names of the file's callables.
        imported: The packages that it has imported and that are not `ALLOWED`.
        printed: The number of bytes that it has printed.
        unlimited: The limits that this system does not support.

    Raises:
        NNTrainError: If the file cannot be run at all.
    """

    def __init__(self, source: Source, seconds: float, memory: int) -> None:
        self.source = source
        self.seconds = seconds
        self.memory = memory
        self.functions: set[str] = set()
        self.imported: set[str] = set()
        self.printed = 0
        self.unlimited: list[str] = []
        self._running: SandboxProcess | None = None
        try:
            self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        except OSError as error:
            raise NNTrainError(
                f"{source.path}: cannot be run: no temporary folder can be made for it: "
                f"{error.strerror}; set TMPDIR to a folder that may be written to"
            ) from error

    def __enter__(self) -> "Sandbox":
        """Load the file."""
        try:
            self._process()
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        """End the process and its children."""
        self._close()

    def call(
        self, function: str, arguments: Sequence[Any], repeat: int = 1, count: bool = False
    ) -> Outcome:
        """Call a function of the file.

        Args:
            function: Its name.
            arguments: Arrays and lists of arrays.
            repeat: Number of calls to measure the time; fewer if these take long.
            count: Whether to count how often each line runs.
        """
        request = {
            "function": function,
            "arguments": [sandbox_worker.encoded(argument) for argument in arguments],
            "repeat": repeat,
            "count": count,
        }
        process = self._process()
        reply = self._exchange(process, request)
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

    def _process(self) -> "SandboxProcess":
        """The running process, or a new one that has loaded the file."""
        if self._running is not None:
            return self._running
        path = str(self.source.path)
        try:
            process = SandboxProcess(path, self.seconds, self.memory, self._folder.name)
        except (OSError, RuntimeError) as error:  # RuntimeError: no thread can be started
            raise NNTrainError(
                f"{path}: cannot be run: no process can be started for it: "
                f"{error.strerror if isinstance(error, OSError) else error}; "
                "end other programs, or raise the limits that 'ulimit -a' shows"
            ) from error
        self._running = process
        ready = process.reply(START_SECONDS)
        if isinstance(ready, str):
            raise NNTrainError(f"{path}: cannot be run: a process for it {ready}; try again")
        self.unlimited = [str(what) for what in ready.get("unlimited", ())]
        loaded = self._exchange(process, {"source": self.source.text})
        if isinstance(loaded, str):
            raise NNTrainError(
                f"{path}: {loaded} while it is loaded; leave only definitions outside of functions"
            )
        if "raised" in loaded:
            raised = loaded["raised"]
            raise NNTrainError(
                f"{path}:{raised['line']}: {raised['text']}, while the file is loaded; "
                "correct that line (NumPy, pandas and the standard library may be imported)"
            )
        self.functions = set(map(str, loaded["functions"]))
        return process

    def _exchange(self, process: "SandboxProcess", request: dict[str, Any]) -> dict[str, Any] | str:
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

    def _close(self) -> None:
        self._stop()
        self._folder.cleanup()


class SandboxProcess:
    """A process of `sandbox_worker`, the pipes to it, and its children.

    Raises:
        OSError, RuntimeError: If it or a thread for its pipes cannot be started.
    """

    def __init__(self, path: str, seconds: float, memory: int, folder: str) -> None:
        self.printed = 0
        self._mark = secrets.token_hex()
        self._requests: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._replies: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        package = Path(nntrain.__file__).parent
        arguments = (path, str(seconds), str(memory), str(package), *libraries())
        # No .pth file and no variable may lead to nntrain.
        isolated = ("-I", "-S", "-B", "-X", "utf8", sandbox_worker.__file__)
        self._process = subprocess.Popen(  # noqa: S603  # the student's own file, on purpose
            [sys.executable, *isolated, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
            env={**os.environ, **BLAS_THREADS, MARK: self._mark},
            start_new_session=True,
        )
        # Threads, since Windows cannot wait for a pipe with a timeout.
        self._threads = [
            threading.Thread(target=target, daemon=True)
            for target in (self._transfer, self._count_printed)
        ]
        try:
            for thread in self._threads:
                thread.start()
        except BaseException:
            self._process.kill()
            self._process.wait()
            raise
        self._requests.put(b"")

    def ask(self, request: dict[str, Any]) -> None:
        """Send a request without waiting; `reply` reports errors."""
        self._requests.put(json.dumps(request).encode() + b"\n")

    def _transfer(self) -> None:
        """Send requests and receive a line for each; an empty one if a pipe is closed."""
        requests, replies = self._process.stdin, self._process.stdout
        assert requests is not None and replies is not None  # noqa: S101  # they are pipes
        for request in iter(self._requests.get, None):
            with contextlib.suppress(OSError):
                requests.write(request)
                requests.flush()
            self._replies.put(replies.readline(MAX_REPLY))
        with contextlib.suppress(OSError):
            requests.close()
        replies.close()

    def _count_printed(self) -> None:
        output = self._process.stderr
        assert output is not None  # noqa: S101  # it is a pipe
        with output:
            while chunk := os.read(output.fileno(), 1 << 16):
                self.printed += len(chunk)

    def reply(self, seconds: float) -> dict[str, Any] | str:
        """The reply to a request, or the reason why there is none."""
        deadline = time.monotonic() + seconds
        line = None
        while line is None:
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                return f"takes longer than {seconds:g} s"
            ended = self._process.poll() is not None
            try:
                line = self._replies.get(timeout=min(remaining, POLL_SECONDS))
            except queue.Empty:
                if ended:  # although a child of it keeps the pipe open
                    break
        if not line:
            return self._exit_reason()
        if len(line) >= MAX_REPLY:
            return "answers with more than can be read"
        try:
            reply = json.loads(line)
        except (ValueError, RecursionError):
            reply = None
        return reply if isinstance(reply, dict) else "answers with something that cannot be read"

    def end(self) -> None:
        """Kill the process, its group (not on Windows) and marked processes (on Linux)."""
        kill_group = getattr(os, "killpg", None)
        if kill_group is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):  # the group has ended
                kill_group(self._process.pid, KILL)
        self._process.kill()
        self._process.wait()
        _kill_marked(self._mark)
        self._requests.put(None)
        for thread in self._threads:  # they end when no process has their pipes open
            thread.join(POLL_SECONDS)

    def _exit_reason(self) -> str:
        try:
            status = self._process.wait(START_SECONDS)
        except subprocess.TimeoutExpired:
            return "closes the pipe for its replies"
        if status >= 0:
            return f"ends the process (exit status {status})"
        return f"crashes the process ({signal.strsignal(-status)})"


def libraries() -> list[str]:
    """The folders in which Python finds NumPy, pandas and their dependencies."""
    needed = ("numpy", "pandas", "dateutil", "six.py")
    folders = [folder for folder in map(Path, sys.path) if folder.is_absolute()]
    return [str(folder) for folder in folders if any((folder / name).exists() for name in needed)]


def _kill_marked(mark: str) -> None:
    """Kill the processes with a mark in their environment, also those in other sessions.

    Only Linux shows the environment of other processes.
    """
    variable = f"{MARK}={mark}".encode()
    found = True
    while found:  # until none is left that could start another
        found = False
        for path in Path("/proc").glob("[0-9]*/environ"):
            with contextlib.suppress(OSError):  # another user's, or it has ended
                if variable in path.read_bytes():
                    os.kill(int(path.parent.name), KILL)
                    found = True


def _decoded(value: Any) -> Any:
    if isinstance(value, list):
        return [_decoded(item) for item in value]
    if "type" in value:
        return OtherType(str(value["type"]))
    shape = tuple(int(length) for length in value["shape"])
    dtype = np.dtype(value["dtype"])
    if value["bytes"] is None:
        return OtherType(f"{dtype} array of shape {shape}")
    if dtype.kind not in "fiub":
        raise ValueError(f"{dtype} is not a number type")
    return np.frombuffer(base64.b64decode(value["bytes"]), dtype).reshape(shape)
