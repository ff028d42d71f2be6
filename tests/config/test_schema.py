"""The models: agreement with `nntrain.nn`, and documentation of every key."""

from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from nntrain.config.schema import (
    INITIALIZER_FOR,
    OUTPUT_FOR,
    Activation,
    Config,
    DenseConfig,
    InitializerName,
    Loss,
    SgdConfig,
)
from nntrain.nn.activations import ACTIVATIONS
from nntrain.nn.losses import LOSSES
from nntrain.optim import INITIALIZERS


def test_every_name_is_one_that_the_lecture_code_knows() -> None:
    assert set(get_args(Activation)) == set(ACTIVATIONS) == set(INITIALIZER_FOR)
    assert set(get_args(Loss)) == set(LOSSES)
    assert set(get_args(InitializerName)) == set(INITIALIZERS)


def test_cross_entropies_want_the_activation_with_which_their_gradient_is_a_difference() -> None:
    names = {id(activation): name for name, activation in ACTIVATIONS.items()}
    wanted = {
        name: names[id(loss.canonical)] for name, loss in LOSSES.items() if name != "squared_error"
    }
    assert wanted == OUTPUT_FOR


@pytest.mark.parametrize(
    ("activation", "init"),
    [
        ("identity", "xavier_uniform"),
        ("sigmoid", "xavier_uniform"),
        ("tanh", "xavier_uniform"),
        ("softmax", "xavier_uniform"),
        ("scaled_tanh", "lecun_normal"),
        ("relu", "he_normal"),
        ("leaky_relu", "he_normal"),
    ],
)
def test_initial_weights_suit_the_activation_unless_given(
    activation: Activation, init: str
) -> None:
    assert DenseConfig(dense=3, activation=activation).init == init
    assert (
        DenseConfig.model_validate({"dense": 3, "activation": activation, "init": None}).init
        == init
    )
    assert DenseConfig(dense=3, activation=activation, init="zeros").init == "zeros"


def test_a_configuration_cannot_be_changed_and_can_be_a_key() -> None:
    optimizer = SgdConfig(name="sgd", learning_rate=3)
    assert type(optimizer.learning_rate) is float
    assert {optimizer: 1}[SgdConfig(name="sgd", learning_rate=3.0)] == 1
    with pytest.raises(ValidationError):
        optimizer.learning_rate = 1.0  # type: ignore[misc]


def tables(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield schema
    yield from schema["$defs"].values()


def test_the_json_schema_documents_every_key_and_refuses_others() -> None:
    schema = Config.model_json_schema()
    for table in tables(schema):
        assert table["additionalProperties"] is False
        assert table["description"]
        for key, described in table["properties"].items():
            assert "const" in described or described["description"], key


def test_the_json_schema_tells_what_is_required_and_allowed() -> None:
    schema = Config.model_json_schema()
    assert schema["required"] == ["data", "network", "loss", "training"]
    definitions = schema["$defs"]
    assert definitions["DenseConfig"]["required"] == ["dense", "activation"]
    assert {"type": "null"} in definitions["DenseConfig"]["properties"]["init"]["anyOf"]
    assert definitions["TrainingConfig"]["required"] == ["epochs", "optimizer"]
    tagged, bare = definitions["TrainingConfig"]["properties"]["optimizer"]["anyOf"]
    names = {"sgd", "momentum", "nesterov", "adam", "adamw"}
    assert set(tagged["discriminator"]["mapping"]) == names
    assert bare["enum"] == ["adam", "adamw"]
    assert definitions["DataConfig"]["properties"]["validation"]["anyOf"] == [
        {"type": "integer", "minimum": 0},
        {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
        {"type": "string", "minLength": 1},
        {"$ref": "#/$defs/FoldConfig"},
    ]
    assert schema["properties"]["seed"]["exclusiveMaximum"] == 2**63
