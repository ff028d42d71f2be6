"""Runs a student's file and calls its functions; knows no right answer.

`process` starts this as a script, in a process of its own: nothing of nntrain is imported. Requests
come and replies go as lines of JSON through two pipes of their own, so that what the student's file
prints is no part of them.
"""

import base64
import contextlib
import json
import math
import os
import resource
import sys
import time
import traceback
import types
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

LARGEST_ANSWER = 1_000_000  # numbers in one array; of larger ones only the shape is told
LARGEST_FILE = 16 << 20  # bytes
ENOUGH_SECONDS = 1.0  # of repeating a call to time it
NEW_PROCESSES = {"os.fork", "os.forkpty", "os.posix_spawn", "os.exec", "os.system"} | {
    "subprocess.Popen"
}


class Runner:
    """One student's module.

    Args:
        path: The name of its file, for tracebacks.

    Attributes:
        imported: The packages that it has asked for.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.module = types.ModuleType("student")
        self.module.__file__ = path
        self.imported: set[str] = set()

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Do what a request asks for; what goes wrong is told in the reply."""
        try:
            reply = self._load(**request) if "source" in request else self._call(**request)
        except BaseException as error:  # of the student's, whatever it is
            reply = {"raised": self._told(error)}
        return {**reply, "imported": sorted(self.imported)}

    def find_spec(self, name: str, path: object, target: object = None) -> None:
        """Find no module, but note those that the student's own lines ask for."""
        frame: types.FrameType | None = sys._getframe(1)
        while frame is not None and "importlib" in str(frame.f_globals.get("__name__")):
            frame = frame.f_back
        if frame is not None and frame.f_globals is vars(self.module):
            self.imported.add(name.partition(".")[0])

    def _load(self, source: str) -> dict[str, Any]:
        sys.modules[self.module.__name__] = self.module
        code = compile(source, self.path, "exec", dont_inherit=True)
        exec(code, self.module.__dict__)  # noqa: S102  # this is what the process is for
        names = [name for name, value in vars(self.module).items() if callable(value)]
        return {"functions": names}

    def _call(self, function: str, arguments: list[Any], repeat: int, count: bool) -> Any:
        called: Callable[..., Any] = getattr(self.module, function)
        seconds: list[float] = []
        counts: dict[int, list[int]] = {}
        given = [decoded(argument) for argument in arguments]
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            if count:
                value, counts = self._counted(called, given)
            else:
                while len(seconds) < repeat and sum(seconds) < ENOUGH_SECONDS:
                    start = time.perf_counter()
                    value = called(*given)
                    seconds.append(time.perf_counter() - start)
        return {
            "value": encoded(value),
            "seconds": seconds,
            "counts": list(counts.items()),
            "warnings": sorted({str(warning.message) for warning in warned}),
            "changed": [
                position
                for position, (before, after) in enumerate(zip(arguments, given, strict=True))
                if encoded(after) != before
            ],
        }

    def _counted(
        self, called: Callable[..., Any], given: list[Any]
    ) -> tuple[Any, dict[int, list[int]]]:
        """The value, and how often each line was gone through: in all, and at most in one call."""
        everywhere: Counter[tuple[int, int, int]] = Counter()
        calls: list[Counter[tuple[int, int, int]]] = []

        def enter(frame: types.FrameType, event: str, _: Any) -> Any:
            if frame.f_code.co_filename != self.path:
                return None
            here: Counter[tuple[int, int, int]] = Counter()
            calls.append(here)
            frame.f_trace_opcodes = True  # lines would not tell the rounds of a comprehension

            def step(frame: types.FrameType, event: str, _: Any) -> Any:
                if event == "opcode" and frame.f_lineno is not None:  # a jump back may have none
                    place = (frame.f_lineno, id(frame.f_code), frame.f_lasti)
                    here[place] += 1
                    everywhere[place] += 1
                return step

            return step

        sys.settrace(enter)
        try:
            value = called(*given)
        finally:
            sys.settrace(None)
        lines: dict[int, list[int]] = {}
        for position, counters in enumerate(([everywhere], calls)):
            for counter in counters:
                for (line, _, _), times in counter.items():
                    found = lines.setdefault(line, [0, 0])
                    found[position] = max(found[position], times)
        return value, lines

    def _told(self, error: BaseException) -> dict[str, Any]:
        places = [
            (frame.f_code.co_name, line)
            for frame, line in traceback.walk_tb(error.__traceback__)
            if frame.f_code.co_filename == self.path
        ]
        text = " ".join(traceback.format_exception_only(type(error), error)[-1].split())
        name, line = places[-1] if places else ("", 0)
        kinds = [kind.__name__ for kind in type(error).__mro__]
        return {"kinds": kinds, "text": text[:200], "function": name, "line": line}


def encoded(value: Any) -> Any:
    """Arrays and lists of them as JSON has them; of anything else the name of its type."""
    if isinstance(value, list | tuple):
        return [encoded(item) for item in value]
    if isinstance(value, np.ndarray) and value.dtype == object and value.ndim == 1:
        return [encoded(item) for item in value]
    if isinstance(value, np.ndarray | np.number | float | int):
        array = np.asarray(value)
        told = array.dtype.kind in "fiub" and array.size <= LARGEST_ANSWER
        return {
            "dtype": str(array.dtype),
            "shape": list(array.shape),
            "bytes": base64.b64encode(array.tobytes()).decode() if told else None,
        }
    return {"type": type(value).__name__}


def decoded(value: Any) -> Any:
    """What `encoded` was made from: arrays, or lists of them."""
    if isinstance(value, list):
        return [decoded(item) for item in value]
    numbers = np.frombuffer(base64.b64decode(value["bytes"]), value["dtype"])
    return numbers.reshape(value["shape"]).copy()


def refuse_new_processes(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook: what starts processes without end is stopped at the first."""
    if event in NEW_PROCESSES:
        raise PermissionError("new processes may not be started here")


def limit_processor(seconds: float) -> None:
    """The parent's clock ends what takes too long; this is for when the parent is no more."""
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    with contextlib.suppress(ValueError, OSError):
        limit = math.ceil(time.process_time() + seconds) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (limit, most))


def main(request: str, reply: str, path: str, seconds: str, memory: str) -> None:
    """Answer requests until there are no more."""
    lacking = []
    for kind, most in (
        (resource.RLIMIT_AS, int(memory)),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, LARGEST_FILE),
    ):
        try:
            resource.setrlimit(kind, (most, most))
        except (ValueError, OSError):
            lacking.append(kind)
    limited = resource.RLIMIT_AS not in lacking and sys.platform != "darwin"
    runner = Runner(path)
    sys.path[:] = [place for place in sys.path if Path(place) != Path(__file__).parent]
    sys.meta_path.insert(0, runner)
    sys.addaudithook(refuse_new_processes)
    with os.fdopen(int(request)) as requests, os.fdopen(int(reply), "w") as replies:
        print(json.dumps({"memory_is_limited": limited}), file=replies, flush=True)
        for line in requests:
            limit_processor(float(seconds))
            print(json.dumps(runner.answer(json.loads(line))), file=replies, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
