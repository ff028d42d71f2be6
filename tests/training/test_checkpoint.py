import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nntrain.errors import CheckpointError
from nntrain.training import checkpoint
from nntrain.training.checkpoint import Checkpoint
from nntrain.training.progress import EpochRecord, Progress


def example() -> Checkpoint:
    rng = np.random.default_rng(0)
    history = [EpochRecord(1, 0.1, 0.01, 2.3, 0.1, 2.2, 0.2)]
    return Checkpoint(
        config="seed: 0\n",
        inputs=3,
        labels=[0, 1],
        data_digest="ab",
        parameters=rng.normal(size=9).astype(np.float32),
        optimizer_state={"velocity": rng.normal(size=9).astype(np.float32)},
        progress=Progress(history, batch=3, rows=48, loss_sum=0.1 + 0.2, correct=7, seconds=1 / 3),
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "last.npz"
    checkpoint.save(path, example())
    return path


def test_everything_comes_back_exactly(file: Path) -> None:
    loaded, saved = checkpoint.load(file), example()
    assert loaded.progress == saved.progress
    assert (loaded.config, loaded.inputs, loaded.labels) == (saved.config, saved.inputs, [0, 1])
    np.testing.assert_array_equal(loaded.parameters, saved.parameters)
    assert loaded.parameters.dtype == np.float32
    np.testing.assert_array_equal(
        loaded.optimizer_state["velocity"], saved.optimizer_state["velocity"]
    )


def test_numpy_opens_it_without_pickles(file: Path) -> None:
    with np.load(file, allow_pickle=False) as archive:
        assert set(archive.files) == {"meta", "history", "parameters", "optimizer.velocity"}
        assert json.loads(str(archive["meta"]))["format"] == checkpoint.FORMAT


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_one_wrong_bit_anywhere_is_noticed(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("bits") / "last.npz"
    checkpoint.save(path, example())
    content = bytearray(path.read_bytes())
    position = data.draw(st.integers(0, len(content) - 1))
    content[position] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="not a whole checkpoint"):
        checkpoint.load(path)


def test_a_file_cut_at_any_length_is_noticed(file: Path) -> None:
    content = file.read_bytes()
    for length in range(0, len(content), 7):
        file.write_bytes(content[:length])
        with pytest.raises(CheckpointError, match="not a whole checkpoint"):
            checkpoint.load(file)


def test_a_missing_file_and_another_format_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CheckpointError, match="No such file"):
        checkpoint.load(tmp_path / "none.npz")
    monkeypatch.setattr(checkpoint, "FORMAT", 99)
    checkpoint.save(tmp_path / "new.npz", example())
    monkeypatch.undo()
    with pytest.raises(CheckpointError, match=r"format 99, but this is nntrain .* reads format 1"):
        checkpoint.load(tmp_path / "new.npz")


def test_a_file_with_a_right_digest_but_no_checkpoint_in_it_is_refused(file: Path) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("parameters.npy", b"nothing")
        archive.comment = bytes(checkpoint.DIGEST_LENGTH)
    content = bytearray(file.read_bytes())
    content[-checkpoint.DIGEST_LENGTH :] = checkpoint._digest(
        memoryview(content)[: -checkpoint.DIGEST_LENGTH]
    )
    file.write_bytes(content)
    with pytest.raises(CheckpointError, match="not a checkpoint of nntrain"):
        checkpoint.load(file)
