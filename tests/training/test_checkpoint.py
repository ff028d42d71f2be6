"""Checkpoints: what is saved comes back, and what is damaged or forged does not get in."""

import hashlib
import io
import json
import subprocess
import sys
import tracemalloc
import zipfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import hypothesis.extra.numpy
import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from nntrain.errors import CheckpointError, NNTrainError
from nntrain.training import checkpoint
from nntrain.training.checkpoint import Checkpoint, Meta
from nntrain.training.progress import EpochRecord, LayerRecord, Progress
from tests.support.examples import examples
from tests.support.variants import slow


def example() -> Checkpoint:
    rng = np.random.default_rng(0)
    history = [EpochRecord(1, 0.1, 0.01, 2.3, 0.1, 2.2, 0.2)]
    layers = [LayerRecord(1, 1, 0.25, 1e-3), LayerRecord(1, 2, 0.5, 2e-3)]
    progress = Progress(
        history, layers, batch=3, rows=48, loss_sum=0.1 + 0.2, correct=7, seconds=1 / 3
    )
    meta = Meta(
        config="seed: 0\n",
        inputs=3,
        labels=[0, 1],
        data_digest="ab",
        threads=2,
        machine="a machine",
    )
    state = {"velocity": rng.normal(size=9).astype(np.float32)}
    return Checkpoint(meta, rng.normal(size=9).astype(np.float32), state, progress)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "last.npz"
    checkpoint.save(path, example())
    return path


def test_everything_comes_back_exactly(file: Path) -> None:
    loaded, saved = checkpoint.load(file), example()
    assert loaded.progress == saved.progress
    assert loaded.meta == saved.meta
    np.testing.assert_array_equal(loaded.parameters, saved.parameters)
    assert loaded.parameters.dtype == np.float32
    np.testing.assert_array_equal(
        loaded.optimizer_state["velocity"], saved.optimizer_state["velocity"]
    )


def test_numpy_opens_it_without_pickles(file: Path) -> None:
    with np.load(file, allow_pickle=False) as archive:
        assert set(archive.files) == {
            "meta",
            "history",
            "layers",
            "parameters",
            "optimizer.velocity",
        }
        assert json.loads(str(archive["meta"]))["format"] == checkpoint.FORMAT


def test_a_file_cut_at_any_byte_is_refused(file: Path) -> None:
    content = file.read_bytes()
    for length in range(len(content)):
        file.write_bytes(content[:length])
        with pytest.raises(CheckpointError, match="damaged, its checksum is wrong"):
            checkpoint.load(file)


def test_any_single_byte_changed_is_refused(file: Path) -> None:
    content = bytearray(file.read_bytes())
    for position in range(len(content)):
        change = 1 + position % 255
        content[position] ^= change
        file.write_bytes(content)
        with pytest.raises(CheckpointError, match="damaged, its checksum is wrong"):
            checkpoint.load(file)
        content[position] ^= change


def test_a_missing_file_and_another_format_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CheckpointError, match="No such file or directory; put a copy"):
        checkpoint.load(tmp_path / "none.npz")
    monkeypatch.setattr(checkpoint, "FORMAT", 99)
    checkpoint.save(tmp_path / "new.npz", example())
    monkeypatch.undo()
    with pytest.raises(CheckpointError, match=r"format 99, written by .* reads formats 2 to 4"):
        checkpoint.load(tmp_path / "new.npz")


