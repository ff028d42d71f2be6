"""Extreme settings train or diverge in one line, without warnings, which are errors in tests."""

from pathlib import Path

import pytest

from nntrain.classifier import NNClassifier
from tests.support.cli import run
from tests.support.tiny import stripes
from tests.support.variants import slow

SQUARED = ["loss=squared_error", "network[1].activation=sigmoid"]
RELU = ["network[0].activation=relu"]
SMALL_WEIGHTS = ["training.clip_norm=1e-30", "training.max_norm=1e-30", "training.average=1e-30"]
LARGE_WEIGHTS = ["data.input_range=[-1000, 1000]", "network[0].init={normal: 1000}", *RELU]
ADAM = "training.optimizer={{name: {}, learning_rate: {}, weight_decay: {}}}"


@pytest.mark.parametrize(
    "settings",
    [
        [*RELU, "training.optimizer={name: momentum, learning_rate: 1e10}"],
        [*SQUARED, ADAM.format("adamw", 3.4e38, 3.4e38)],
        SMALL_WEIGHTS,
        LARGE_WEIGHTS,
        ["training.schedule={name: step, every: 1e-30, factor: 1e-30}", "training.average=0.9999"],
        ["network[0].activation=identity", "network[1].activation=identity", "loss=squared_error",
         "dtype=float64", "training.optimizer={name: sgd, learning_rate: 3.4e38}"],
        *slow(
            [*SQUARED, "training.optimizer={name: sgd, learning_rate: 3.4e38}"],
            [*SQUARED, "training.optimizer={name: nesterov, learning_rate: 3.4e38}"],
            [*RELU, ADAM.format("adam", 1, 3.4e38), "training.l1=1e38"],
            ["training.optimizer={name: adam, beta1: 0.9999999999999999, beta2: 0, "
             "epsilon: 1e-30}"],
            ["training.optimizer={name: adam, learning_rate: 3.4e38, beta1: 0.9999999999999999}"],
            ["training.max_norm=3.4e38", "training.optimizer={name: sgd, learning_rate: 1e30}"],
            ["training.optimizer={name: sgd, learning_rate: 1e38}", "training.average=0.5"],
        ),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("undrawn")  # charts of extreme numbers have tests of their own
def test_no_command_warns_with_extreme_settings(folder: Path, settings: list[str]) -> None:
    options = [word for setting in settings for word in ("--set", setting)]
    fit = run("fit", "tiny.yaml", "--run", "r", "--set", "training.epochs=2", *options)
    lines = [fit]
    lines += [run(command, "tiny.yaml", *options) for command in ("trace", "gradcheck")]
    lines.append(run("doctor", "r"))
    if Path("r/best.npz").exists():
        lines += [
            run("evaluate", "r"),
            run("evaluate", "r", "--data", "data/test_labelled.csv"),
            run("predict", "r", "--test", "data/test.csv"),
            run("trace", "r"),
        ]
        if settings in (LARGE_WEIGHTS, SMALL_WEIGHTS):
            lines.append(run("report", "r"))
    else:
        assert "training has diverged; lower training.optimizer.learning_rate" in fit.stderr
    for result in lines:
        assert result.exit_code in (0, 1)
        assert "Warning" not in result.stderr
        assert "unexpectedly" not in result.stderr


def test_the_classifier_does_not_warn_of_huge_weights() -> None:
    pixels, labels = stripes(60)
    model = NNClassifier(
        (8,), "sigmoid", loss="squared_error", optimizer="sgd", learning_rate=1e38, epochs=1
    ).fit(pixels / 255, labels)
    assert model.predict(pixels / 255).shape == labels.shape
