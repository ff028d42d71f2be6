"""Atomic replacement of files."""

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

_PAUSES = (0.01, 0.1, 0.5, None)  # seconds between attempts to rename; None: give up
_HINTS = OS_HINTS | {errno.ENOENT: "make the folder first or name another place"}


@overload
def atomic_write(path: Path, mode: Literal["wb"] = ...) -> AbstractContextManager[IO[bytes]]: ...
@overload
def atomic_write(path: Path, mode: Literal["w"]) -> AbstractContextManager[IO[str]]: ...
def atomic_write(path: Path, mode: str = "wb") -> AbstractContextManager[IO[Any]]:
    """Open a file that replaces `path` atomically when the block ends without an error.

    The content is written to `.<name>.<machine>-<process id>.tmp` in the same folder, synchronised
    to the disk and then renamed. Temporary files of dead processes are deleted. If `path` is a
    symbolic link, its target is replaced.

    Args:
        path: The file to replace or create; its folder must exist.
        mode: `"wb"` for bytes, `"w"` for UTF-8 text without conversion of line ends.

    Returns:
        A context manager that yields the open file.

    Raises:
        NNTrainError: If the file cannot be written.
    """
    return _replacement(path, mode)


def check_writable(path: Path) -> None:
    """Check early that `atomic_write` will be able to write a file.

    Raises:
        NNTrainError: If it will not.
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
    """Rename a file; retry on Windows, where a virus scanner may have it open for a moment."""
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
    """The file to replace and a temporary file, which is deleted at the end if it still exists."""
    with suppress(FileNotFoundError):
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise NNTrainError(f"{path}: is a directory; name a file")
        if not stat.S_ISREG(mode):  # never replace /dev/null
            raise NNTrainError(f"{path}: is not a regular file; name another place")
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{target.name}.{platform.node()}-{os.getpid()}.tmp")
    _remove_stale(target)
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
        hint = _HINTS.get(error.errno or 0, "name another place")
        raise NNTrainError(
            f"{path}: cannot be written: {error.strerror or error}; {hint}"
        ) from error


def _remove_stale(target: Path) -> None:
    """Delete the target's temporary files of dead processes of this machine."""
    prefix = f".{target.name}.{platform.node()}-"
    for stale in target.parent.glob(f"{glob.escape(prefix)}*.tmp"):
        number = stale.name.removeprefix(prefix).removesuffix(".tmp")
        if number.isdecimal() and not _is_alive(int(number)):
            with suppress(OSError):
                stale.unlink()


def _is_alive(process: int) -> bool:
    """Whether a process exists; on Windows, open files cannot be deleted anyway."""
    group_of = getattr(os, "getpgid", None)
    if group_of is None:
        return False
    try:
        group_of(process)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass  # the process is another user's
    return True


def _sync_folder(folder: Path) -> None:
    """Synchronise the new name to the disk, where the file system supports that."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
