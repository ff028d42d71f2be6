"""Runs a student's file and calls its functions, without access to the right answers.

`sandbox` starts this module as a script in an isolated process, which cannot import nntrain. It
reads requests and writes replies as lines of JSON through the original stdin and stdout; the output
of the student's file goes to stderr.
"""

import base64
import contextlib
import functools
import importlib
import json
import math
import os
import sys
import threading
import time
import traceback
import types
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any


def refuse_new_process(*_: object) -> None:
    """Replace a function that starts processes without an audit event.

    Raises:
        PermissionError: Always.
    """
    raise PermissionError("new processes may not be started here")


if __name__ == "__main__":
    sys.path += sys.argv[5:]
    with contextlib.suppress(ImportError):
        vars(importlib.import_module("_posixsubprocess"))["fork_exec"] = refuse_new_process

import numpy as np  # noqa: E402  # an isolated Python finds it only from here on

MAX_ARRAY = 1_000_000  # numbers; of larger arrays only the shape is sent
MAX_FILE = 16 << 20  # bytes
MAX_REPEAT_SECONDS = 1.0
NEW_PROCESSES = {"os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.exec", "os.system"} | {
    "os.startfile",
    "subprocess.Popen",
    "_winapi.CreateProcess",
}
# The right answers, a module that starts processes, and interpreters without the audit hook.
REFUSED = {"nntrain", "_posixsubprocess", "_interpreters", "_xxsubinterpreters"}
# Packages that pandas and the standard library may load at any time.
DEPENDENCIES = {"dateutil", "pytz", "six", "tzdata"}


