"""Other libraries' names are answered with ours."""

from typing import Any, get_args

import pytest
from pydantic import TypeAdapter, ValidationError

from nntrain.config import aliases
from nntrain.config.aliases import hint_for_value, same_key
from nntrain.config.places import places_of
from nntrain.config.schema import (
    Activation,
    Config,
    DenseConfig,
    InitializerName,
    Loss,
    OptimizerConfig,
    ScheduleConfig,
)
from nntrain.sweep.spec import Sweep

OPTIMIZERS = ["sgd", "momentum", "nesterov", "adam", "adamw"]
SCHEDULES = ["constant", "step", "exponential", "cosine", "one_cycle"]
CHOICES = {
    "activation": get_args(Activation),
    "loss": get_args(Loss),
    "init": get_args(InitializerName),
    "optimizer": OPTIMIZERS,
    "schedule": SCHEDULES,
    "dtype": ["float32", "float64"],
    "strategy": ["tpe", "random", "grid"],
}


def answer(key: str, word: str) -> str:
    """The name that the hint for a value gives."""
    hint = hint_for_value(key, word, CHOICES[key])
    assert hint is not None
    return hint.removesuffix("?").rpartition(" is ")[2].rpartition("mean ")[2].strip("'")


@pytest.mark.parametrize(
    ("key", "ours", "theirs"),
    [
        ("loss", "cross_entropy", "categorical_crossentropy SparseCategoricalCrossentropy NLLLoss "
         "nn.CrossEntropyLoss() tf.keras.losses.CategoricalCrossentropy log_loss Cross-Entropy"),
        ("loss", "binary_cross_entropy", "binary_crossentropy BCELoss BCEWithLogitsLoss bce"),
        ("loss", "squared_error", "mse MSE mean_squared_error MeanSquaredError nn.MSELoss mae"),
        ("activation", "identity", "linear Identity None"),
        ("activation", "sigmoid", "logistic SIGMOID nn.Sigmoid torch.sigmoid"),
        ("activation", "relu", "ReLU nn.ReLU(inplace=True) gelu ELU SiLU swish"),
        ("activation", "leaky_relu", "LeakyReLU PReLU"),
        ("activation", "softmax", "Softmax LogSoftmax log_softmax"),
        ("init", "glorot_uniform", "GlorotUniform"),
        ("init", "xavier_uniform", "xavier_uniform_ nn.init.xavier_uniform_ xavier"),
        ("init", "he_normal", "HeNormal kaiming_normal_ kaiming_normal"),
        ("init", "he_uniform", "HeUniform kaiming_uniform_"),
        ("init", "{normal: 0.05}", "random_normal RandomNormal TruncatedNormal"),
        ("optimizer", "adam", "Adam optim.Adam keras.optimizers.Adam(learning_rate=0.1) RMSprop"),
        ("optimizer", "sgd", "SGD optim.SGD gradient_descent"),
        ("optimizer", "nesterov", "NAG"),
        ("schedule", "cosine", "CosineAnnealingLR CosineDecay cosine_annealing"),
        ("schedule", "step", "StepLR MultiStepLR ReduceLROnPlateau"),
        ("schedule", "one_cycle", "OneCycleLR"),
        ("schedule", "exponential", "ExponentialLR ExponentialDecay"),
        ("dtype", "float64", "double"),
    ],
)  # fmt: skip
def test_a_value_is_answered_with_our_name(key: str, ours: str, theirs: str) -> None:
    for word in theirs.split():
        assert answer(key, word) == ours, word


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("dense", "units Dense neurons out_features Linear"),
        ("init", "kernel_initializer"),
        ("learning_rate", "lr LR learningRate learning-rate learning_rate_init"),
        ("batch_size", "batchSize Batch_Size bs"),
        ("epochs", "max_iter n_epochs num_epochs"),
        ("validation", "validation_split validation_fraction"),
        ("patience", "EarlyStopping early_stopping n_iter_no_change"),
        ("schedule", "scheduler lr_scheduler"),
        ("epsilon", "eps"),
        ("beta1", "beta_1"),
        ("seed", "random_state"),
        ("clip_norm", "clipnorm max_grad_norm"),
    ],
)
def test_a_key_is_answered_with_ours(ours: str, theirs: str) -> None:
    for word in theirs.split():
        assert ours in same_key(word, places_of(Config)), word


def test_all_answers_are_keys_and_values_of_the_schema() -> None:
    keys = {"name", *places_of(Config), *places_of(Sweep)}
    assert set(aliases.SAME_KEY) <= keys
    for table in (aliases.SAME_VALUE, aliases.NEAREST_VALUE):
        for key, names in table.items():
            for ours in names:
                assert ours in CHOICES[key] or (key == "init" and ours[0] in "{n"), ours


@pytest.mark.parametrize(
    ("names", "kind"), [(OPTIMIZERS, OptimizerConfig), (SCHEDULES, ScheduleConfig)]
)
def test_the_names_above_are_all_there_are(names: list[str], kind: Any) -> None:
    with pytest.raises(ValidationError) as raised:
        TypeAdapter(kind).validate_python("x")
    assert raised.value.errors()[0]["ctx"]["expected_tags"] == ", ".join(map(repr, names))


def test_no_name_of_another_library_is_one_of_ours() -> None:
    for key, table in aliases.SAME_VALUE.items():
        for theirs in table.values():
            assert not set(theirs.split()) & set(CHOICES[key])
    for theirs in aliases.SAME_KEY.values():
        assert not set(theirs.split()) & set(DenseConfig.model_fields)
