"""The measurements of a run, compared with other ways to compute them."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nntrain.config import Config, parse_config
from nntrain.config.build import build_network
from nntrain.explain.doctor.examination import (
    Sample,
    Snapshot,
    WeightChange,
    constant_loss,
    examine,
)
from nntrain.nn import LOSSES
from nntrain.training.reporter import Reporter
from nntrain.training.run import RunFolder
from nntrain.training.state import TrainingState
from tests.support.cli import succeed
from tests.support.csvs import make_dataset
from tests.support.examples import examples
from tests.support.tiny import CONFIG, stripes

CONFIGS = Path(__file__).parents[3] / "configs"


# Enough neurons for pictures of 14×14.
LECTURE = (CONFIGS / "lecture.yaml").read_text("utf-8").replace("dense: 100", "dense: 40")


def tiny(rows: int, *overrides: str) -> tuple[Config, TrainingState, Sample]:
    config = parse_config(CONFIG.format(train="train.csv"), "x", ("dtype=float64", *overrides))
    pixels, labels = stripes(rows)
    digits = make_dataset(pixels, labels)
    return config, TrainingState.initial(config, 16), Sample.of(config, digits.as_subset())


@pytest.mark.parametrize("dropout", [0.0, 0.4])
@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "leaky_relu"])
def test_delta_is_the_slope_of_e_along_z(activation: str, dropout: float) -> None:
    config, learning, sample = tiny(
        1,
        f"network=[{{dense: 5, activation: {activation}, dropout: {dropout}}}, "
        "{dense: 4, activation: tanh}, {dense: 3, activation: softmax}]",
    )
    network = learning.network
    slopes = []
    for layer in network.layers:  # moving b_i moves z_i
        slope = []
        for j in range(len(layer.biases)):
            values = []
            for change in (1e-6, -2e-6):
                layer.biases[j] += change
                values.append(network.loss.value(network.predict(sample.x), sample.y))
            layer.biases[j] += 1e-6
            slope.append((values[0] - values[1]) / 2e-6)
        slopes.append(float(np.linalg.norm(slope)))
    state = Snapshot.of(config, learning, sample)
    np.testing.assert_allclose(state.deltas, slopes, rtol=1e-6)
    assert state.gradient_ratio == pytest.approx(slopes[0] / slopes[-1])


def test_a_step_is_as_long_as_the_optimiser_makes_it() -> None:
    rate = "training.optimizer={name: adam, learning_rate: 0.001}"
    config, learning, sample = tiny(16, rate)
    weights = learning.network.parameters[: learning.network.weight_count].copy()
    # Adam's first step moves each weight by α, whatever its gradient.
    moved = 0.001 * np.sqrt(len(weights)) / np.linalg.norm(weights)
    assert Snapshot.of(config, learning, sample, steps=1).step == pytest.approx(moved, rel=1e-2)


def test_shares_of_saturated_outputs_and_dead_neurons_are_counted() -> None:
    config, learning, sample = tiny(
        30,
        "network=[{dense: 4, activation: relu}, {dense: 8, activation: sigmoid}, "
        "{dense: 3, activation: softmax}]",
    )
    first, second, _ = learning.network.layers
    first.weights[...], first.biases[...] = 0, [-1, 0, 1, 2]
    second.weights[...], second.biases[...] = 0, [-6, -4.3, 0, 1, 2, 3, 4.3, 6]  # σ′(4.36) = 1/80
    state = Snapshot.of(config, learning, sample)
    assert state.dead == [0.5, 0, 0]
    assert state.saturated == [0, 0.25, 0]


@given(
    classes=st.integers(2, 10),
    loss=st.sampled_from(sorted(LOSSES)),
    smoothing=st.sampled_from([0.0, 0.2]),
    answers=st.lists(st.floats(0.01, 0.99), min_size=10, max_size=10),
)
@examples(60)
def test_no_constant_answer_has_a_smaller_loss(
    classes: int, loss: str, smoothing: float, answers: list[float]
) -> None:
    output = {"cross_entropy": "softmax"}.get(loss, "sigmoid")
    config = parse_config(
        CONFIG.format(train="train.csv"),
        "x",
        (
            f"data.classes={classes}",
            f"network=[{{dense: {classes}, activation: {output}}}]",
            f"loss={loss}",
            f"training.label_smoothing={smoothing}",
        ),
    )
    labels = np.r_[np.arange(classes), np.zeros(3, np.int64)].astype(np.uint8)  # not equally many
    digits = make_dataset(np.zeros((len(labels), 4), np.uint8), labels)
    least = constant_loss(config, (digits.as_subset(), None))
    x = np.array(answers[:classes])
    if output == "softmax":
        x /= x.sum()
    y = np.eye(classes)[labels] * (1 - smoothing) + smoothing / classes
    assert least <= LOSSES[loss].value(np.tile(x, (len(y), 1)), y) + 1e-12


@pytest.mark.parametrize(
    ("overrides", "value"),
    [
        (("loss=squared_error",), 0.45),
        (("loss=cross_entropy", "network[1].activation=softmax"), 2.302585),
        (("loss=binary_cross_entropy",), 3.250830),
    ],
)
def test_the_constant_loss_is_that_of_the_lecture(overrides: tuple[str, ...], value: float) -> None:
    config = parse_config(LECTURE, "x", overrides)
    assert constant_loss(config, None) == pytest.approx(value, abs=1e-6)


def test_the_change_of_the_weights_is_measured() -> None:
    config, learning, _ = tiny(2)
    end = build_network(config, 16)
    end.parameters[...] = 3 * learning.network.parameters
    change = WeightChange.of(learning.network, end)
    assert change.moved == pytest.approx(2.0)
    assert change.shrunk == pytest.approx(3.0)
    assert change.symmetric == change.symmetric_at_start == []
    zeros = build_network(config, 16)
    assert WeightChange.of(zeros, end) == WeightChange(math.inf, math.inf, [], [1])
    assert WeightChange.of(end, zeros) == WeightChange(1.0, 0.0, [1], [])


def test_the_start_of_a_run_begun_with_other_weights_is_these_weights(folder: Path) -> None:
    still = ("--set", "training.optimizer={name: sgd, learning_rate: 1e-30}")
    succeed("fit", "tiny.yaml", "--run", "runs/old")
    succeed("fit", "tiny.yaml", *still, "--init", "runs/old")
    stats = examine(RunFolder(Path("runs/tiny")), None, Reporter(), 1)
    assert stats.weights is not None
    assert stats.weights.moved == 0
