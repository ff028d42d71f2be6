"""What ONNX Runtime makes of an exported network, held against nntrain itself."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from nntrain import __version__
from nntrain.config import Config, load_config
from nntrain.data.kaggle import write_csv
from nntrain.errors import DataError, NNTrainError
from nntrain.export import export
from nntrain.export.onnx import build_onnx, export_onnx
from nntrain.nn.arrays import Array
from nntrain.training.committee import fit_committee
from nntrain.training.fit import fit
from nntrain.training.inference import Predictor, load_models, probabilities
from nntrain.training.reporter import Reporter
from nntrain.training.run import RunFolder
from tests.support.csvs import make_dataset
from tests.support.tiny import stripes
from tests.support.variants import slow

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

LAST = {
    "squared_error": [
        "identity",
        "sigmoid",
        "tanh",
        "scaled_tanh",
        "relu",
        "leaky_relu",
        "softmax",
    ],
    "cross_entropy": ["softmax"],
    "binary_cross_entropy": ["sigmoid"],
}
HIDDEN = [name for name in LAST["squared_error"] if name != "softmax"]


@pytest.fixture
def train(tmp_path: Path, make_config: Callable[..., Config]) -> Callable[..., list[Predictor]]:
    """Trains the tiny problem for an epoch, with overrides."""

    def trained(*overrides: str) -> list[Predictor]:
        config = make_config("training.epochs=1", *overrides)
        begin = fit_committee if config.members > 1 else fit
        outcome = begin(
            config,
            lambda: RunFolder.create(tmp_path / "-".join(["run", *overrides]), config),
            Reporter(),
        )
        return load_models([outcome.run])

    return trained


def answers(path: Path, pixels: NDArray[np.uint8]) -> Array:
    onnx.checker.check_model(str(path), full_check=True)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (answer,) = session.run(["probabilities"], {"pixels": pixels.astype(np.float32)})
    return np.asarray(answer)


def agree(models: list[Predictor], path: Path, pixels: NDArray[np.uint8]) -> None:
    """In batches of several sizes."""
    export_onnx(models, path)
    for count in (1, 7, len(pixels)):
        rows = make_dataset(pixels[:count]).as_subset()
        theirs = answers(path, pixels[:count])
        assert theirs.dtype == np.float32
        np.testing.assert_allclose(theirs, probabilities(models, rows), rtol=0, atol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", *slow("float64")])
@pytest.mark.parametrize(
    ("loss", "last"), [(loss, last) for loss, names in LAST.items() for last in names]
)
def test_every_loss_after_every_activation(
    train: Callable[..., list[Predictor]], tmp_path: Path, loss: str, last: str, dtype: str
) -> None:
    models = train(f"loss={loss}", f"network[1].activation={last}", f"dtype={dtype}")
    agree(models, tmp_path / "model.onnx", stripes(1000, seed=1)[0])


@pytest.mark.parametrize("dtype", ["float64", *slow("float32")])
@pytest.mark.parametrize("hidden", HIDDEN)
def test_every_activation_of_hidden_layers(
    train: Callable[..., list[Predictor]], tmp_path: Path, hidden: str, dtype: str
) -> None:
    models = train(
        f"network=[{{dense: 9, activation: {hidden}}}, {{dense: 8, activation: {hidden}}}, "
        "{dense: 3, activation: softmax}]",
        f"dtype={dtype}",
        "data.input_range=[-1.0, 1.0]",
    )
    agree(models, tmp_path / "model.onnx", stripes(1000, seed=1)[0])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "layers",
    [
        "{conv: 4, kernel: 2, activation: tanh}, {max_pool: 2, stride: 1}",
        "{conv: 4, kernel: 3, activation: relu, padding: same}, {mean_pool: 2}",
        "{conv: 4, kernel: 2, activation: sigmoid, stride: 2}, "
        "{conv: 5, kernel: 2, activation: relu}, {dense: 6, activation: tanh}",
        "{mean_pool: 3, stride: 1}, {max_pool: 2}",
    ],
)
def test_convolution_and_pooling(
    train: Callable[..., list[Predictor]], tmp_path: Path, layers: str, dtype: str
) -> None:
    models = train(f"network=[{layers}, {{dense: 3, activation: softmax}}]", f"dtype={dtype}")
    agree(models, tmp_path / "model.onnx", stripes(1000, seed=1)[0])


def test_pictures_in_colour_that_are_no_square(
    train: Callable[..., list[Predictor]], tmp_path: Path
) -> None:
    layers = "{conv: 4, kernel: 3, activation: tanh, padding: same}, {max_pool: 2, stride: 1}"
    models = train(
        f"network=[{layers}, {{dense: 3, activation: softmax}}]",
        "data.image=[2, 4, 2]",
        "data.input_range=[-1.0, 1.0]",
    )
    agree(models, tmp_path / "model.onnx", stripes(1000, seed=1)[0])


def test_a_committee_of_convolutions(train: Callable[..., list[Predictor]], tmp_path: Path) -> None:
    layers = "{conv: 4, kernel: 2, activation: tanh}, {max_pool: 2}"
    models = train(f"network=[{layers}, {{dense: 3, activation: softmax}}]", "members=2")
    agree(models, tmp_path / "model.onnx", stripes(1000, seed=1)[0])


def test_what_dropout_left_out_counts_for_its_share(
    train: Callable[..., list[Predictor]], tmp_path: Path
) -> None:
    models = train("network[0].dropout=0.5", "training.input_dropout=0.2")
    agree(models, tmp_path / "model.onnx", stripes(1000, seed=1)[0])


def test_the_moving_average_is_what_is_exported(
    train: Callable[..., list[Predictor]], tmp_path: Path
) -> None:
    models = train("training.average=0.9")
    agree(models, tmp_path / "model.onnx", stripes(1000, seed=1)[0])


def test_a_committee_is_one_network(train: Callable[..., list[Predictor]], tmp_path: Path) -> None:
    models = train("members=3", "data.input_range=[-1.0, 1.0]")
    assert len(models) == 3
    agree(models, tmp_path / "model.onnx", stripes(1000, seed=1)[0])
    single = answers(tmp_path / "model.onnx", stripes(1000, seed=1)[0])
    agree(models[:1], tmp_path / "model.onnx", stripes(1000, seed=1)[0])
    assert np.abs(single - answers(tmp_path / "model.onnx", stripes(1000, seed=1)[0])).max() > 1e-3


def test_networks_of_two_precisions_vote_together(
    train: Callable[..., list[Predictor]], tmp_path: Path
) -> None:
    models = [*train("dtype=float64"), *train("dtype=float32")]
    agree(models, tmp_path / "model.onnx", stripes(1000, seed=1)[0])


@pytest.mark.parametrize("outputs", [[0, 0, 0], [-3, -1, -1], [-1, 0, 0], [-2, 1, 3], [2, 2, 0]])
def test_outputs_that_lie_below_zero_become_shares_too(
    train: Callable[..., list[Predictor]], tmp_path: Path, outputs: list[float]
) -> None:
    models = train("loss=squared_error", "network[1].activation=identity")
    network = models[0].network
    network.parameters.fill(0)
    network.layers[-1].biases[...] = outputs
    agree(models, tmp_path / "model.onnx", stripes(20)[0])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_shares_of_sigmoids_that_are_nearly_zero_are_as_exact_as_others(
    train: Callable[..., list[Predictor]], tmp_path: Path, dtype: str
) -> None:
    (model,) = train(
        "loss=squared_error", "network=[{dense: 3, activation: sigmoid}]", f"dtype={dtype}"
    )
    model.network.parameters.fill(0)
    model.network.layers[0].biases[...] = z = np.array([-12.5, -11.75, -14.0])
    export_onnx([model], tmp_path / "model.onnx")
    outputs = 1 / (1 + np.exp(-z))
    given = answers(tmp_path / "model.onnx", stripes(1)[0])
    np.testing.assert_allclose(given, [outputs / outputs.sum()], rtol=0, atol=1e-6)


def test_the_file_says_what_it_is(train: Callable[..., list[Predictor]]) -> None:
    models = train()
    made = build_onnx(models)
    said = {item.key: item.value for item in made.metadata_props}
    assert said == {"classes": "0,1,2", "nntrain": __version__, "runs": str(models[0].run)}
    assert (made.producer_name, made.producer_version) == ("nntrain", __version__)
    assert [opset.version for opset in made.opset_import] == [11]
    assert made.ir_version == 6


def test_members_must_know_the_same_classes_and_pictures(
    train: Callable[..., list[Predictor]], tmp_path: Path
) -> None:
    (first,), (other,) = train(), train("seed=1")
    other.network.shapes[0] = (25,)
    with pytest.raises(DataError, match="pictures of different sizes; name alike ones"):
        export([first, other], tmp_path / "model.onnx")
    other.classes = ("a", "b", "c")
    with pytest.raises(DataError, match="different classes; name alike ones"):
        export([first, other], tmp_path / "model.onnx")
    assert not (tmp_path / "model.onnx").exists()


def test_says_how_to_get_onnx(
    train: Callable[..., list[Predictor]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = train()
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(NNTrainError, match=r'model\.onnx: .*; pip install "nntrain\[onnx\]"$'):
        export_onnx(models, tmp_path / "model.onnx")
    assert not (tmp_path / "model.onnx").exists()


@pytest.mark.skipif("NNTRAIN_MNIST" not in os.environ, reason="NNTRAIN_MNIST names no folder")
@pytest.mark.parametrize(
    "overrides",
    [
        [],
        *slow(
            [
                "network=[{conv: 8, kernel: 5, activation: relu}, {max_pool: 2}, "
                "{conv: 16, kernel: 3, activation: relu, padding: same}, {mean_pool: 2}, "
                "{dense: 10, activation: softmax}]"
            ],
        ),
    ],
    ids=["dense", "convolution"],
)
def test_a_thousand_real_images(tmp_path: Path, overrides: list[str]) -> None:
    train = pd.read_csv(Path(os.environ["NNTRAIN_MNIST"]) / "train.csv.gz", nrows=4000)
    pixels, labels = train.drop(columns="label").to_numpy(np.uint8), train["label"].to_numpy()
    write_csv(tmp_path / "train.csv", pixels[:3000], labels[:3000])
    config = load_config(
        "configs/quick.yaml",
        [f"data.train={tmp_path / 'train.csv'}", "training.epochs=3", *overrides],
    )
    run = fit(config, lambda: RunFolder.create(tmp_path / "run", config), Reporter()).run
    agree(load_models([run]), tmp_path / "model.onnx", pixels[3000:])
