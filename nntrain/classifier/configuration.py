"""The parameters of `NNClassifier` as a configuration."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from nntrain.config import Config, make_config
from nntrain.config.schema import OUTPUT_FOR
from nntrain.errors import ConfigError

_PLACEHOLDER = 10  # classes; a Config has at most 10, but a classifier may have more


def config_of(parameters: Mapping[str, Any], seed: object, classes: int) -> Config:
    """The parameters as a validated configuration.

    Args:
        parameters: Those of `NNClassifier`, by name.
        seed: The seed.
        classes: Number of outputs.

    Raises:
        ConfigError: If a parameter is invalid.
    """
    stops_early = bool(parameters["early_stopping"])
    if stops_early and isinstance(parameters["validation_fraction"], str | Mapping):
        raise ConfigError("NNClassifier: validation_fraction: must be a share of the rows")
    config = make_config(
        {
            "seed": seed,
            "dtype": parameters["dtype"],
            "data": {
                "train": "X",
                "validation": parameters["validation_fraction"] if stops_early else 0,
                "classes": _PLACEHOLDER,
                "image": parameters["image_shape"],
            },
            "network": _layers(parameters),
            "loss": parameters["loss"],
            "training": {
                "patience": parameters["patience"] if stops_early else None,
                "optimizer": _optimizer(parameters),
                "schedule": _named(parameters["schedule"]),
                **{
                    name: parameters[name]
                    for name in (
                        *("epochs", "batch_size", "input_dropout", "label_smoothing"),
                        *("l1", "max_norm", "clip_norm", "average"),
                    )
                },
            },
        },
        "NNClassifier",
    )
    *layers, output = config.network
    answer = output.model_copy(update={"dense": classes})
    return config.model_copy(update={"network": (*layers, answer)})


def seed_of(random_state: object) -> object:
    """A seed: drawn anew unless it is a number."""
    match random_state:
        case None:
            return int(np.random.default_rng().integers(2**32))
        case np.random.Generator():
            return int(random_state.integers(2**32))
        case np.random.RandomState():
            return int(random_state.randint(2**31))
    return random_state


def _layers(parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    hidden = {name: parameters[name] for name in ("activation", "init", "dropout")}
    last = OUTPUT_FOR.get(parameters["loss"], "sigmoid")
    convolutions = [dict(layer) for layer in parameters["convolutions"]]
    return [
        *({**hidden, **layer} if "conv" in layer else layer for layer in convolutions),
        *({"dense": neurons, **hidden} for neurons in np.ravel(parameters["hidden"]).tolist()),
        {"dense": _PLACEHOLDER, "activation": last},
    ]


def _optimizer(parameters: Mapping[str, Any]) -> dict[str, Any]:
    decay = parameters["weight_decay"]
    return {
        "learning_rate": parameters["learning_rate"],
        **({} if decay is None else {"weight_decay": decay}),
        **_named(parameters["optimizer"]),
    }


def _named(choice: str | Mapping[str, Any]) -> Mapping[str, Any]:
    return {"name": choice} if isinstance(choice, str) else choice
