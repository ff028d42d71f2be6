"""Differences between configurations, and short forms of values."""

from collections.abc import Callable

import pytest
from hypothesis import given

from nntrain.config import Config
from nntrain.config.diff import diff_configs, format_short
from tests.support.configs import configs
from tests.support.examples import examples

MakeConfig = Callable[..., Config]


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ([], {}),
        (["seed=4"], {"seed": ["3", "4"]}),
        (["network[0].dense=9"], {"network[0].dense": ["8", "9"]}),
        (["network[0].activation=relu"], {"network[0].activation": ["sigmoid", "relu"]}),
        (["network[0].init=zeros"], {"network[0].init": ["null", "zeros"]}),
        (["data.input_range=[0.0, 2.5]"], {"data.input_range[1]": ["1", "2.5"]}),
        (
            ["network=[{dense: 5, activation: tanh, dropout: 0.5}, {dense: 4, activation: relu},"
             " {dense: 3, activation: softmax}]"],
            {"network": ["8 sigmoid, 3 softmax", "5 tanh dropout=0.5, 4 relu, 3 softmax"]},
        ),
        (
            ["training.optimizer={name: sgd, learning_rate: 1.0}"],
            {"training.optimizer": ["adam learning_rate=0.02", "sgd learning_rate=1"]},
        ),
        (
            ["training.optimizer={name: adamw, learning_rate: 0.02, weight_decay: 0.0}"],
            {"training.optimizer.name": ["adam", "adamw"]},
        ),
        (["training.max_norm=3.0"], {"training.max_norm": ["null", "3"]}),
        (
            ["data.distortion={shift: 1, elastic: {strength: 34, sigma: 5}, limits: {1: 0.5}}"],
            {"data.distortion": ["null", "shift=1 elastic=(strength=34 sigma=5) limits=(1=0.5)"]},
        ),
        (['data.train="a\\nb.csv"'], {"data.train": ["train.csv", r"'a\nb.csv'"]}),
    ],
)  # fmt: skip
def test_a_key_goes_as_deep_as_configurations_are_alike(
    make_config: MakeConfig, overrides: list[str], expected: dict[str, list[str]]
) -> None:
    one = make_config("data.train=train.csv")
    other = make_config("data.train=train.csv", *overrides)
    found = diff_configs([one, other])
    assert {
        key: [format_short(value) for value in values] for key, values in found.items()
    } == expected


def test_keys_come_in_the_order_of_the_configuration_with_a_value_for_each(
    make_config: MakeConfig,
) -> None:
    found = diff_configs(
        [make_config(), make_config("training.epochs=9", "seed=1"), make_config("dtype=float64")]
    )
    assert found == {
        "seed": [3, 1, 3],
        "dtype": ["float32", "float32", "float64"],
        "training.epochs": [4, 9, 4],
    }
    assert list(found) == ["seed", "dtype", "training.epochs"]


def test_nothing_differs_in_none_or_one(make_config: MakeConfig) -> None:
    assert diff_configs([]) == diff_configs([make_config()]) == {}


@examples(30)
@given(configs(), configs())
def test_there_are_differences_exactly_where_configurations_are_not_equal(
    one: Config, other: Config
) -> None:
    found = diff_configs([one, other])
    assert bool(found) == (one != other)
    assert all(ours != theirs for ours, theirs in found.values())
    assert all("\n" not in format_short(value) for values in found.values() for value in values)
