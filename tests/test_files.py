import errno
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from nntrain.errors import NNTrainError
from nntrain.files import atomic_write, check_writable


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_text_is_written_as_utf8_with_its_own_line_ends(tmp_path: Path) -> None:
    with atomic_write(tmp_path / "notes.txt", "w") as file:
        file.write("σ\r\nα\n")
    assert (tmp_path / "notes.txt").read_bytes() == "σ\r\nα\n".encode()
    assert names(tmp_path) == ["notes.txt"]


def test_the_old_file_stands_until_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "weights.npz"
    path.write_bytes(b"old")
    with atomic_write(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
        assert names(tmp_path) == [
            f".weights.npz.{platform.node()}-{os.getpid()}.tmp",
            "weights.npz",
        ]
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == ["weights.npz"]


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt()])
def test_an_error_inside_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, error: BaseException
) -> None:
    path = tmp_path / "weights.npz"
    path.write_bytes(b"old")
    with pytest.raises(type(error)), atomic_write(path) as file:
        file.write(b"half")
        raise error
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["weights.npz"]


def test_a_link_stays_and_its_target_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    target, link = tmp_path / "disk" / "real.csv", tmp_path / "link.csv"
    target.write_text("old")
    link.symlink_to(target)
    with atomic_write(link, "w") as file:
        file.write("new")
        assert names(tmp_path) == ["disk", "link.csv"]
    assert link.is_symlink()
    assert target.read_text() == "new"


@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_permissions_follow_the_umask(tmp_path: Path, umask: int) -> None:
    previous = os.umask(umask)
    try:
        with atomic_write(tmp_path / "a.csv", "w") as file:
            file.write("1")
    finally:
        os.umask(previous)
    assert (tmp_path / "a.csv").stat().st_mode & 0o777 == 0o666 & ~umask


def test_file_and_folder_are_synced_in_that_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = []

    def fsync(descriptor: int) -> None:
        synced.append(os.fstat(descriptor).st_ino)
        assert (tmp_path / "a").exists() == (len(synced) == 2)

    monkeypatch.setattr(os, "fsync", fsync)
    with atomic_write(tmp_path / "a") as file:
        inode = os.fstat(file.fileno()).st_ino
    assert synced == [inode, tmp_path.stat().st_ino]


def test_a_full_disk_is_told_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "submission.csv"
    path.write_text("old")

    def fsync(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(NNTrainError) as caught, atomic_write(path, "w") as file:
        file.write("new")
    assert str(caught.value) == (
        f"{path}: cannot be written: No space left on device; free some space or name another place"
    )
    assert path.read_text() == "old"
    assert names(tmp_path) == ["submission.csv"]


def test_no_more_room_than_the_system_allows(tmp_path: Path) -> None:
    script = """
import resource, signal, sys
from pathlib import Path
from nntrain.errors import NNTrainError
from nntrain.files import atomic_write
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    with atomic_write(Path(sys.argv[1])) as file:
        file.write(bytes(100_000))
except NNTrainError as error:
    print(error)
"""
    path = tmp_path / "big"
    path.write_text("old")
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{path}: cannot be written: File too large; name another place\n"
    assert done.stderr == ""
    assert path.read_text() == "old"
    assert names(tmp_path) == ["big"]


@pytest.mark.parametrize(
    ("place", "fault"),
    [
        ("missing/a.csv", "No such file or directory; make the folder first"),
        ("file/a.csv", "Not a directory; name another place"),
        ("folder", "is a directory; name a file"),
        ("x" * 300, "File name too long; name another place"),
        ("loop", "Too many levels of symbolic links; name another place"),
        ("astray", "No such file or directory; make the folder first"),
    ],
)
def test_an_impossible_place_is_told_in_one_line(tmp_path: Path, place: str, fault: str) -> None:
    (tmp_path / "file").write_text("old")
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "astray").symlink_to("missing/a.csv")
    before = names(tmp_path)
    with pytest.raises(NNTrainError) as caught, atomic_write(tmp_path / place):
        pass
    assert str(caught.value).startswith(f"{tmp_path / place}: ")
    assert fault in str(caught.value)
    with pytest.raises(NNTrainError) as told_before:
        check_writable(tmp_path / place)
    assert str(told_before.value) == str(caught.value)
    assert names(tmp_path) == before


def test_a_place_that_can_be_written_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "old.csv").write_text("old")
    (tmp_path / "dangling").symlink_to("target.csv")
    for name in ("old.csv", "new.csv", "dangling"):
        check_writable(tmp_path / name)
    assert names(tmp_path) == ["dangling", "old.csv"]
    assert (tmp_path / "old.csv").read_text() == "old"


def test_what_is_no_regular_file_is_left_alone(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    subprocess.run(["mkfifo", pipe], check=True)
    with pytest.raises(NNTrainError, match="not a regular file"), atomic_write(pipe):
        pass
    assert pipe.is_fifo()


def test_what_a_dead_process_left_is_removed_and_what_a_living_one_writes_is_not(
    tmp_path: Path,
) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as dead:
        pass
    remains = tmp_path / f".a.csv.{platform.node()}-{dead.pid}.tmp"
    others = [
        tmp_path / f".a.csv.{platform.node()}-{os.getppid()}.tmp",  # lives
        tmp_path / f".a.csv.elsewhere-{dead.pid}.tmp",  # of another machine
        tmp_path / f".b.csv.{platform.node()}-{dead.pid}.tmp",  # of another file
        tmp_path / f".a.csv.{platform.node()}-mine.tmp",
    ]
    for path in (remains, *others):
        path.write_text("half")
    with atomic_write(tmp_path / "a.csv", "w") as file:
        file.write("whole")
    assert names(tmp_path) == sorted(["a.csv", *(path.name for path in others)])
