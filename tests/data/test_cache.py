"""The cache never returns outdated or damaged rows, and its errors are not fatal."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nntrain.cli import main
from nntrain.data import cache, kaggle
from nntrain.data import content as content_module
from nntrain.data.cache import Cache, finish_writing
from nntrain.data.content import CheckedFile
from nntrain.data.dataset import Annotations, Dataset, RowBlocks, RowStream
from nntrain.data.kaggle import read_csv
from nntrain.data.parser import RowParser
from nntrain.errors import DataError
from tests.support.csvs import PACKERS
from tests.support.examples import examples

TRAIN = "label,n1,n2,n3,n4\n" + "".join(f"{n % 10},{n},{n + 1},0,255\n" for n in range(200))
TEST = "id,n1,n2\n" + "".join(f"a{n},{n},7\n" for n in range(100))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, for files of any size."""
    monkeypatch.setenv("NNTRAIN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(kaggle, "MIN_CACHED_BYTES", 0)
    return tmp_path / "cache" / "csv"


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record each file that is parsed."""
    sources: list[str] = []
    parse = RowParser.parse

    def counted(self: RowParser, *arguments: Any) -> RowBlocks:
        sources.append(self.source)
        return parse(self, *arguments)

    monkeypatch.setattr(RowParser, "parse", counted)
    return sources


def assert_equal(ours: Dataset, theirs: Dataset) -> None:
    np.testing.assert_array_equal(ours.pixels, theirs.pixels)
    assert ours.annotations[1::2] == theirs.annotations[1::2]
    for name in ("labels", "ids"):
        a, b = getattr(ours, name), getattr(theirs, name)
        assert (a is None) == (b is None)
        if a is not None:
            np.testing.assert_array_equal(a, b)
            assert a.dtype == b.dtype
    assert ours.describe() == theirs.describe()


def entries(folder: Path) -> list[Path]:
    cache.finish_writing()
    return [path for path in folder.glob("*") if path.name != ".lock"]


@pytest.mark.parametrize("min_mapped", [0, 1 << 20])
@pytest.mark.parametrize(("content", "labels"), [(TRAIN, "required"), (TEST, "forbidden")])
def test_a_file_seen_before_is_not_parsed_again(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    parsed: list[str],
    content: str,
    labels: Literal["required"],
    min_mapped: int,
) -> None:
    monkeypatch.setattr(cache, "MIN_MAPPED_BYTES", min_mapped)
    path, elsewhere = tmp_path / "a.csv", tmp_path / "b.csv"
    path.write_text(content)
    elsewhere.write_text(content)
    first = read_csv(path, labels=labels)
    again = read_csv(elsewhere, labels=labels)
    assert_equal(again, first)
    assert again.source == str(elsewhere)
    assert parsed == [str(path)]
    assert len(entries(folder)) == 1


def test_a_changed_file_is_read_anew_though_size_and_time_are_the_same(
    folder: Path, tmp_path: Path, parsed: list[str]
) -> None:
    path = tmp_path / "train.csv"
    path.write_text(TRAIN)
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    before = read_csv(path)
    path.write_text(TRAIN.replace("0,0,1,0,255", "0,0,1,0,254"))
    os.utime(path, ns=times)
    after = read_csv(path)
    assert len(parsed) == 2
    assert before.pixels[0, 3] == 255
    assert after.pixels[0, 3] == 254
    assert before.digest != after.digest


def test_a_file_read_in_another_way_is_another_entry(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "train.csv"
    path.write_text(TRAIN)
    assert read_csv(path).labels is not None
    with pytest.raises(DataError):
        read_csv(path, labels="forbidden")
    with pytest.raises(DataError, match="9"):
        read_csv(path, classes=9)
    assert len(read_csv(path, classes=11).classes) == 11
    assert len(entries(folder)) == 2, "what was refused has left nothing"


@examples(60)
@given(data=st.data())
def test_a_damaged_entry_is_made_anew(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    base = tmp_path_factory.mktemp("damaged")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NNTRAIN_CACHE", str(base / "cache"))
        patch.setattr(kaggle, "MIN_CACHED_BYTES", 0)
        path = base / "train.csv"
        path.write_text(TRAIN)
        undamaged = read_csv(path)
        (entry,) = entries(base / "cache" / "csv")
        victim = data.draw(st.sampled_from(sorted(entry.iterdir())))
        content = victim.read_bytes()
        position = data.draw(st.integers(0, len(content) - 1))
        match data.draw(st.sampled_from(["cut", "change", "remove"])):
            case "cut":
                victim.write_bytes(content[:position])
            case "change":
                changed = bytes([content[position] ^ data.draw(st.integers(1, 255))])
                victim.write_bytes(content[:position] + changed + content[position + 1 :])
            case "remove":
                victim.unlink()
        assert_equal(read_csv(path), undamaged)
        assert_equal(read_csv(path), undamaged)


MAKE = """
import sys, time
from nntrain.cli import main
from nntrain.data import kaggle
from nntrain.data.parser import RowParser
kaggle.MIN_CACHED_BYTES = 0
kaggle.MIN_LARGE_BYTES = (0, 0)
parse = RowParser.parse
def slowly(self, *arguments):
    print("parsing", flush=True)
    annotations = yield from parse(self, *arguments)
    time.sleep(float(sys.argv[2]))
    return annotations
RowParser.parse = slowly
print(kaggle.read_csv(sys.argv[1]).digest)
"""


def make(path: Path, seconds: float) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", MAKE, str(path), str(seconds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_two_processes_at_once_make_one_entry(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "train.csv"
    path.write_text(TRAIN)
    makers = [make(path, 0.5) for _ in range(2)]
    outputs = sorted((maker.communicate()[0].split() for maker in makers), key=len)
    assert [maker.returncode for maker in makers] == [0, 0]
    digest = read_csv(path).digest
    assert outputs == [[digest], ["parsing", digest]], "the second waited for the first"
    assert len(entries(folder)) == 1


def test_a_process_killed_while_making_an_entry_is_no_obstacle(
    folder: Path, tmp_path: Path
) -> None:
    path = tmp_path / "train.csv"
    path.write_text(TRAIN)
    with make(path, 60) as maker:
        assert maker.stdout is not None
        assert maker.stdout.readline() == "parsing\n"
        while not any(entries(folder)):
            time.sleep(0.01)
        maker.kill()
    assert [entry.name.startswith(".making") for entry in entries(folder)] == [True]
    assert len(read_csv(path)) == 200
    assert [entry.name.startswith(".making") for entry in entries(folder)] == [False]


BEHIND = """
import sys, time
from nntrain.cli import main
from nntrain.data import cache, kaggle
kaggle.MIN_CACHED_BYTES = 0
finish = cache.finish_digest
def slowly(*arguments):
    time.sleep(float(sys.argv[2]))
    return finish(*arguments)
cache.finish_digest = slowly
print(len(kaggle.read_csv(sys.argv[1])), flush=True)
"""


def test_rows_are_used_before_they_are_stored_and_stored_before_the_process_ends(
    folder: Path, tmp_path: Path, parsed: list[str]
) -> None:
    path = tmp_path / "train.csv"
    path.write_text(TRAIN)
    command = [sys.executable, "-c", BEHIND, str(path)]
    with subprocess.Popen([*command, "60"], stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdout is not None
        assert killed.stdout.readline() == "200\n"
        killed.kill()
    assert not any(_is_entry(entry) for entry in entries(folder))
    subprocess.run([*command, "0.2"], check=True, stdout=subprocess.DEVNULL)
    assert [_is_entry(entry) for entry in entries(folder)] == [True], "remains are removed"
    assert len(read_csv(path)) == 200
    assert parsed == []


def _is_entry(path: Path) -> bool:
    return not path.name.startswith(".")


def test_a_file_of_a_size_never_seen_is_hashed_only_while_it_is_read(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[CheckedFile] = []
    content = CheckedFile.content

    def counted(self: CheckedFile) -> str:
        hashed.append(self)
        return content(self)

    monkeypatch.setattr(CheckedFile, "content", counted)
    monkeypatch.setattr(content_module, "_RACY_NANOSECONDS", 0)
    for number, name in enumerate(("a.csv", "b.csv", "a.csv")):
        path = tmp_path / name
        path.write_text(TRAIN + "1,2,3,4,5\n" * (name == "b.csv"))
        read_csv(path)
        assert len(hashed) == (number == 2)


NAMES = {letter: letter * 64 for letter in "abcd"}


def one_entry(store: Cache, letter: str, rows: int) -> Dataset:
    def blocks() -> RowBlocks:
        yield np.full((rows, 1_000), ord(letter), np.uint8)
        return Annotations()

    made = store.store(NAMES[letter], "some.csv", RowStream(blocks()), 0)
    assert made is not None
    return made


def test_entries_not_used_for_longest_make_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Cache(tmp_path / "cache", limit=300_000)
    foreign = store.folder / "photos"
    foreign.mkdir(parents=True)
    (foreign / "cat.jpg").write_bytes(bytes(400_000))
    (store.folder / "letter.txt").write_text("Dear Ada")
    for age, letter in enumerate("ab"):
        one_entry(store, letter, 100)
        os.utime(store.folder / NAMES[letter], (1_000 + age, 1_000 + age))
    monkeypatch.setattr(cache, "MIN_MAPPED_BYTES", 0)
    used = store.load(NAMES["a"], "some.csv")
    assert used is not None
    one_entry(store, "c", 100)

    def kept() -> list[str]:
        names = {entry.name for entry in entries(store.folder)}
        assert {"photos", "letter.txt"} < names, "what is not the cache's own is left alone"
        return sorted(name[0] for name in names - {"photos", "letter.txt"})

    assert kept() == ["a", "c"]
    large = one_entry(store, "d", 500)
    assert kept() == ["d"], "too large, but the newest"
    assert used.pixels.sum() == 100 * 1_000 * ord("a"), "still mapped by the one who uses it"
    assert large.pixels.sum() == 500 * 1_000 * ord("d")


def test_rows_are_read_where_no_cache_can_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    path = tmp_path / "train.csv"
    path.write_text(TRAIN)
    kept = read_csv(path)
    monkeypatch.setenv("NNTRAIN_CACHE", str(path / "in a file there are no folders"))
    assert_equal(read_csv(path), kept)


def test_a_process_that_never_ends_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    path = tmp_path / "train.csv"
    path.write_text(TRAIN)
    monkeypatch.setattr(cache, "LOCK_TIMEOUT", 0.1)
    with make(path, 60) as maker:
        assert maker.stdout is not None
        assert maker.stdout.readline() == "parsing\n"
        assert len(read_csv(path)) == 200
        maker.kill()


@pytest.mark.parametrize("min_cached", [0, 1 << 20])
@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
def test_a_file_changed_while_it_is_read_is_refused(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    pack: Callable[[bytes], bytes],
    min_cached: int,
) -> None:
    monkeypatch.setattr(kaggle, "MIN_CACHED_BYTES", min_cached)
    path = tmp_path / "train.csv"
    path.write_bytes(pack(TRAIN.encode()))
    parse = RowParser.parse

    def changing(self: RowParser, *arguments: Any) -> RowBlocks:
        annotations = yield from parse(self, *arguments)
        path.write_bytes(pack(TRAIN.replace("255", "254").encode()))
        return annotations

    monkeypatch.setattr(RowParser, "parse", changing)
    with pytest.raises(DataError, match=r"train\.csv: was changed while it was read"):
        read_csv(path)
    assert not folder.exists() if min_cached else entries(folder) == []


@pytest.mark.parametrize("min_cached", [0, 1 << 20])
def test_a_file_whose_name_or_mode_changes_while_it_is_read_is_read(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, min_cached: int
) -> None:
    monkeypatch.setattr(kaggle, "MIN_CACHED_BYTES", min_cached)
    path = tmp_path / "train.csv"
    path.write_text(TRAIN)
    expected = read_csv(path)
    shutil.rmtree(folder, ignore_errors=True)
    parse = RowParser.parse

    def renaming(self: RowParser, *arguments: Any) -> RowBlocks:
        annotations = yield from parse(self, *arguments)
        path.touch()
        path.rename(tmp_path / "renamed.csv")
        return annotations

    monkeypatch.setattr(RowParser, "parse", renaming)
    assert_equal(read_csv(path), expected)


def test_an_entry_that_vanishes_while_old_ones_are_removed_is_no_error_of_the_next_file(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def vanishing(*arguments: Any) -> None:
        raise FileNotFoundError

    monkeypatch.setattr(Cache, "_evict", vanishing)
    for name in ("train.csv", "validation.csv"):
        assert len(read_csv(write(tmp_path / name))) == 200
    finish_writing()
    assert len(entries(folder)) == 1


@pytest.mark.skipif(shutil.which("mkfifo") is None, reason="no named pipes here")
def test_a_pipe_is_read_once(folder: Path, tmp_path: Path) -> None:
    path, pipe = tmp_path / "train.csv", tmp_path / "pipe"
    path.write_text(TRAIN)
    subprocess.run(["mkfifo", pipe], check=True)
    with subprocess.Popen(["cp", str(path), str(pipe)]):
        assert_equal(read_csv(pipe), read_csv(path))


FULL = """
import resource, sys
from nntrain.cli import main
from nntrain.data import kaggle
kaggle.MIN_CACHED_BYTES = 0
resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))
print(kaggle.read_csv(sys.argv[1]).digest)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on a file's size there")
def test_a_full_disk_does_not_stand_in_the_way(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "train.csv"
    path.write_text(TRAIN)
    command = [sys.executable, "-c", FULL, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert entries(folder) == []
    assert done.stdout.split() == [read_csv(path).digest]
    assert len(entries(folder)) == 1


def test_what_the_disk_gives_back_otherwise_is_not_used(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "train.csv"
    path.write_text(TRAIN)
    fromfile = np.fromfile

    def losing(*arguments: Any) -> Any:
        read = fromfile(*arguments)
        read[-1] ^= 1
        return read

    monkeypatch.setattr(np, "fromfile", losing)
    digits = read_csv(path)
    assert digits.pixels[3].tolist() == [3, 4, 0, 255]


def test_mapped_rows_are_as_they_were_or_it_is_noticed(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "MIN_MAPPED_BYTES", 0)
    monkeypatch.setattr(kaggle, "MIN_LARGE_BYTES", (0, 0))
    path = tmp_path / "train.csv"
    path.write_text(TRAIN)
    before = read_csv(path).pixels.copy()

    removed = read_csv(path)
    shutil.rmtree(folder)
    removed.check_unchanged()
    np.testing.assert_array_equal(removed.pixels, before)

    replaced = read_csv(path)
    (file,) = folder.rglob("pixels")
    other = tmp_path / "other"
    other.write_bytes(bytes(before.size))
    other.replace(file)
    replaced.check_unchanged()
    np.testing.assert_array_equal(replaced.pixels, before)

    shutil.rmtree(folder)
    changed = read_csv(path)
    (file,) = folder.rglob("pixels")
    with file.open("r+b") as open_file:
        open_file.write(b"scribble")
    with pytest.raises(DataError, match="was changed while it was used; the last checkpoint"):
        changed.check_unchanged()
    np.testing.assert_array_equal(read_csv(path).pixels, before)


def write(path: Path) -> Path:
    path.write_text(TRAIN)
    return path


def test_what_is_kept_can_be_written_by_nobody_else(folder: Path, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        read_csv(write(tmp_path / "train.csv"))
    finally:
        os.umask(before)
    (entry,) = entries(folder)
    modes = {path.stat().st_mode & 0o077 for path in (folder, entry, *entry.iterdir())}
    assert modes == {0}


@pytest.mark.parametrize("what", ["folder", "entry", "pixels", "link"])
@pytest.mark.parametrize("how", ["another's", "writable"])
def test_what_others_could_have_written_is_neither_believed_nor_touched(
    folder: Path, tmp_path: Path, parsed: list[str], what: str, how: str
) -> None:
    path = write(tmp_path / "train.csv")
    kept = read_csv(path)
    assert kept.cache_warning is None
    (entry,) = entries(folder)
    poisoned = {"folder": folder, "entry": entry, "pixels": entry / "pixels", "link": entry}[what]
    if what == "link":
        poisoned = poisoned.rename(folder / "elsewhere")
        entry.symlink_to(poisoned)
    if how == "writable":
        poisoned.chmod(0o777)
    else:
        try:
            shutil.chown(poisoned, 65_534)
        except PermissionError:
            pytest.skip("only root may give files away")
    before = {file: file.lstat() for file in (folder, *folder.rglob("*")) if file.name != ".lock"}
    again = read_csv(path)
    assert len(parsed) == 2
    assert_equal(again, kept)
    doubt = again.cache_warning
    named = entry if what == "link" else poisoned
    assert doubt == (
        f"{named}: is not used as a cache of {path}, since others may write to it; "
        "remove it, or name another folder in NNTRAIN_CACHE"
    )
    after = {file: file.lstat() for file in before}
    assert {file: state.st_ino for file, state in after.items()} == {
        file: state.st_ino for file, state in before.items()
    }
    assert entries(folder) == [entry] or what == "link"


def test_a_poisoned_cache_is_told_in_one_line(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "train.csv")
    read_csv(path)
    cache.finish_writing()
    folder.chmod(0o777)
    with pytest.raises(SystemExit):
        main(["data", "check", str(path)])
    (line,) = capsys.readouterr().err.splitlines()[:1]
    assert line.startswith(f"warning: {folder}: is not used as a cache of {path}, since others")
