"""Runs that begin with the weights of a file: exported, written by hand, or damaged."""

# ruff: noqa: E501  # a complaint is one line, here as on the terminal

import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import nntrain
from nntrain.config import Config
from nntrain.config.build import build_network
from nntrain.errors import CheckpointError, ConfigError, MissingLibraryError, NNTrainError
from nntrain.export import export
from nntrain.nn import Network
from nntrain.training import checkpoint, committee
from nntrain.training.fit import resume
from nntrain.training.inference import Predictor, load_models
from nntrain.training.initial_weights import weights_from
from nntrain.training.origin import RunName
from nntrain.training.reporter import Reporter
from nntrain.training.run import RunFolder
from nntrain.training.weight_files import read_weights
from tests.support.cli import refuse, succeed
from tests.support.examples import examples
from tests.support.runs import DENSE, PICTURES, dense_networks, random_predictors
from tests.support.training import CONVOLUTIONAL, Interrupting, assert_same

safetensors = pytest.importorskip("safetensors.numpy")
MakeConfig = Callable[..., Config]

# Of the tiny problem's network.
WEIGHTS: dict[str, Any] = {
    "W_1": np.arange(128.0).reshape(8, 16) / 128,
    "b_1": np.linspace(-1, 1, 8),
    "W_2": np.arange(24.0).reshape(3, 8) / 24,
    "b_2": np.array([0.5, -0.5, 0.25]),
}
ENDINGS = [".npz", ".safetensors"]


def begin(config: Config, folder: Path, file: Path, reporter: Reporter | None = None) -> RunFolder:
    weights = weights_from(file, config.members)
    arguments = (config, folder, RunName("name", None), reporter or Reporter(), 1)
    return committee.start(*arguments, init=weights).run


def beginning(config: Config, file: Path) -> Network:
    """A new network with the weights of a file."""
    (init,) = weights_from(file, 1)
    network = build_network(config, 16)
    init.check_fits(network)
    init.copy_to(network)
    return network


def refusal(config: Config, file: Path) -> str:
    """The one line about a file that a run cannot begin with; nothing is made."""
    with pytest.raises(NNTrainError) as caught:
        begin(config, file.parent / "run", file)
    assert not (file.parent / "run").exists()
    (line,) = str(caught.value).splitlines()
    place, _, fault = line.partition(": ")
    assert place == str(file)
    assert "; " in fault
    return fault


@pytest.mark.parametrize("ending", ENDINGS)
@given(models=dense_networks(members=2), is_committee=st.booleans())
@examples(15)
def test_what_was_exported_is_what_a_network_begins_with(
    ending: str, models: list[Predictor], is_committee: bool
) -> None:
    models = models[: 1 + is_committee]
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"weights{ending}"
        export(models, path)
        weights = weights_from(path, 2)
    for model, init in zip(models if is_committee else models * 2, weights, strict=True):
        network = build_network(model.config, model.network.widths[0])
        init.check_fits(network)
        init.copy_to(network)
        np.testing.assert_array_equal(network.parameters, model.network.parameters)


def test_a_run_begins_where_an_exported_one_ended_and_is_resumed_without_the_file(
    make_config: MakeConfig, tmp_path: Path
) -> None:
    old = committee.start(
        make_config(CONVOLUTIONAL), tmp_path / "old", RunName("name", None), Reporter(), 1
    ).run
    export(load_models([old]), tmp_path / "weights.npz")
    config = make_config(CONVOLUTIONAL, "training.average=0.8", "seed=8")
    from_run = begin(config, tmp_path / "from-run", old.folder)
    undisturbed = begin(config, tmp_path / "undisturbed", tmp_path / "weights.npz")
    assert_same(undisturbed, from_run)
    new = begin(config, tmp_path / "new", tmp_path / "weights.npz", Interrupting(13))
    (tmp_path / "weights.npz").unlink()
    resume(config, new, Reporter())
    assert_same(new, undisturbed)
    assert checkpoint.load(new.last_file).meta.init == str(tmp_path / "weights.npz")