def seal(path: Path, entries: list[tuple[str, bytes]], compression: int = 0) -> None:
    """Write an archive that has the right checksum, whatever it holds."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in entries:
            archive.writestr(name, content)
        archive.comment = bytes(checkpoint.DIGEST_LENGTH)
    path.write_bytes(sealed(bytearray(buffer.getvalue())))


def sealed(content: bytearray) -> bytearray:
    """With the right checksum."""
    end = len(content) - checkpoint.DIGEST_LENGTH
    content[end:] = hashlib.sha256(content[:end]).hexdigest().encode()
    return content


def npy(array: Any) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.asanyarray(array), allow_pickle=True)
    return buffer.getvalue()


def claiming(header: str, content: bytes = b"") -> bytes:
    """An .npy file whose header says what it likes."""
    text = header.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + content


def entries(file: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_what_is_sealed_without_a_change_is_a_checkpoint(file: Path) -> None:
    seal(file, list(entries(file).items()))
    assert checkpoint.load(file).progress == example().progress


class Pickled:
    def __reduce__(self) -> tuple[Any, ...]:
        return print, ("a checkpoint has run code",)


HUGE = "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,), }"
NESTED = "{'descr': '<f4', 'fortran_order': False, 'shape': " + "(" * 3_000 + ")" * 3_000 + "}"
NOT_FINITE = np.array([1, 2, np.nan, 4, 5, 6, 7, 8, 9], np.float32)


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        (
            "parameters",
            npy(np.array([Pickled()], object)),
            "parameters is no array of numbers or of text",
        ),
        ("other", npy(np.array([Pickled()], object)), "other is no array of numbers or of text"),
        ("parameters", claiming(HUGE), r"claims shape \(1000000000000,\) of float32, but has 0"),
        ("parameters", claiming(HUGE.replace("1000000000000", "9" * 18)), "claims shape"),
        ("parameters", claiming(HUGE.replace("(1", "(-1"), bytes(36)), "is no array"),
        ("parameters", claiming(HUGE.replace("False", "True"), bytes(36)), "is no array"),
        ("parameters", claiming(HUGE.replace("<f4", "<f16")), "is no array"),
        ("parameters", claiming(HUGE.replace("<f4", "<U99999999")), "claims shape"),
        ("parameters", claiming(HUGE.replace("(1", "(1 1")), "no checkpoint: invalid literal"),
        ("parameters", claiming(NESTED), "is no array"),
        ("parameters", claiming("__import__('os').getpid()"), "is no array"),
        ("parameters", claiming("{}"), "is no array"),
        ("parameters", b"", "is no array"),
        ("parameters", b"\x93NUMPY\x09\x00", "is no array"),
        ("parameters", b"\x80\x04K*.", "is no array"),  # a pickle, as numpy.load takes one
        ("parameters", npy(NOT_FINITE), "parameters has numbers that are not finite"),
        ("optimizer.velocity", npy(NOT_FINITE), "optimizer.velocity has numbers that are not"),
        ("parameters", npy(np.ones(9, np.float16)), "parameters is of float16"),
        ("parameters", npy(np.ones(9, ">f4")), "parameters is of >f4"),
        ("parameters", npy(np.ones(9, np.complex64)), "parameters is no array"),
        ("history", npy(np.ones((1, 6))), r"history is of shape \(1, 6\)"),
        ("history", npy(np.ones((1, 7), np.float32)), "history is of shape .* and float32"),
        ("history", npy(np.full((1, 7), 2.0)), "history does not count the epochs from 1"),
        ("history", npy(np.full((1, 7), np.nan)), "history does not count the epochs from 1"),
        ("layers", npy(np.ones((2, 3))), r"layers is of shape \(2, 3\)"),
        ("layers", npy(np.ones((2, 4))), "layers does not count epochs and layers from 1"),
        ("layers", npy(np.full((2, 4), np.nan)), "layers does not count epochs and layers from 1"),
        ("meta", npy(np.array("{")), "meta: Invalid JSON"),
        ("meta", npy(np.array("[" * 100_000)), "meta: Invalid JSON"),
        ("meta", npy(np.array("{}")), "meta.format: Field required"),
        ("meta", npy(np.array('{"format": 2}')), "meta.config: Field required"),
        ("meta", npy(np.array('{"format": "0", "versions": {"nntrain": "9"}}')), "by nntrain 9"),
        ("meta", npy(np.zeros(3)), "meta: Invalid JSON"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_sealed_file_that_lies_is_refused_before_it_does_anything(
    file: Path, name: str, content: bytes, fault: str, capsys: pytest.CaptureFixture[str]
) -> None:
    seal(file, list((entries(file) | {f"{name}.npy": content}).items()))
    tracemalloc.start()
    try:
        with pytest.raises(CheckpointError, match=fault) as caught:
            checkpoint.load(file)
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()
    assert str(caught.value).startswith(f"{file}: no checkpoint: ")
    assert str(caught.value).endswith("; put a copy of best.npz in its place, or begin a new run")
    assert "\n" not in str(caught.value)
    assert capsys.readouterr().out == ""


def position(**changed: Any) -> bytes:
    whole = {"batch": 3, "rows": 48, "loss_sum": 0.3, "correct": 7, "seconds": 0.3} | changed
    meta = {
        "format": checkpoint.FORMAT,
        "config": "",
        "inputs": 3,
        "labels": [0],
        "data_digest": "",
    }
    return npy(np.array(json.dumps(meta | {"position": whole, "versions": {}, "threads": 1})))


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"batch": -1}, "meta.position.batch: Input should be greater than or equal to 0"),
        ({"batch": 1.5}, "meta.position.batch"),
        ({"batch": "3"}, "meta.position.batch"),
        ({"batch": None}, "meta.position.batch"),
        ({"seconds": -0.1}, "meta.position.seconds"),
        ({"loss_sum": float("nan")}, "meta.position.loss_sum: Input should be a finite number"),
        ({"correct": True}, "meta.position.correct"),
    ],
    ids=str,
)
def test_a_position_that_cannot_be_is_refused(
    file: Path, changed: dict[str, Any], fault: str
) -> None:
    seal(file, list((entries(file) | {"meta.npy": position()}).items()))
    saved = checkpoint.load(file)
    assert saved.progress.batch == 3
    assert saved.meta.machine == ""  # as in checkpoints of former times
    seal(file, list((entries(file) | {"meta.npy": position(**changed)}).items()))
    with pytest.raises(CheckpointError, match=fault):
        checkpoint.load(file)


@pytest.mark.parametrize("name", ["meta", "parameters", "history", "layers"])
def test_a_sealed_file_without_one_of_its_arrays_is_refused(file: Path, name: str) -> None:
    held = entries(file)
    del held[f"{name}.npy"]
    seal(file, list(held.items()))
    with pytest.raises(CheckpointError, match=f"no checkpoint: .*{name}"):
        checkpoint.load(file)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_array_that_occurs_twice_is_refused(file: Path) -> None:
    held = list(entries(file).items())
    seal(file, [*held, held[-1]])
    with pytest.raises(CheckpointError, match="occurs twice"):
        checkpoint.load(file)


@pytest.mark.parametrize("kind", [zipfile.ZIP_DEFLATED, *slow(zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)])
def test_a_bomb_is_not_unpacked(file: Path, kind: int) -> None:
    bomb = claiming(HUGE.replace("1000000000000", "10000000"), bytes(40_000_000))
    held = entries(file) | {"parameters.npy": bomb}
    seal(file, list(held.items()), kind)
    del bomb, held
    assert file.stat().st_size < 100_000
    tracemalloc.start()
    try:
        with pytest.raises(CheckpointError, match="no checkpoint: its arrays claim more bytes"):
            checkpoint.load(file)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_a_compressed_entry_is_refused_even_if_it_is_small(file: Path) -> None:
    seal(file, [("parameters.npy", npy(np.arange(9, dtype=np.float32)))], zipfile.ZIP_DEFLATED)
    with pytest.raises(CheckpointError, match="parameters is compressed"):
        checkpoint.load(file)


def test_bytes_that_several_entries_share_are_refused(file: Path) -> None:
    content = bytearray(file.read_bytes())
    # Each entry of the directory, 46 bytes and a name, is made to point to the largest array.
    directory = content.index(b"PK\x01\x02")
    with zipfile.ZipFile(file) as archive:
        infos = archive.infolist()
    largest = max(infos, key=lambda info: info.file_size)
    at = directory
    for info in infos:
        content[at + 20 : at + 28] = 2 * largest.file_size.to_bytes(4, "little")
        content[at + 42 : at + 46] = largest.header_offset.to_bytes(4, "little")
        at += 46 + len(info.filename) + len(info.extra)
    file.write_bytes(sealed(content))
    with pytest.raises(CheckpointError, match="no checkpoint: its arrays claim more bytes"):
        checkpoint.load(file)


@examples(300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_sealed_file_with_any_byte_changed_loads_or_is_refused(
    file: Path, data: st.DataObject
) -> None:
    checkpoint.save(file, example())
    content = bytearray(file.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(content) - checkpoint.DIGEST_LENGTH - 1))
        content[place] = data.draw(st.integers(0, 255))
    file.write_bytes(sealed(content))
    with suppress(CheckpointError):
        assert np.isfinite(checkpoint.load(file).parameters).all()


FINITE = st.floats(allow_nan=False, allow_infinity=False)


@examples(100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    arrays=st.lists(
        hypothesis.extra.numpy.arrays(
            st.sampled_from([np.float32, np.float64]),
            hypothesis.extra.numpy.array_shapes(min_dims=0, max_dims=2, min_side=0),
            elements=st.floats(-1e6, 1e6, width=32),
        ),
        min_size=1,
        max_size=3,
    ),
    history=st.lists(st.lists(FINITE, min_size=6, max_size=6), max_size=4),
    text=st.text(),
    counts=st.tuples(*[st.integers(0, 10**6)] * 3),
    sums=st.tuples(FINITE, st.floats(0, 1e9)),
)
def test_any_checkpoint_comes_back_as_it_was(
    tmp_path: Path,
    arrays: list[Any],
    history: list[list[float]],
    text: str,
    counts: tuple[int, int, int],
    sums: tuple[float, float],
) -> None:
    path = tmp_path / "last.npz"
    progress = Progress(
        [EpochRecord(n, *row) for n, row in enumerate(history, 1)],
        [LayerRecord(n, i, *row[:2]) for n, row in enumerate(history, 1) for i in (1, 2)],
        batch=counts[0],
        rows=counts[1],
        correct=counts[2],
        loss_sum=sums[0],
        seconds=sums[1],
    )
    config = text.replace("\0", "")  # NumPy ends a text there
    saved = Checkpoint(
        example().meta.model_copy(update={"config": config}),
        arrays[0],
        {f"state{number}": array for number, array in enumerate(arrays[1:])},
        progress,
    )
    checkpoint.save(path, saved)
    loaded = checkpoint.load(path)
    nothing = np.zeros(())  # a scalar may be compared; the arrays are compared below
    assert replace(loaded, parameters=nothing, optimizer_state={}) == replace(
        saved, parameters=nothing, optimizer_state={}
    )
    np.testing.assert_array_equal(loaded.parameters, arrays[0], strict=True)
    assert list(loaded.optimizer_state) == list(saved.optimizer_state)
    for name, array in saved.optimizer_state.items():
        np.testing.assert_array_equal(loaded.optimizer_state[name], array, strict=True)


def test_a_full_disk_leaves_nothing_exported(file: Path) -> None:
    """On Python 3.12.1 a buffer that outlived its bytes ended the process."""
    limited = (
        "import gc, resource, sys; from pathlib import Path\n"
        "from nntrain.training import checkpoint\n"
        "from nntrain.errors import NNTrainError\n"
        "path = Path(sys.argv[1]); loaded = checkpoint.load(path)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
        "try:\n    checkpoint.save(path, loaded)\n"
        "except NNTrainError as error:\n    print(error)\n"
        "gc.collect()\n"
    )
    before = file.read_bytes()
    done = subprocess.run(
        [sys.executable, "-W", "error", "-X", "dev", "-c", limited, file],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{file}: cannot be written: File too large; name another place\n"
    assert file.read_bytes() == before


def test_the_bytes_of_a_checkpoint_are_released_when_it_cannot_be_written(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    buffers: list[io.BytesIO] = []

    class Kept(io.BytesIO):
        def __init__(self, content: bytes = b"") -> None:
            super().__init__(content)
            buffers.append(self)

    monkeypatch.setattr("nntrain.training.checkpoint.io.BytesIO", Kept)
    with pytest.raises(NNTrainError, match="is a directory") as caught:
        checkpoint.save(file.parent, example())
    assert caught.tb is not None  # and with it the frames, and all that they name
    for buffer in buffers:
        buffer.close()  # a BufferError, were anything of it exported


def test_what_does_not_end_as_a_checkpoint_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "last.npz"
    with path.open("wb") as large:
        large.write(b"PK\x03\x04")
        large.truncate(8 << 30)  # of holes: nothing is written
    tracemalloc.start()
    with pytest.raises(CheckpointError, match="damaged, its checksum is wrong"):
        checkpoint.load(path)
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    subprocess.run(["mkfifo", tmp_path / "last.npz"], check=True)
    with pytest.raises(CheckpointError, match="not a regular file"):
        checkpoint.load(tmp_path / "last.npz")
