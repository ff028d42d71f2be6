"""Runs a student's file and calls its functions; knows no right answer.

`process` starts this as a script, in an isolated process of its own: nothing of nntrain is imported
or can be. Requests come and replies go as lines of JSON through what were stdin and stdout; what
the student's file prints goes to stderr.
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
    """In the place of what starts processes without an audit event, for `subprocess` as well.

    Raises:
        PermissionError: Always.
    """
    raise PermissionError("new processes may not be started here")


if __name__ == "__main__":
    sys.path += sys.argv[5:]
    with contextlib.suppress(ImportError):
        vars(importlib.import_module("_posixsubprocess"))["fork_exec"] = refuse_new_process

import numpy as np  # noqa: E402  # an isolated Python finds it only from here on

LARGEST_ANSWER = 1_000_000  # numbers in one array; of larger ones only the shape is told
LARGEST_FILE = 16 << 20  # bytes
ENOUGH_SECONDS = 1.0  # of repeating a call to time it
NEW_PROCESSES = {"os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.exec", "os.system"} | {
    "os.startfile",
    "subprocess.Popen",
    "_winapi.CreateProcess",
}
# Our own answers, what starts processes unseen, and interpreters in which nobody watches.
REFUSED = {"nntrain", "_posixsubprocess", "_interpreters", "_xxsubinterpreters"}
# What pandas and the standard library may load for themselves, at any time.
DEPENDENCIES = {"dateutil", "pytz", "six", "tzdata"}


class Runner:
    """One student's module.

    Args:
        path: The name of its file, for tracebacks.
        package: The folder of nntrain, in which nothing may be read; None refuses nothing.
        libraries: The folders of installed packages; all else on `sys.path` is Python's own.

    Attributes:
        imported: The packages that it has asked for.
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
        self.roots = sorted({place for place in sys.path if Path(place).is_absolute()}, key=len)[
            ::-1
        ]
        self.is_installed = functools.cache(self._is_installed)

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Do what a request asks for; what goes wrong is told in the reply."""
        try:
            reply = self._load(**request) if "source" in request else self._call(**request)
        except BaseException as error:  # of the student's, whatever it is
            reply = {"raised": self._told(error)}
        return {**reply, "imported": sorted(self.imported)}

    def watch(self, event: str, arguments: tuple[Any, ...]) -> None:
        """An audit hook, which cannot be removed: note what is imported, refuse what may not be.

        Raises:
            ImportError: A package is asked for that may not be had.
            PermissionError: Anything else that may not be done.
        """
        if event in NEW_PROCESSES:
            refuse_new_process()
        elif event == "import":
            self._importing(arguments[0].partition(".")[0], arguments[1])
        elif event == "exec":
            self._loading(arguments[0].co_filename)
        elif event in ("open", "os.link", "os.rename"):
            self._refuse_ours(arguments[0])
        elif event in ("compile", "code.__new__"):
            # Code under the name of an installed file would pass as that.
            if self.is_installed(str(arguments[1])) and self._is_of_student(sys._getframe(1)):
                raise PermissionError("code may not be given the name of an installed file")
        elif event == "sys.settrace" and self._is_asked_for():
            raise PermissionError("tracing may not be changed here")

    def _is_installed(self, file: str) -> bool:
        """Whether code of this file is not the student's."""
        ours = file == __file__ or file.startswith("<frozen ")
        return file != self.path and (ours or self._root(file) is not None)

    def _is_of_student(self, frame: types.FrameType) -> bool:
        return not self.is_installed(frame.f_code.co_filename)

    def _root(self, file: str) -> str | None:
        return next((root for root in self.roots if file.startswith(root + os.sep)), None)

    def _is_asked_for(self) -> bool:
        """Whether code of the student's is behind this, with no installed module's loading between.

        What a module imports while it is loaded is its own affair.
        """
        frame: types.FrameType | None = sys._getframe(1)
        while frame is not None:
            if self._is_of_student(frame):
                return True
            if frame.f_code.co_name == "<module>":
                return False
            frame = frame.f_back
        return False

    def _importing(self, name: str, file: str | None) -> None:
        """Refuse what may not be had; note what the student's own lines name, or load as C."""
        if name in REFUSED:
            self.imported.add(name)
            raise ImportError(f"{name} may not be imported here")
        if file is not None:
            self._loading(file)
        elif self._is_of_student(sys._getframe(2)):
            self.imported.add(name)

    def _loading(self, file: str) -> None:
        """Note the package of a file that is loaded, by whatever way, for the student."""
        root = self._root(file)
        place = Path(file)
        if file == self.path or not place.is_absolute():
            return
        if root is not None and root in self.libraries:
            name = place.relative_to(root).parts[0].partition(".")[0]
        elif root is None or "site-packages" in place.relative_to(root).parts:
            name = place.parent.name if place.stem == "__init__" else place.stem
        else:
            return
        if name not in DEPENDENCIES and self._is_asked_for():
            self.imported.add(name)

    def _refuse_ours(self, file: Any) -> None:
        """Refuse nntrain's files, and the folders above, to which their names may be relative."""
        if self.package is None or not isinstance(file, str | bytes | os.PathLike):
            return
        place = Path(os.path.realpath(os.fsdecode(file)))
        if place.is_relative_to(self.package) or self.package.is_relative_to(place):
            self.imported.add("nntrain")
            raise PermissionError("nntrain may not be read here")

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
        """The value, and how often each line was gone through: in all, and at most in one call.

        All code is counted that is not installed; what the file compiles for itself counts for the
        line that calls it.
        """
        everywhere: Counter[tuple[int, int, int]] = Counter()
        calls: list[Counter[tuple[int, int, int]]] = []
        codes: list[types.CodeType] = []  # kept, so that no two have the same id
        left: list[int] = [0]

        def enter(frame: types.FrameType, event: str, _: Any) -> Any:
            if not self._is_of_student(frame):
                return None
            here: Counter[tuple[int, int, int]] = Counter()
            calls.append(here)
            codes.append(frame.f_code)
            line = self._line_that_calls(frame)
            frame.f_trace_opcodes = True  # lines would not tell the rounds of a comprehension

            def step(frame: types.FrameType, event: str, _: Any) -> Any:
                at = line or frame.f_lineno
                if event == "opcode" and at is not None:  # a jump back may have none
                    place = (at, id(frame.f_code), frame.f_lasti)
                    here[place] += 1
                    everywhere[place] += 1
                left[0] += event == "return"
                return step

            return step

        threading.settrace(enter)
        sys.settrace(enter)
        try:
            value = called(*given)
            intact = sys.gettrace() is enter and left[0] >= len(calls)
        finally:
            sys.settrace(None)
            threading.settrace(None)
        if not intact:
            raise PermissionError("tracing may not be changed here")
        lines: dict[int, list[int]] = {}
        for position, counters in enumerate(([everywhere], calls)):
            for counter in counters:
                for (line, _, _), times in counter.items():
                    found = lines.setdefault(line, [0, 0])
                    found[position] = max(found[position], times)
        return value, lines

    def _line_that_calls(self, frame: types.FrameType) -> int | None:
        """The line of the file that code from elsewhere is called in; None of the file itself."""
        caller: types.FrameType | None = frame
        while caller is not None and caller.f_code.co_filename != self.path:
            caller = caller.f_back
        return None if caller is None or caller is frame else caller.f_lineno

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