@pytest.mark.parametrize(
    "save",
    [
        lambda path: np.savez_compressed(path, **WEIGHTS),
        lambda path: np.savez(path, **dict(WEIGHTS, W_1=np.asfortranarray(WEIGHTS["W_1"]))),
        lambda path: np.savez(path, **dict(WEIGHTS, W_1=WEIGHTS["W_1"].astype(">f8"))),
        lambda path: np.savez(path, **WEIGHTS, lr=0.1, names=np.array([{}], object)),
    ],
    ids=["compressed", "columns first", "big-endian", "with other arrays"],
)
def test_files_written_by_hand(
    make_config: MakeConfig, tmp_path: Path, save: Callable[[Path], None]
) -> None:
    save(tmp_path / "mine.npz")
    network = beginning(make_config(), tmp_path / "mine.npz")
    for number, layer in enumerate(network.layers, 1):
        np.testing.assert_array_equal(layer.weights, WEIGHTS[f"W_{number}"].astype(np.float32))
        np.testing.assert_array_equal(layer.biases, WEIGHTS[f"b_{number}"].astype(np.float32))


@pytest.mark.parametrize("dtype", [np.float16, np.float64, np.int8, np.uint32])
def test_numbers_of_any_type_are_converted(
    make_config: MakeConfig, tmp_path: Path, dtype: Any
) -> None:
    path = tmp_path / "mine.safetensors"
    whole = {name: np.rint(8 * array).clip(0).astype(dtype) for name, array in WEIGHTS.items()}
    safetensors.save_file(whole, path)
    network = beginning(make_config(), path)
    assert network.parameters.dtype == np.float32
    np.testing.assert_array_equal(network.layers[0].weights, whole["W_1"])


def with_one(name: str, value: float) -> NDArray[Any]:
    array: NDArray[Any] = WEIGHTS[name].copy()
    array.flat[-1] = value
    return array


SAME = "in the new network; --init needs weights of the same shapes"


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"W_1": np.ones((9, 16))}, f"W_1 is of shape (9, 16), but is of shape (8, 16) {SAME}"),
        ({"W_1": WEIGHTS["W_1"].T}, "W_1 is of shape (16, 8), but is of shape (8, 16) in the new network; transpose it"),
        ({"b_2": np.ones((3, 1))}, f"b_2 is of shape (3, 1), but is of shape (3,) {SAME}"),
        ({"b_2": None}, f"b_2 does not exist, but is of shape (3,) {SAME}"),
        ({"W_3": np.ones((3, 3))}, f"W_3 is of shape (3, 3), but does not exist {SAME}"),
        ({"W_2": with_one("W_2", np.nan)}, "W_2 has numbers that are not finite in float32; correct them"),
        ({"b_1": with_one("b_1", -np.inf)}, "b_1 has numbers that are not finite in float32; correct them"),
        ({"b_1": with_one("b_1", 1e39)}, "b_1 has numbers that are not finite in float32; correct them"),
        ({"b_1": np.ones(8, bool)}, "b_1 is of bool; write numbers"),
        ({"member1.W_1": np.ones((8, 16))}, "its members are not numbered from 1 on; name each array W_i or b_i, or of all members memberK.W_i"),
    ],
    ids=["width", "transposed", "biases", "missing", "more", "nan", "inf", "large", "bool", "mixed"],
)  # fmt: skip
def test_weights_that_do_not_fit_are_named(
    make_config: MakeConfig, tmp_path: Path, ending: str, changed: dict[str, Any], fault: str
) -> None:
    arrays = {name: array for name, array in {**WEIGHTS, **changed}.items() if array is not None}
    path = tmp_path / f"mine{ending}"
    if ending == ".npz":
        np.savez(path, **arrays)
    else:
        safetensors.save_file({k: np.ascontiguousarray(v) for k, v in arrays.items()}, path)
    assert refusal(make_config(), path) == fault


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x93NUMPY\x01\x00", b"\xff" * 99, b"hi"])
def test_other_files_are_refused(
    make_config: MakeConfig, tmp_path: Path, ending: str, content: bytes
) -> None:
    path = tmp_path / f"mine{ending}"
    path.write_bytes(content)
    assert refusal(make_config(), path).startswith("cannot be read as weights: ")


