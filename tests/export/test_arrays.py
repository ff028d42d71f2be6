"""Exported arrays: the network can be calculated from them alone."""

import json
import struct
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from nntrain import __version__
from nntrain.errors import NNTrainError
from nntrain.export import export
from nntrain.training.inference import Predictor, probabilities
from tests.support.csvs import make_dataset
from tests.support.examples import examples
from tests.support.runs import DENSE, PICTURES, dense_networks, random_predictors

safetensors = pytest.importorskip("safetensors.numpy")

# The formulas of the lecture, written again.
SIGMAS: dict[str, Callable[[NDArray[Any]], NDArray[Any]]] = {
    "identity": lambda z: z,
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": np.tanh,
    "scaled_tanh": lambda z: 1.7159 * np.tanh(2 / 3 * z),
    "relu": lambda z: np.where(z > 0, z, 0),
    "leaky_relu": lambda z: np.where(z > 0, z, 0.01 * z),
    "softmax": lambda z: np.exp(z) / np.exp(z).sum(),
}


def shares(x: NDArray[Any]) -> NDArray[Any]:
    """The probabilities of outputs that were trained towards 0 and 1."""
    x = x - (0 if x.max() > 0 else x.min())
    return np.where(x > 0, x, 0) / max(x[x > 0].sum(), 1e-30) if x.any() else x + 1 / len(x)


def saved(models: list[Predictor], folder: Path) -> Any:
    """The arrays of an exported file."""
    export(models, folder / "weights.npz")
    return np.load(folder / "weights.npz")


def by_hand(arrays: Mapping[str, Any], pixels: NDArray[np.uint8], member: str = "") -> Any:
    """x_L of one row: x_i = σ(W_i x_{i−1} + b_i)."""
    slope, low = arrays["pixel_scale"]
    x = slope * pixels.astype(np.float64) + low
    for i, activation in enumerate(arrays["activations"], 1):
        x = SIGMAS[activation](arrays[f"{member}W_{i}"] @ x + arrays[f"{member}b_{i}"])
    return shares(x) if activation != "softmax" else x


@given(dense_networks(), st.integers(0, 2**32))
@examples(50)
def test_a_forward_pass_by_hand_has_the_probabilities(models: list[Predictor], seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (5, models[0].network.widths[0]))
    digits = make_dataset(pixels.astype(np.uint8))
    with TemporaryDirectory() as folder, saved(models, Path(folder)) as arrays:
        atol = 1e-5 if arrays["W_1"].dtype == np.float32 else 1e-11
        for row, answer in zip(
            digits.pixels, probabilities(models, digits.as_subset()), strict=True
        ):
            np.testing.assert_allclose(by_hand(arrays, row), answer, rtol=0, atol=atol)


def test_arrays_have_the_lecture_s_shapes_and_their_description(tmp_path: Path) -> None:
    (model,) = random_predictors({**DENSE, "data": {"input_range": (-1.0, 1.0)}}, 9)
    with saved([model], tmp_path) as arrays:
        shapes = {name: arrays[name].shape for name in arrays if name[1] == "_"}
        assert shapes == {"W_1": (70, 9), "b_1": (70,), "W_2": (3, 70), "b_2": (3,)}
        np.testing.assert_array_equal(arrays["W_1"], model.network.layers[0].weights)
        assert arrays["W_1"].flags.c_contiguous
        assert arrays["activations"].tolist() == ["sigmoid", "softmax"]
        assert arrays["classes"].tolist() == ["0", "1", "2"]
        assert arrays["pixel_scale"].tolist() == [2 / 255, -1]
        assert arrays["input_shape"].tolist() == [9]
        assert arrays["runs"].tolist() == [str(model.run)]
        assert arrays["nntrain"] == __version__


def test_layers_without_weights_leave_a_gap_in_the_numbers(tmp_path: Path) -> None:
    with saved(random_predictors(PICTURES, 56), tmp_path) as arrays:
        shapes = {name: arrays[name].shape for name in arrays if name[:2] == "W_"}
        assert shapes == {"W_1": (3, 3, 3, 1), "W_3": (4, 2, 2, 3), "W_5": (3, 16)}
        assert list(map(json.loads, arrays["layers"])) == [
            {"conv": 3, "kernel": 3, "stride": 1, "padding": 1},
            {"max_pool": 2, "stride": 1},
            {"conv": 4, "kernel": 2, "stride": 2, "padding": 0},
            {"mean_pool": 2, "stride": 1},
            {"dense": 3},
        ]
        activations = ["relu", "identity", "tanh", "identity", "softmax"]
        assert arrays["activations"].tolist() == activations
        assert arrays["input_shape"].tolist() == [8, 7, 1]


def test_members_of_a_committee_have_a_prefix(tmp_path: Path) -> None:
    models = random_predictors(DENSE, 9, members=3)
    digits = make_dataset(np.arange(9, dtype=np.uint8)[None] * 20)
    with saved(models, tmp_path) as arrays:
        answers = [by_hand(arrays, digits.pixels[0], f"member{number}.") for number in (1, 2, 3)]
        assert arrays["runs"].tolist() == [str(model.run) for model in models]
    (expected,) = probabilities(models, digits.as_subset())
    np.testing.assert_allclose(np.mean(answers, axis=0), expected, rtol=0, atol=1e-6)
    assert np.ptp(answers, axis=0).max() > 1e-3


@given(dense_networks(members=2))
@examples(30)
def test_safetensors_hold_the_same_as_npz(models: list[Predictor]) -> None:
    with TemporaryDirectory() as folder, saved(models, Path(folder)) as arrays:
        path = Path(folder) / "weights.safetensors"
        export(models, path)
        found = {name: arrays[name] for name in arrays}
        for name, array in safetensors.load_file(path).items():
            assert array.dtype == found[name].dtype
            np.testing.assert_array_equal(array, found.pop(name))
        # Of the form that is published: a length, JSON, numbers.
        (length,) = struct.unpack("<Q", path.read_bytes()[:8])
        metadata = json.loads(path.read_bytes()[8 : 8 + length])["__metadata__"]
        assert metadata.pop("nntrain") == found.pop("nntrain") == __version__
        assert {name: json.loads(text) for name, text in metadata.items()} == {
            name: array.tolist() for name, array in found.items()
        }


def test_says_how_to_get_safetensors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    path = tmp_path / "weights.safetensors"
    with pytest.raises(
        NNTrainError, match=r'\.safetensors: .*; pip install "nntrain\[safetensors\]"$'
    ):
        export(random_predictors(DENSE, 9), path)
    assert not path.exists()