def limit(kind: str, most: int, for_good: bool = True) -> bool:
    """Set a limit of this process, as `resource` calls it; whether this system has it.

    Args:
        kind: Which.
        most: The limit.
        for_good: Whether it may not be raised again.
    """
    try:
        resource: Any = importlib.import_module("resource")
        number = getattr(resource, kind)
        resource.setrlimit(number, (most, most if for_good else resource.getrlimit(number)[1]))
    except (ImportError, AttributeError, ValueError, OSError):
        return False
    return True


def limit_processor(seconds: float) -> bool:
    """The parent's clock ends what takes too long; this is for when the parent is no more."""
    return limit("RLIMIT_CPU", math.ceil(time.process_time() + seconds) + 1, for_good=False)


def main(path: str, seconds: str, memory: str, package: str, *libraries: str) -> None:
    """Answer requests until there are no more."""
    requests = os.fdopen(os.dup(0), encoding="utf-8")
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    limit("RLIMIT_CORE", 0)
    limits = {
        # macOS takes this limit, and does not keep it.
        "memory": limit("RLIMIT_AS", int(memory)) and sys.platform != "darwin",
        "the size of files": limit("RLIMIT_FSIZE", LARGEST_FILE),
        "processor time": limit_processor(float(seconds)),
    }
    runner = Runner(path, package, libraries)
    sys.modules["__main__"] = runner.module  # not this one, to be changed
    sys.addaudithook(runner.watch)
    unlimited = [what for what, limited in limits.items() if not limited]
    print(json.dumps({"unlimited": unlimited}), file=replies, flush=True)
    for line in requests:
        limit_processor(float(seconds))
        print(json.dumps(runner.answer(json.loads(line))), file=replies, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
