"""Networks that were never trained: random weights, for tests of what is done with them."""

from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st

from nntrain.config import Config
from nntrain.config.build import build_rescale, initial_network
from nntrain.training.inference import Predictor
from nntrain.training.run import RunFolder
from tests.support.networks import HIDDEN

# Every pair of a loss and a last activation.
OUTPUTS = [
    *(("squared_error", name) for name in (*HIDDEN, "softmax")),
    ("cross_entropy", "softmax"),
    ("binary_cross_entropy", "sigmoid"),
]
# Layers of every kind, for pictures of 8×7 pixels.
PICTURES = {
    "data": {"image": (8, 7)},
    "network": (
        {"conv": 3, "kernel": 3, "padding": "same", "activation": "relu"},
        {"max_pool": 2, "stride": 1},
        {"conv": 4, "kernel": 2, "stride": 2, "activation": "tanh"},
        {"mean_pool": 2, "stride": 1},
        {"dense": 3, "activation": "softmax"},
    ),
}
DENSE = {
    "network": (
        {"dense": 70, "activation": "sigmoid"},
        {"dense": 3, "activation": "softmax"},
    )
}


def random_predictors(keys: dict[str, Any], inputs: int, members: int = 1) -> list[Predictor]:
    """Networks of a configuration with random weights and biases, as if loaded from runs.

    Args:
        keys: Keys of the configuration that are not the defaults.
        inputs: n_0.
        members: Number of networks.
    """
    classes = keys["network"][-1]["dense"]
    training = {"epochs": 1, "batch_size": 1, "optimizer": {"name": "sgd", "learning_rate": 1.0}}
    given = {"loss": "cross_entropy", "training": training, **keys}
    given["data"] = {"classes": classes, "train": "none.csv", **given.get("data", {})}
    predictors = []
    for seed in range(members):
        config = Config.model_validate({**given, "seed": given.get("seed", 0) + seed})
        model = Predictor.__new__(Predictor)  # without a checkpoint, which takes longer
        model.run, model.config = RunFolder(Path(f"runs/random/member-{seed + 1}")), config
        model.classes, model.scale = config.class_names, build_rescale(config)
        model.network = initial_network(config, inputs)
        rng = np.random.default_rng(config.seed)
        for layer in model.network.layers:
            layer.biases[...] = rng.normal(0, 0.5, layer.biases.shape)
        predictors.append(model)
    return predictors


@st.composite
def dense_networks(draw: st.DrawFn, members: int = 1) -> list[Predictor]:
    """Small random networks of dense layers that differ only in their weights."""
    loss, last = draw(st.sampled_from(OUTPUTS))
    hidden = st.tuples(st.integers(1, 70), st.sampled_from(HIDDEN))
    layers = [*draw(st.lists(hidden, max_size=3)), (draw(st.integers(2, 4)), last)]
    keys = {
        "network": tuple({"dense": width, "activation": name} for width, name in layers),
        "loss": loss,
        "data": {"input_range": (draw(st.sampled_from([0.0, -1.0, 0.25])), 1.5)},
        "dtype": draw(st.sampled_from(["float32", "float64"])),
        "seed": draw(st.integers(0, 1000)),
    }
    return random_predictors(keys, draw(st.integers(1, 81)), members)
