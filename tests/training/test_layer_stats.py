"""What is said of the layers, held against loops, and against slopes of E in prediction."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nntrain.config import Config
from nntrain.config.build import build_network, build_rescale
from nntrain.data.batches import one_hot
from nntrain.nn import ACTIVATIONS, Network
from nntrain.training.fit import fit
from nntrain.training.inference import Predictor
from nntrain.training.layer_stats import ROWS, LayerStats, saturated
from nntrain.training.reporter import Reporter
from nntrain.training.rows import read_data
from nntrain.training.run import RunFolder

MakeConfig = Callable[..., Config]
DROPOUT = ("network[0].dropout=0.5", "training.input_dropout=0.25", "dtype=float64")


def examined(config: Config, network: Network) -> list[tuple[float, float]]:
    rows = read_data(config, Reporter())[0]
    targets = one_hot(config.output_layer.dense, config.dtype)
    return LayerStats(network, rows, build_rescale(config), targets).compute()


def random_network(config: Config) -> Network:
    network = build_network(config, 16)
    network.parameters[...] = np.random.default_rng(0).normal(0, 0.5, network.parameters.size)
    return network


@pytest.mark.parametrize("overrides", [("dtype=float64",), DROPOUT])
def test_gradients_are_the_slopes_of_the_error_in_prediction(
    make_config: MakeConfig, overrides: tuple[str, ...]
) -> None:
    config = make_config(*overrides)
    network = random_network(config)
    rows = read_data(config, Reporter())[0]
    assert len(rows) < ROWS  # so all of them are looked at
    pixels = rows.dataset.pixels[rows.index]
    x = np.empty(pixels.shape)
    build_rescale(config).apply(pixels, x)
    y = np.eye(3)[rows.labels]
    for (_, told), (weights, _) in zip(
        examined(config, network), network.views(network.parameters), strict=True
    ):
        slopes = np.empty(weights.shape)
        for place in np.ndindex(*weights.shape):
            weight, step, errors = weights[place], 1e-5, []
            for moved in (weight + step, weight - step):
                weights[place] = moved
                errors.append(network.loss.value(network.predict(x), y))
            weights[place] = weight
            slopes[place] = (errors[0] - errors[1]) / (2 * step)
        assert told == pytest.approx(float(np.sqrt((slopes**2).mean())), rel=1e-5)


def test_examining_changes_nothing(make_config: MakeConfig) -> None:
    config = make_config(*DROPOUT)
    network = random_network(config)
    before = network.parameters.copy()
    assert examined(config, network) == examined(config, network)
    np.testing.assert_array_equal(network.parameters, before)


@pytest.mark.parametrize(
    ("name", "bounds"),
    [
        # Where σ′ is a twentieth of its greatest, by hand.
        ("sigmoid", (-4.357, 4.357)),  # x (1 − x) = 1/80
        ("tanh", (-2.178, 2.178)),  # tanh² z = 0.95
        ("scaled_tanh", (-3.267, 3.267)),  # tanh²(2z/3) = 0.95
        ("relu", (0, np.inf)),
        ("leaky_relu", (0, np.inf)),
        ("identity", (-np.inf, np.inf)),
    ],
)
def test_saturated_is_where_next_to_nothing_comes_back(
    name: str, bounds: tuple[float, float]
) -> None:
    z = np.array([[-9.0, bounds[0] - 0.01, bounds[0] + 0.01, bounds[1] - 0.01, bounds[1] + 0.01]])
    z[~np.isfinite(z)] = 7
    x = ACTIVATIONS[name].forward(z)
    expected = (z < bounds[0]) | (z > bounds[1])
    np.testing.assert_array_equal(saturated(ACTIVATIONS[name], x), expected)


def test_a_softmax_is_saturated_where_an_answer_is_sure() -> None:
    x = np.array([[0.02, 0.975, 0.005], [0.013, 0.986, 0.001]])
    np.testing.assert_array_equal(
        saturated(ACTIVATIONS["softmax"], x), [[False, False, True], [False, False, True]]
    )
    assert saturated(ACTIVATIONS["softmax"], np.array([[0.99, 0.01]])).all()


def test_fit_leaves_what_it_saw_in_every_epoch(make_config: MakeConfig, tmp_path: Path) -> None:
    config = make_config("training.epochs=3", "data.validation=0")
    run = fit(config, lambda: RunFolder.create(tmp_path / "seen", config), Reporter()).run
    layers = run.layers()
    assert [(seen.epoch, seen.layer) for seen in layers] == [
        (epoch, layer) for epoch in (1, 2, 3) for layer in (1, 2)
    ]
    # The last epoch is the best of this one, so what predicts is what was examined.
    assert [tuple(seen[2:]) for seen in layers[-2:]] == examined(config, Predictor(run).network)
