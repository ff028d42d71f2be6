"""A network with convolution and pooling, through every command that takes a network."""

import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntrain import NNClassifier
from nntrain.training import checkpoint
from tests.support.cli import refuse, succeed
from tests.support.terminal import Terminal
from tests.support.tiny import SWEEP, TINY, stripes

CONV = TINY.replace(
    "  - {dense: 8, activation: sigmoid}\n",
    "  - {conv: 4, kernel: 2, activation: tanh, dropout: 0.1}\n  - {max_pool: 2, stride: 1}\n",
)


@pytest.fixture
def pictures(folder: Path) -> Path:
    (folder / "tiny.yaml").write_text(CONV)
    return folder


def test_every_command_takes_it(pictures: Path) -> None:
    summary = succeed("inspect", "tiny.yaml").stdout
    assert "4×4×1-3×3×4-2×2×4-3" in summary
    assert "(4, 2, 2, 1)" in summary
    assert (
        "right: backpropagation and numerical gradients agree"
        in succeed("gradcheck", "tiny.yaml").stdout
    )
    succeed("fit", "tiny.yaml", "--set", "training.epochs=30")
    assert float(succeed("evaluate").stdout.split()[1].rstrip("%")) > 90
    traced = succeed("trace", "runs/tiny").stdout
    assert "windows of x_0  (9, 4)" in traced
    assert "δ_2             (2, 2, 4)" in traced
    assert "W_2" not in traced
    succeed("doctor", "runs/tiny")
    succeed("predict")
    layers = (pictures / "runs/tiny/layers.csv").read_text().splitlines()
    assert layers[2].split(",")[1:] == ["2", "0.0", "0.0"], "pooling has no weights"
    assert checkpoint.load(pictures / "runs/tiny/best.npz").meta.format == 4


def test_the_doctor_changes_no_keys_that_pools_do_not_have(pictures: Path) -> None:
    small = "activation: tanh, init: {normal: 1e-4}"
    network = (
        f"network=[{{conv: 4, kernel: 2, {small}}}, {{max_pool: 2, stride: 1}}, "
        f"{{dense: 8, {small}}}, {{dense: 3, activation: softmax}}]"
    )
    optimizer = "training.optimizer={name: sgd, learning_rate: 0.01}"
    succeed("fit", "tiny.yaml", "--set", network, "--set", optimizer)
    command = succeed("doctor", "runs/tiny").stdout.splitlines()[-1]
    assert "network[0].init=null" in command
    words = shlex.split(command.removeprefix("  try: nntrain fit "))
    succeed("inspect", *words)


def test_its_feature_maps_are_drawn(pictures: Path, terminal: Terminal) -> None:
    succeed("fit", "tiny.yaml")
    assert "x_1: 4 of 4 feature maps" in terminal("trace", "runs/tiny")


def test_a_resumed_run_ends_as_one_that_was_not_interrupted(pictures: Path) -> None:
    succeed("fit", "tiny.yaml", "--run", "whole")
    succeed("fit", "tiny.yaml", "--run", "parts", "--set", "training.epochs=2")
    succeed("fit", "tiny.yaml", "--run", "parts", "--resume")
    whole, parts = (checkpoint.load(pictures / f"{run}/last.npz") for run in ("whole", "parts"))
    np.testing.assert_array_equal(whole.parameters, parts.parameters)


@pytest.mark.usefixtures("no_workers")
def test_sweeps_vary_its_filters(pictures: Path) -> None:
    sweep = SWEEP.replace(
        "network[0].dense: {whole: [2, 10], step: 2}", "network[0].conv: {whole: [2, 6]}"
    )
    (pictures / "sweep.yaml").write_text(sweep.replace("trials: 6", "trials: 2"))
    assert "network[0].conv" in succeed("sweep", "sweep.yaml").stdout


def test_windows_larger_than_the_picture_are_one_line_and_leave_nothing(pictures: Path) -> None:
    line = refuse(2, "fit", "tiny.yaml", "--set", "network[0].kernel=5")
    assert line == (
        "network[0].kernel: windows of 5 do not fit into its input of 4×4×1; at most 4 fit"
    )
    assert not (pictures / "runs").exists()


def test_the_classifier_takes_pictures() -> None:
    pixels, labels = stripes(260)
    layers = [{"conv": 4, "kernel": 2}, {"max_pool": 2}]
    options: dict[str, Any] = {"hidden": (), "epochs": 40, "learning_rate": 0.02}
    square, shaped = (
        NNClassifier(convolutions=layers, image_shape=shape, **options).fit(pixels / 255, labels)
        for shape in (None, (4, 4, 1))
    )
    assert np.mean(square.predict(pixels / 255) == labels) > 0.9
    np.testing.assert_array_equal(square.parameters_, shaped.parameters_)