class Runner:
    """The student's module, and the audit hook that watches it.

    Args:
        path: The name of its file, for tracebacks.
        package: The folder of nntrain, in which nothing may be read; None refuses nothing.
        libraries: The folders of installed packages; other folders in `sys.path` are Python's own.

    Attributes:
        imported: The packages that it has imported or tried to import.
    """

    def __init__(
        self, path: str, package: str | None = None, libraries: Sequence[str] = ()
    ) -> None:
        self.path = path
        self.package = None if package is None else Path(os.path.realpath(package))
        self.libraries = libraries
        self.module = types.ModuleType("student")
        self.module.__file__ = path
        self.imported: set[str] = set()
        # The longest first: site-packages may lie within the standard library's folder.
        folders = {folder for folder in sys.path if Path(folder).is_absolute()}
        self.roots = sorted(folders, key=len, reverse=True)
        self.is_installed = functools.cache(self._is_installed)

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Load the file or call a function; the reply has the result or the exception."""
        try:
            reply = self._load(**request) if "source" in request else self._call(**request)
        except BaseException as error:  # the student's code may raise anything
            reply = {"raised": self._described(error)}
        return {**reply, "imported": sorted(self.imported)}

    def watch(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Record imports and refuse forbidden operations; an audit hook cannot be removed.

        Raises:
            ImportError: If a forbidden package is imported.
            PermissionError: If another forbidden operation is tried.
        """
        if event in NEW_PROCESSES:
            refuse_new_process()
        elif event == "import":
            self._watch_import(arguments[0].partition(".")[0], arguments[1])
        elif event == "exec":
            self._record_package(arguments[0].co_filename)
        elif event in ("open", "os.link", "os.rename"):
            self._refuse_nntrain(arguments[0])
        elif event in ("compile", "code.__new__"):
            # Code with the name of an installed file would not be watched.
            if self.is_installed(str(arguments[1])) and self._is_of_student(sys._getframe(1)):
                raise PermissionError("code may not be given the name of an installed file")
        elif event == "sys.settrace" and self._is_students_request():
            raise PermissionError("tracing may not be changed here")

    def _is_installed(self, file: str) -> bool:
        """Whether code of this file is not the student's."""
        built_in = file == __file__ or file.startswith("<frozen ")
        return file != self.path and (built_in or self._root(file) is not None)

    def _is_of_student(self, frame: types.FrameType) -> bool:
        return not self.is_installed(frame.f_code.co_filename)

    def _root(self, file: str) -> str | None:
        return next((root for root in self.roots if file.startswith(root + os.sep)), None)

    def _is_students_request(self) -> bool:
        """Whether the student's code causes this, but not by the loading of an installed module."""
        frame: types.FrameType | None = sys._getframe(1)
        while frame is not None:
            if self._is_of_student(frame):
                return True
            if frame.f_code.co_name == "<module>":
                return False
            frame = frame.f_back
        return False

    def _watch_import(self, name: str, file: str | None) -> None:
        """Refuse forbidden packages; record those that the student's own code or C code loads."""
        if name in REFUSED:
            self.imported.add(name)
            raise ImportError(f"{name} may not be imported here")
        if file is not None:
            self._record_package(file)
        elif self._is_of_student(sys._getframe(2)):
            self.imported.add(name)

    def _record_package(self, file: str) -> None:
        """Record the package of a file that is loaded for the student, in whatever way."""
        root = self._root(file)
        path = Path(file)
        if file == self.path or not path.is_absolute():
            return
        if root is not None and root in self.libraries:
            name = path.relative_to(root).parts[0].partition(".")[0]
        elif root is None or "site-packages" in path.relative_to(root).parts:
            name = path.parent.name if path.stem == "__init__" else path.stem
        else:
            return
        if name not in DEPENDENCIES and self._is_students_request():
            self.imported.add(name)

    def _refuse_nntrain(self, file: Any) -> None:
        """Refuse nntrain's files, and the folders above, from which they could be opened."""
        if self.package is None or not isinstance(file, str | bytes | os.PathLike):
            return
        path = Path(os.path.realpath(os.fsdecode(file)))
        if path.is_relative_to(self.package) or self.package.is_relative_to(path):
            self.imported.add("nntrain")
            raise PermissionError("nntrain may not be read here")

    def _load(self, source: str) -> dict[str, Any]:
        sys.modules[self.module.__name__] = self.module
        code = compile(source, self.path, "exec", dont_inherit=True)
        exec(code, self.module.__dict__)  # noqa: S102  # the purpose of this process
        names = [name for name, value in vars(self.module).items() if callable(value)]
        return {"functions": names}

    def _call(self, function: str, arguments: list[Any], repeat: int, count: bool) -> Any:
        callee: Callable[..., Any] = getattr(self.module, function)
        seconds: list[float] = []
        counts: dict[int, list[int]] = {}
        given = [decoded(argument) for argument in arguments]
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            if count:
                value, counts = self._count_lines(callee, given)
            else:
                while len(seconds) < repeat and sum(seconds) < MAX_REPEAT_SECONDS:
                    start = time.perf_counter()
                    value = callee(*given)
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

    def _count_lines(
        self, callee: Callable[..., Any], arguments: list[Any]
    ) -> tuple[Any, dict[int, list[int]]]:
        """The value, and how often each line ran: in total, and at most in one call.

        All code is counted that is not installed; code that the file compiles counts for the line
        that calls it.
        """
        total: Counter[tuple[int, int, int]] = Counter()
        calls: list[Counter[tuple[int, int, int]]] = []
        codes: list[types.CodeType] = []  # kept, so that no two have the same id
        returns = 0

        def enter(frame: types.FrameType, event: str, _: Any) -> Any:
            if not self._is_of_student(frame):
                return None
            in_call: Counter[tuple[int, int, int]] = Counter()
            calls.append(in_call)
            codes.append(frame.f_code)
            calling_line = self._calling_line(frame)
            frame.f_trace_opcodes = True  # line events do not show the rounds of a comprehension

            def step(frame: types.FrameType, event: str, _: Any) -> Any:
                nonlocal returns
                line = calling_line or frame.f_lineno
                if event == "opcode" and line is not None:  # a jump back may have no line
                    instruction = (line, id(frame.f_code), frame.f_lasti)
                    in_call[instruction] += 1
                    total[instruction] += 1
                returns += event == "return"
                return step

            return step

        previous, previous_in_threads = sys.gettrace(), threading.gettrace()
        threading.settrace(enter)
        sys.settrace(enter)
        try:
            value = callee(*arguments)
            intact = sys.gettrace() is enter and returns >= len(calls)
        finally:
            sys.settrace(previous)
            threading.settrace(previous_in_threads)
        if not intact:
            raise PermissionError("tracing may not be changed here")
        lines: dict[int, list[int]] = {}
        for position, counters in enumerate(([total], calls)):
            for counter in counters:
                for (line, _, _), count in counter.items():
                    counts = lines.setdefault(line, [0, 0])
                    counts[position] = max(counts[position], count)
        return value, lines

    def _calling_line(self, frame: types.FrameType) -> int | None:
        """The line of the file that calls code from elsewhere; None for code of the file itself."""
        caller: types.FrameType | None = frame
        while caller is not None and caller.f_code.co_filename != self.path:
            caller = caller.f_back
        return None if caller is None or caller is frame else caller.f_lineno

    def _described(self, error: BaseException) -> dict[str, Any]:
        locations = [
            (frame.f_code.co_name, line)
            for frame, line in traceback.walk_tb(error.__traceback__)
            if frame.f_code.co_filename == self.path
        ]
        text = " ".join(traceback.format_exception_only(type(error), error)[-1].split())
        name, line = locations[-1] if locations else ("", 0)
        kinds = [kind.__name__ for kind in type(error).__mro__]
        return {"kinds": kinds, "text": text[:200], "function": name, "line": line}