def test_pickles_are_not_loaded(make_config: MakeConfig, tmp_path: Path) -> None:
    np.savez(tmp_path / "mine.npz", W_1=np.array([{}], object))
    fault = refusal(make_config(), tmp_path / "mine.npz")
    assert fault.startswith("cannot be read as weights: Object arrays cannot be loaded")


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (["0.weight", "0.bias"], "0.weight, 0.bias"),
        (["fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias", "fc3.weight"], "fc1.weight, fc1.bias, fc2.weight, fc2.bias, …"),
        (["W_0", "W_01", "w_1"], "W_0, W_01, w_1"),
        ([], "no arrays"),
    ],
)  # fmt: skip
def test_other_names_are_answered_with_ours(
    make_config: MakeConfig, tmp_path: Path, names: list[str], shown: str
) -> None:
    arrays: dict[str, Any] = dict.fromkeys(names, np.ones(3))
    np.savez(tmp_path / "mine.npz", **arrays)
    assert refusal(make_config(), tmp_path / "mine.npz") == (
        f"has {shown} instead of W_1, b_1, …; rename them: the weights of layer i, of shape "
        "(n_i, n_{i−1}), W_i, and its biases b_i"
    )


def test_a_file_that_is_missing_or_a_checkpoint_is_refused(
    make_config: MakeConfig, tmp_path: Path
) -> None:
    fault = refusal(make_config(), tmp_path / "none.npz")
    assert fault == "no such file; name a run or its weights"
    np.savez(tmp_path / "mine.npz", **WEIGHTS)
    old = begin(make_config("training.epochs=1"), tmp_path / "old", tmp_path / "mine.npz")
    with pytest.raises(CheckpointError, match=f"a checkpoint; name its run instead: {old}$"):
        weights_from(old.best_file, 1)


def test_a_committee_of_another_size_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "two.npz"
    export(random_predictors(DENSE, 9, members=2), path)
    for members, what in ((1, "a single network"), (3, "a committee of 3")):
        with pytest.raises(ConfigError) as caught:
            weights_from(path, members)
        assert str(caught.value) == (
            f"{path}: a committee of 2 networks cannot be the beginning of {what}; "
            "export one of them as a file of its own"
        )
    assert [init.source for init in weights_from(path, 2)] == [
        f"{path}, member 1",
        f"{path}, member 2",
    ]


@cache
def exported(ending: str) -> bytes:
    """The content of a file with the weights of a convolutional network."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"weights{ending}"
        export(random_predictors(PICTURES, 56), path)
        return path.read_bytes()


@given(ending=st.sampled_from(ENDINGS), data=st.data())
@examples(60)
def test_a_damaged_file_is_read_or_refused(ending: str, data: st.DataObject) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"weights{ending}"
        content = bytearray(exported(ending))
        for _ in range(data.draw(st.integers(1, 4))):
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
        path.write_bytes(content[: data.draw(st.integers(0, len(content)))] or content)
        try:
            read_weights(path)
        except NNTrainError as error:
            assert len(str(error).splitlines()) == 1


def test_says_how_to_get_safetensors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "weights.safetensors"
    export(random_predictors(DENSE, 9), path)
    monkeypatch.setitem(sys.modules, "safetensors", None)
    with pytest.raises(MissingLibraryError, match=r'; pip install "nntrain\[safetensors\]"$'):
        weights_from(path, 1)


def test_the_command_and_python_begin_alike(folder: Path) -> None:
    np.savez("mine.npz", **WEIGHTS)
    result = succeed("fit", "tiny.yaml", "--init", "mine.npz", "--threads", "1")
    assert "runs/tiny: beginning with the weights of mine.npz\n" in result.stderr
    assert "began with the weights of mine.npz\n" in succeed("inspect", "runs/tiny").stdout
    run = nntrain.fit("tiny.yaml", init="mine.npz", run="runs/python", threads=1)
    assert_same(RunFolder(run.folder), RunFolder(Path("runs/tiny")))
    line = refuse(2, "fit", "tiny.yaml", "--init", "mine.npz", "--set", "network[0].dense=9")
    assert line == f"mine.npz: W_1 is of shape (8, 16), but is of shape (9, 16) {SAME}"
