"""A file is replaced whole or not at all."""

import errno
import glob
import os
import platform
import stat
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Literal, overload

from nntrain.errors import OS_HINTS, NNTrainError

_PAUSES = (0.01, 0.1, 0.5, None)  # seconds after each attempt to rename; None: it was the last
_HINTS = OS_HINTS | {errno.ENOENT: "make the folder first or name another place"}


@overload
def atomic_write(path: Path, mode: Literal["wb"] = ...) -> AbstractContextManager[IO[bytes]]: ...
@overload
def atomic_write(path: Path, mode: Literal["w"]) -> AbstractContextManager[IO[str]]: ...
def atomic_write(path: Path, mode: str = "wb") -> AbstractContextManager[IO[Any]]:
    """Open a file that takes the place of `path` once the block ends without an error.

    Until then the old file stands; afterwards the new one is on the disk even if the power fails.
    It is written beside the old one as `.<name>.<machine>-<process id>.tmp`; what a process that is
    no more has left there is removed. A symbolic link keeps pointing where it points: its target is
    replaced.

    Args:
        path: The file to replace or create; its folder must exist.
        mode: `"wb"` for bytes, `"w"` for UTF-8 text with line ends as written.

    Returns:
        A context manager that yields the open file.

    Raises:
        NNTrainError: The file cannot be written.
    """
    return _replacement(path, mode)


def check_writable(path: Path) -> None:
    """Find out before the work whether `atomic_write` could begin.

    Raises:
        NNTrainError: It could not.
    """
    with _one_line_errors(path), _temporary(path) as (_, temporary):
        temporary.touch(exist_ok=True)


@contextmanager
def _replacement(path: Path, mode: str) -> Iterator[IO[Any]]:
    encoding, newline = (None, None) if mode == "wb" else ("utf-8", "")
    with _one_line_errors(path), _temporary(path) as (target, temporary):
        with temporary.open(mode, encoding=encoding, newline=newline) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        _put_in_place(temporary, target)
        _sync_folder(target.parent)


def _put_in_place(temporary: Path, target: Path) -> None:
    """Rename a file; on Windows, another program (a virus scanner) may hold one for a moment."""
    for seconds in _PAUSES:
        try:
            temporary.replace(target)
        except PermissionError:
            if seconds is None or os.name != "nt":
                raise
            time.sleep(seconds)
        else:
            return


@contextmanager
def _temporary(path: Path) -> Iterator[tuple[Path, Path]]:
    """The file to replace and the one to write meanwhile, which is removed if it is left."""
    with suppress(FileNotFoundError):
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise NNTrainError(f"{path}: is a directory; name a file")
        if not stat.S_ISREG(mode):  # never put a file in /dev/null's place
            raise NNTrainError(f"{path}: is not a regular file; name another place")
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{target.name}.{platform.node()}-{os.getpid()}.tmp")
    _remove_remains(target)
    try:
        yield target, temporary
    finally:
        with suppress(OSError):
            temporary.unlink()


@contextmanager
def _one_line_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        mend = _HINTS.get(error.errno or 0, "name another place")
        raise NNTrainError(
            f"{path}: cannot be written: {error.strerror or error}; {mend}"
        ) from error


def _remove_remains(target: Path) -> None:
    """Remove the temporary files for this target that were left by a kill, on this machine."""
    prefix = f".{target.name}.{platform.node()}-"
    for remains in target.parent.glob(f"{glob.escape(prefix)}*.tmp"):
        number = remains.name.removeprefix(prefix).removesuffix(".tmp")
        if number.isdecimal() and not _is_alive(int(number)):
            with suppress(OSError):
                remains.unlink()


def _is_alive(process: int) -> bool:
    """Whether a process may still write; on Windows an open file cannot be removed anyway."""
    group_of = getattr(os, "getpgid", None)
    if group_of is None:
        return False
    try:
        group_of(process)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass  # somebody else's
    return True


def _sync_folder(folder: Path) -> None:
    """Make the new name last, too, where the file system can promise that."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
