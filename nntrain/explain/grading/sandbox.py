"""The process in which a student's file runs: started, asked, limited and ended.

The limits are against accidents and idle tricks: endless loops, memory without end, a crash, asking
nntrain for the answers. They are no jail.
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
from types import TracebackType
from typing import Any, NamedTuple, TypeAlias

import numpy as np

import nntrain
from nntrain.errors import NNTrainError
from nntrain.explain.grading import sandbox_worker
from nntrain.explain.grading.source import ALLOWED, Source

SECONDS_TO_START = 60.0
LONGEST_REPLY = 64 << 20  # bytes
SECONDS_TO_LOOK_AGAIN = 0.1
KILL: int = getattr(signal, "SIGKILL", signal.SIGTERM)
MARK = "NNTRAIN_GRADING"  # the environment variable by which a process and its children are known
# One thread, as for the network that its time is held against.
BLAS_THREADS = {
    f"{library}_NUM_THREADS": "1" for library in ("OPENBLAS", "OMP", "MKL", "VECLIB_MAXIMUM")
}


class OtherType(NamedTuple):
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


class Sandbox:
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
        unlimited: What this system does not limit.

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
            "arguments": [sandbox_worker.encoded(argument) for argument in arguments],
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

    def _process(self) -> "SandboxProcess":
        """The process that runs, or a new one that has loaded the file."""
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
        ready = process.reply(SECONDS_TO_START)
        if isinstance(ready, str):
            raise NNTrainError(f"{path}: cannot be run: a process for it {ready}; try again")
        self.unlimited = [str(what) for what in ready.get("unlimited", ())]
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

    def _ask(self, process: "SandboxProcess", request: dict[str, Any]) -> dict[str, Any] | str:
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


class SandboxProcess:
    """A process of `child`, the pipes to it, and all that it starts.

    Raises:
        OSError: It cannot be started.
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
        # Threads, since not every system can wait for one of several pipes.
        self._threads = [
            threading.Thread(target=target, daemon=True)
            for target in (self._exchange, self._count_printed)
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
        """Send a request; whether it arrives, the reply will tell."""
        self._requests.put(json.dumps(request).encode() + b"\n")

    def _exchange(self) -> None:
        """Send requests, and receive a line for each; nothing comes of a closed pipe."""
        requests, replies = self._process.stdin, self._process.stdout
        assert requests is not None and replies is not None  # noqa: S101  # they are pipes
        for request in iter(self._requests.get, None):
            with contextlib.suppress(OSError):
                requests.write(request)
                requests.flush()
            self._replies.put(replies.readline(LONGEST_REPLY))
        with contextlib.suppress(OSError):
            requests.close()
        replies.close()

    def _count_printed(self) -> None:
        output = self._process.stderr
        assert output is not None  # noqa: S101  # it is a pipe
        with output:
            while some := os.read(output.fileno(), 1 << 16):
                self.printed += len(some)

    def reply(self, seconds: float) -> dict[str, Any] | str:
        """The reply to a request, or why there is none."""
        deadline = time.monotonic() + seconds
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                return f"takes longer than {seconds:g} s"
            ended = self._process.poll() is not None
            try:
                line = self._replies.get(timeout=min(left, SECONDS_TO_LOOK_AGAIN))
            except queue.Empty:
                if ended:  # though a process of its own keeps the pipe open
                    return self._last_words()
                continue
            break
        if not line:
            return self._last_words()
        if len(line) >= LONGEST_REPLY:
            return "answers with more than can be read"
        try:
            reply = json.loads(line)
        except (ValueError, RecursionError):
            reply = None
        return reply if isinstance(reply, dict) else "answers with something that cannot be read"

    def end(self) -> None:
        """Kill the process, its group (not on Windows) and whatever bears its mark (on Linux)."""
        kill_group = getattr(os, "killpg", None)
        if kill_group is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):  # no group is left
                kill_group(self._process.pid, KILL)
        self._process.kill()
        self._process.wait()
        _kill_marked(self._mark)
        self._requests.put(None)
        for thread in self._threads:  # which end with the last process that has their pipes
            thread.join(SECONDS_TO_LOOK_AGAIN)

    def _last_words(self) -> str:
        try:
            status = self._process.wait(SECONDS_TO_START)
        except subprocess.TimeoutExpired:
            return "closes what it should answer through"
        if status >= 0:
            return f"ends the process (exit status {status})"
        return f"crashes the process ({signal.strsignal(-status)})"


def libraries() -> list[str]:
    """The folders in which Python finds NumPy, pandas and what they need."""
    needed = ("numpy", "pandas", "dateutil", "six.py")
    places = [place for place in map(Path, sys.path) if place.is_absolute()]
    return [str(place) for place in places if any((place / name).exists() for name in needed)]


def _kill_marked(mark: str) -> None:
    """Kill the processes with a mark in their environment, also those in sessions of their own.

    Only Linux tells the environment of processes; elsewhere nothing is found.
    """
    wanted = f"{MARK}={mark}".encode()
    found = True
    while found:  # until none is left that could have started another
        found = False
        for place in Path("/proc").glob("[0-9]*/environ"):
            with contextlib.suppress(OSError):  # another's, or gone meanwhile
                if wanted in place.read_bytes():
                    os.kill(int(place.parent.name), KILL)
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
        raise ValueError(f"{dtype} is not a kind of number")
    return np.frombuffer(base64.b64decode(value["bytes"]), dtype).reshape(shape)