def encoded(value: Any) -> Any:
    """Arrays and lists of arrays as JSON types; the type's name of anything else."""
    if isinstance(value, list | tuple):
        return [encoded(item) for item in value]
    if isinstance(value, np.ndarray) and value.dtype == object and value.ndim == 1:
        return [encoded(item) for item in value]
    if isinstance(value, np.ndarray | np.number | float | int):
        array = np.asarray(value)
        is_sent = array.dtype.kind in "fiub" and array.size <= MAX_ARRAY
        return {
            "dtype": str(array.dtype),
            "shape": list(array.shape),
            "bytes": base64.b64encode(array.tobytes()).decode() if is_sent else None,
        }
    return {"type": type(value).__name__}


def decoded(value: Any) -> Any:
    """The inverse of `encoded` for arrays and lists of arrays."""
    if isinstance(value, list):
        return [decoded(item) for item in value]
    numbers = np.frombuffer(base64.b64decode(value["bytes"]), value["dtype"])
    return numbers.reshape(value["shape"]).copy()


def limit(kind: str, value: int, permanent: bool = True) -> bool:
    """Set a resource limit of this process; return whether this system supports it.

    Args:
        kind: Its name in `resource`.
        value: The limit.
        permanent: Whether the process may not raise it again.
    """
    try:
        resource: Any = importlib.import_module("resource")
        number = getattr(resource, kind)
        resource.setrlimit(number, (value, value if permanent else resource.getrlimit(number)[1]))
    except (ImportError, AttributeError, ValueError, OSError):
        return False
    return True


def limit_processor(seconds: float) -> bool:
    """Limit the processor time, in case the parent process has ended and cannot stop this one."""
    return limit("RLIMIT_CPU", math.ceil(time.process_time() + seconds) + 1, permanent=False)


def main(path: str, seconds: str, memory: str, package: str, *libraries: str) -> None:
    """Answer requests until the pipe is closed."""
    requests = os.fdopen(os.dup(0), encoding="utf-8")
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    limit("RLIMIT_CORE", 0)
    limits = {
        # macOS accepts this limit but does not enforce it.
        "memory": limit("RLIMIT_AS", int(memory)) and sys.platform != "darwin",
        "the size of files": limit("RLIMIT_FSIZE", MAX_FILE),
        "processor time": limit_processor(float(seconds)),
    }
    runner = Runner(path, package, libraries)
    sys.modules["__main__"] = runner.module  # the student may change it
    sys.addaudithook(runner.watch)
    unlimited = [name for name, limited in limits.items() if not limited]
    print(json.dumps({"unlimited": unlimited}), file=replies, flush=True)
    for line in requests:
        limit_processor(float(seconds))
        print(json.dumps(runner.answer(json.loads(line))), file=replies, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
