"""Layers of pictures: their shapes, and every wrong one in one line."""

# ruff: noqa: E501  # an issue is one line, here as on the terminal

from typing import Any

import pytest

from nntrain.config import make_config
from nntrain.config.build import build_network, initial_network
from nntrain.config.schema import Config
from nntrain.errors import ConfigError

DENSE = {"dense": 10, "activation": "softmax"}


def config_of(*layers: dict[str, Any], image: list[int] | None = None) -> Config:
    return make_config(
        {
            "data": {"train": "x.csv", "image": image},
            "network": [*layers, DENSE],
            "loss": "cross_entropy",
            "training": {"epochs": 1, "optimizer": "adam"},
        },
        "config",
    )


def conv(filters: int, kernel: int, **more: Any) -> dict[str, Any]:
    return {"conv": filters, "kernel": kernel, "activation": "relu", **more}


def test_shapes_are_found_by_themselves() -> None:
    config = config_of(
        conv(6, 5),
        {"max_pool": 2},
        conv(16, 5, padding="same"),
        {"mean_pool": 3, "stride": 2},
        {"dense": 20, "activation": "tanh"},
    )
    network = initial_network(config, 784)
    assert network.shapes == [
        *((28, 28, 1), (24, 24, 6), (12, 12, 6), (12, 12, 16), (5, 5, 16)),
        *((20,), (10,)),
    ]
    assert network.layers[0].weights.shape == (6, 5, 5, 1)
    assert network.layers[4].weights.shape == (20, 400)
    assert network.layers[0].weights.std() > 0.1, "drawn from the seed"


@pytest.mark.parametrize(
    ("image", "pixels", "shape"),
    [
        (None, 64, (8, 8, 1)),
        ([4, 16], 64, (4, 16, 1)),
        ([4, 4, 4], 64, (4, 4, 4)),
        ([28, 28, 3], 2352, (28, 28, 3)),
    ],
)
def test_pictures_have_the_shape_of_a_key_or_are_square(
    image: list[int] | None, pixels: int, shape: tuple[int, ...]
) -> None:
    assert build_network(config_of(conv(2, 3), image=image), pixels).shapes[0] == shape


@pytest.mark.parametrize(
    ("layers", "line"),
    [
        ([conv(2, 4, padding="same")], "network[0].kernel: padding: same needs an odd kernel, not 4"),
        ([conv(2, 3, stride=0)], "network[0].stride: must be at least 1, not 0"),
        ([conv(2, 0)], "network[0].kernel: must be at least 1, not 0"),
        ([conv(0, 3)], "network[0].conv: must be at least 1, not 0"),
        ([conv(2, 3, padding="full")], "network[0].padding: unknown padding 'full'; choose from valid, same"),
        ([conv(2, 3, activation="softmax")], "network[0].activation: softmax belongs in the last layer only; choose another"),
        ([conv(2, 3, strides=2)], "network[0]: unknown key 'strides'; its name here is 'stride'"),
        ([{"conv": 2, "activation": "relu"}], "network[0]: missing key 'kernel' (height and width of a window)"),
        ([{"conv": 2, "kernel": 3}], "network[0]: missing key 'activation' (activation function of the weighted sums); choose from identity, sigmoid, tanh, scaled_tanh, relu, leaky_relu, softmax"),
        ([{"max_pool": 0}], "network[0].max_pool: must be at least 1, not 0"),
        ([DENSE | {"activation": "relu"}, conv(2, 3)], "network[1]: layers of pictures come before the first dense one"),
        ([DENSE | {"activation": "relu"}, {"mean_pool": 2}], "network[1]: layers of pictures come before the first dense one"),
    ],
)  # fmt: skip
def test_a_wrong_layer_is_one_line(layers: list[dict[str, Any]], line: str) -> None:
    with pytest.raises(ConfigError) as raised:
        config_of(*layers)
    assert str(raised.value) == f"config: {line}"


def test_the_last_layer_must_be_dense() -> None:
    values = config_of(conv(2, 3)).model_dump()
    with pytest.raises(ConfigError, match="the last layer must be dense, with a neuron for each"):
        make_config(values | {"network": values["network"][:1], "loss": "squared_error"}, "config")


@pytest.mark.parametrize(
    ("layers", "image", "pixels", "line"),
    [
        ([conv(2, 9)], None, 64, "network[0].kernel: windows of 9 do not fit into its input of 8×8×1; at most 8 fit"),
        ([conv(2, 5), {"max_pool": 5}], None, 64, "network[1].max_pool: windows of 5 do not fit into its input of 4×4×2; at most 4 fit"),
        ([{"mean_pool": 4}, conv(2, 3)], None, 64, "network[1].kernel: windows of 3 do not fit into its input of 2×2×1; at most 2 fit"),
        ([conv(2, 3)], None, 65, "network[0]: 65 pixels are not a square picture; write data.image: [height, width, channels]"),
        ([conv(2, 3)], [8, 8, 3], 64, "data.image: 8×8×3 are 192 numbers, but the rows have 64; correct it"),
        ([], [8, 9], 64, "data.image: 8×9 are 72 numbers, but the rows have 64; correct it"),
        ([conv(1_000_000_000, 3)], None, 64, "network[0].conv: the network needs"),
    ],
)  # fmt: skip
def test_layers_that_do_not_suit_the_pictures_are_one_line(
    layers: list[dict[str, Any]], image: list[int] | None, pixels: int, line: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        build_network(config_of(*layers, image=image), pixels)
    assert str(raised.value).startswith(line)
    assert "\n" not in str(raised.value)
