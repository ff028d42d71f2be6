"""Messages and lines of invalid values."""

# ruff: noqa: E501  # an issue is one line, here as on the terminal

import json
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nntrain.config.issues import dotted
from nntrain.config.load import make_config, parse_config
from nntrain.config.places import Place, places_of
from nntrain.config.schema import Activation, Config
from nntrain.errors import ConfigError
from tests.support.configs import VALID, VALUES, config_error
from tests.support.examples import examples


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"network": 3}, "config: network: must be a list, not 3"),
        ({"data": {"train": "a", "classes": 9}}, "config: network[0].dense: the last layer must have one neuron for each of the 9 classes, not 10"),
        ({"data": {"train": "a", "classes": ["A", "B", "A"]}}, "config: data.classes: must be a number from 2 to 1000, a list of different labels, or null, not ['A', 'B', 'A']"),
        ({"data": {"train": "a", "pixel_range": [1, 1]}}, "config: data.pixel_range: must be two different numbers, such as [0, 1], or null, not [1, 1]"),
        ({"los": 1}, "config: unknown key 'los'; did you mean 'loss'?"),
        ({"data": {"train": "a", "distortion": {"limits": {"x": 2}}}}, "config: data.distortion.limits.x: must be at most 1, not 2; 2 % is 0.02"),
    ],
)  # fmt: skip
def test_values_that_are_wrong_are_named_by_their_key(change: dict[str, Any], line: str) -> None:
    with pytest.raises(ConfigError) as raised:
        make_config(VALUES | change, "config")
    assert str(raised.value) == line


def test_integers_that_python_refuses_to_print_are_refused_in_one_line() -> None:
    with pytest.raises(ConfigError) as raised:
        make_config(VALUES | {"seed": 10**5000}, "config")
    assert str(raised.value) == (
        "config: seed: must be below 9223372036854775808, not an integer of 16610 bits"
    )


# Each text replaces the key of the same name in VALID, or is added to it.
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("seed: -1", "5: seed: must be at least 0, not -1"),
        ("seed: 9223372036854775808", "5: seed: must be below 9223372036854775808, not 9223372036854775808"),
        ('seed: "3"', "5: seed: must be a whole number, not the text '3'; remove the quotes"),
        ("seed: true", "5: seed: must be a whole number, not true"),
        ("seed: yes", "5: seed: must be a whole number, not the text 'yes'"),
        ("seed: 3.0", "5: seed: must be a whole number, not 3.0; write 3"),
        ("seed: 3.5", "5: seed: must be a whole number, not 3.5"),
        ("seed:", "5: seed: must be a whole number, not null"),
        ("seed:\n  # comment\n  [1,\n  2]", "5: seed: must be a whole number, not [1, 2]"),
        ("dtype: float16", "5: dtype: unknown dtype 'float16'; did you mean 'float64'?"),
        ("sed: 1", "5: unknown key 'sed'; did you mean 'seed'?"),
        ("zzz: 1", "5: unknown key 'zzz'; choose from seed, members, folds, dtype, data, network, loss, "
         "training"),
        ("1: 1", "5: unknown key '1'; choose from seed, members, folds, dtype, data, network, loss, "
         "training"),
        ("loss: mse", "3: loss: unknown loss 'mse'; its name here is 'squared_error'"),
        ("loss: Cross_Entropy", "3: loss: unknown loss 'Cross_Entropy'; did you mean 'cross_entropy'?"),
        ("data: x.csv", "1: data: must be a mapping of keys to values, not the text 'x.csv'"),
        ("data: {}", "1: data: missing key 'train' (CSV to learn from, or a list of CSVs; rows are held out of the first one only)"),
        ("data:\n  train:", "2: data.train: must be text, not null"),
        ("data:\n  train: #1.csv", "2: data.train: must be text, not null; YAML takes '#1.csv' as a comment: put it in quotes"),
        ("data:\n  train: # the data", "2: data.train: must be text, not null"),
        ("data:\n  train: ''", "2: data.train: must not be empty"),
        ("data: {train: []}", "1: data.train: must be a list of at least 1 item, not []"),
        ("data:\n  train:\n    - a.csv\n    - 3", "4: data.train[1]: must be text, not 3; put it in quotes"),
        ("data: {train: [a.csv, '']}", "1: data.train[1]: must not be empty"),
        ("data: {train: [a.csv, b.csv, a.csv]}", "1: data.train: a.csv stands twice in the list; name it once"),
        ("data: {train: {a: b.csv}}", "1: data.train: must be text, not a mapping"),
        ("data: {train: a.csv, files: [b.csv]}", "1: data: unknown key 'files'; its name here is 'train'"),
        ("data:\n  train: 2024", "2: data.train: must be text, not 2024; put it in quotes"),
        ("data:\n  train: x\n  distortion:\n    rotaton: 3", "4: data.distortion: unknown key 'rotaton'; did you mean 'rotation'?"),
        ("data:\n  train: x\n  distortion: {elastic: {strength: 3, sigma: 1, width: 2}}", "3: data.distortion.elastic: unknown key 'width'; choose from strength, sigma"),
        ("data:\n  train: x\n  distortion: {elastic: {strength: 3}}", "3: data.distortion.elastic: missing key 'sigma' (σ of the smoothing Gaussian, in pixels)"),
        ("data:\n  train: x\n  distortion:\n    limits: {12: 5}", "4: data.distortion.limits[12]: must be at most 1, not 5; 5 % is 0.05"),
        ("data: {train: x, distortion: {rotate: 3}}", "1: data.distortion: unknown key 'rotate'; did you mean 'rotation'?"),
        ("data: {train: x, distortion: {elastic: {strength: 3, sigm: 4}}}", "1: data.distortion.elastic: missing key 'sigma' (σ of the smoothing Gaussian, in pixels)\nmy.yaml:1: data.distortion.elastic: unknown key 'sigm'; did you mean 'sigma'?"),
        ("data: {train: x,\n  classes: 1001}", "2: data.classes: must be a number from 2 to 1000, a list of different labels, or null, not 1001"),
        (
            "data: {train: x, validation: 1.5}",
            "1: data.validation: must be a share below 1, a whole number of rows (0 for none), "
            "the path of a CSV or a fold, such as {fold: 1, of: 5}, not 1.5",
        ),
        (
            "data: {train: x, input_range: [1, 0]}",
            "1: data.input_range: must be two numbers from -1000 to 1000, the lower one first, such as [0.0, 1.0], "
            "not [1, 0]",
        ),
        ("data: {train: x, input_range: [0, 1.0e30]}",
            "1: data.input_range: must be two numbers from -1000 to 1000, the lower one first, such as [0.0, 1.0], "
            "not [0, 1e+30]",
        ),
        ("data: {train: x, input_range: [0, 1.0e-9]}",
            "1: data.input_range: must be two numbers from -1000 to 1000, the lower one first, such as [0.0, 1.0], "
            "not [0, 1e-09]",
        ),
        ("network: [{dense: 10, activation: relu, init: {normal: 1.0e9}}]", "2: network[0].init.normal: must be at most 1000, not 1000000000.0"),
        ("network: [{dense: 10, activation: relu, init: {uniform: 1.0e9}}]", "2: network[0].init.uniform: must be at most 1000, not 1000000000.0"),
        ("data: {train: x, distortion: {elastic: {strength: 1, sigma: 1.0e-9}}}", "1: data.distortion.elastic.sigma: must be at least 0.01, not 1e-09"),
        ("training: {epochs: 3, optimizer: {name: sgd, learning_rate: 1.0e39}}", "4: training.optimizer.learning_rate: must be at most 3.4e+38, not 1e+39"),
        ("training: {epochs: 3, optimizer: {name: adam, epsilon: 1.0e-300}}", "4: training.optimizer.epsilon: must be at least 1e-30, not 1e-300"),
        ("network: [{dense: -3, activation: relu}]", "2: network[0].dense: must be at least 1, not -3"),
        ("network: []", "2: network: must be a list of at least 1 item, not []"),
        ("network: {dense: 10}", "2: network: must be a list, not a mapping; write '- ' before each item"),
        (
            "network:\n  # comment\n  - {dense: 10, activation: relu}\n\n  - {dense: 10,\n     activation: sigmod}",
            "7: network[1].activation: unknown activation 'sigmod'; did you mean 'sigmoid'?",
        ),
        ("network:\n  - 10", "3: network[0]: must be a mapping of keys to values, not 10"),
        ("network:\n-\n   dense: 10", "4: network[0]: missing key 'activation' (activation function of the weighted sums); choose from identity, sigmoid, tanh, scaled_tanh, relu, leaky_relu, softmax"),
        ("network: [{dense: 10, activation: relu, init: he}]", "2: network[0].init: unknown init 'he'; choose from xavier_uniform, xavier_normal, he_uniform, he_normal, lecun_uniform, lecun_normal, zeros, glorot_uniform, glorot_normal"),
        ("network: [{dense: 10, activation: relu, init: {normal: 0}}]", "2: network[0].init.normal: must be above 0, not 0"),
        ("network: [{dense: 10, activation: relu, init: {nrml: 1}}]", "2: network[0].init: must be a name, {normal: standard deviation} or {uniform: bound}, not a mapping"),
        ("data: {train: x, classes: 9}", "2: network[0].dense: the last layer must have one neuron for each of the 9 classes, not 10"),
        (
            "network:\n  - {dense: 10, activation: softmax}\n  - {dense: 10, activation: softmax}",
            "3: network[0].activation: softmax belongs in the last layer only; choose another",
        ),
        ("training: {epoch: 3, optimizer: adam}", "4: training: missing key 'epochs' (passes over the training rows)\nmy.yaml:4: training: unknown key 'epoch'; did you mean 'epochs'?"),
        ("training: {epochs: 0, optimizer: adam}", "4: training.epochs: must be at least 1, not 0"),
        ("training: {epochs: 3, optimizer: sgd}", "4: training.optimizer: missing key 'learning_rate' (learning rate, the lecture's α)"),
        ("training:\n  epochs: 3\n  optimizer: {learning_rate: 3}", "6: training.optimizer: missing key 'name'; choose from sgd, momentum, nesterov, adam, adamw"),
        ("training:\n  epochs: 3\n  optimizer:\n    beta1: 1\n    name: adan", "8: training.optimizer: unknown optimizer 'adan'; did you mean 'adam'?"),
        ("training:\n  epochs: 3\n  optimizer:\n    beta1: 1\n    name: adam", "7: training.optimizer.beta1: must be below 1, not 1"),
        ("training:\n  epochs: 3\n  optimizer: [adam]", "6: training.optimizer: must be a mapping of keys to values, not ['adam']"),
        ("training: {epochs: 3, optimizer: {name: sgd, learning_rate: .nan}}", "4: training.optimizer.learning_rate: must be a finite number, not .nan"),
        ("training: {epochs: 3, optimizer: {name: sgd, learning_rate: -.inf}}", "4: training.optimizer.learning_rate: must be a finite number, not -.inf"),
        ("training: {epochs: 3, optimizer: {name: sgd, learning_rate: true}}", "4: training.optimizer.learning_rate: must be a number, not true"),
        ("training: {epochs: 3, optimizer: {name: sgd, learning_rate: '1e-4'}}", "4: training.optimizer.learning_rate: must be a number, not the text '1e-4'; remove the quotes"),
        ("training: {epochs: 3, optimizer: adam, schedule: {name: cosine,\n  warmup: 3.5}}", "5: training.schedule.warmup: must be at most training.epochs (3), not 3.5"),
        ("training: {epochs: 3, optimizer: adam, schedule: {name: step, every: 0}}", "4: training.schedule.every: must be above 0, not 0"),
        ("training: {epochs: 3, optimizer: adam, schedule: {name: step, every: 1e-320}}", "4: training.schedule.every: must be at least 1e-300, not 1e-320"),
        ("training: {epochs: 3, optimizer: adam, l1: 1e-310}", "4: training.l1: must be at least 1e-300, not 1e-310"),
        ("training: {epochs: 1e15, optimizer: adam}", "4: training.epochs: must be a whole number, not 1000000000000000.0; write 1000000000000000"),
        ("training: {epochs: 10000000000000000000, optimizer: adam}", "4: training.epochs: must be at most 1000000, not 10000000000000000000"),
        ("training: {epochs: 3, batch_size: 10000000000000000000, optimizer: adam}", "4: training.batch_size: must be at most 1000000000, not 10000000000000000000"),
        ("network: [{dense: 10000000000000000000, activation: relu}]", "2: network[0].dense: must be at most 1000000000, not 10000000000000000000"),
        ("members: 1000000000000", "5: members: must be at most 100, not 1000000000000"),
        ("training: {epochs: 3, optimizer: adam, patience: 10000000000000000000}", "4: training.patience: must be at most 1000000, not 10000000000000000000"),
        ("training: {epochs: 3, optimizer: adam, patience: 0}", "4: training.patience: must be at least 1, not 0"),
    ],
)  # fmt: skip
def test_an_issue_is_one_line_with_location_and_hint(text: str, expected: str) -> None:
    key = text.partition(":")[0]
    lines = VALID.splitlines()
    places = [i for i, line in enumerate(lines) if line.startswith(f"{key}:")]
    if places:
        lines[places[0]] = text
    else:
        lines.append(text)
    assert config_error("\n".join(lines)) == f"my.yaml:{expected}"


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("training.patience=None", "must be a whole number, not the text 'None'; write null"),
        ("training.max_norm=N/A", "must be a number, not the text 'N/A'; write null"),
        ("data.distortion=none", "must be a mapping of keys to values, not the text 'none'; write null"),
        ("data.label_column=None", "'None' is text; write null"),
        ("data.validation=None", "'None' is text; write 0"),
        ("training.l1=nil", "must be a number, not the text 'nil'; write 0"),
        ("training.batch_size=NaN", "must be a whole number, not the text 'NaN'; write 32"),
        ("training.epochs=None", "must be a whole number, not the text 'None'"),
        ("network[0].init=None", "unknown init 'None'; its name here is null"),
        ("training.schedule=None", "unknown schedule 'None'; its name here is 'constant'"),
        ("data.validation=20%", "'20%' is text; write 0.2"),
        ("data.validation=12.5 %", "'12.5 %' is text; write 0.125"),
        ("data.validation=0,2", "'0,2' is text; write 0.2"),
        ("training.input_dropout=20 %", "must be a number, not the text '20 %'; write 0.2"),
        ("training.input_dropout=20", "must be at most 0.99, not 20; 20 % is 0.2"),
        ("training.label_smoothing=5", "must be below 1, not 5; 5 % is 0.05"),
        ("training.epochs=20%", "must be a whole number, not the text '20%'"),
        ("training.batch_size=1,000", "must be a whole number, not the text '1,000'; write 1000"),
        ("training.batch_size=60k", "must be a whole number, not the text '60k'; write 60000"),
        ("training.optimizer.learning_rate=1/256", "must be a number, not the text '1/256'; write 0.00390625"),
        ("loss=SparseCategoricalCrossentropy", "unknown loss 'SparseCategoricalCrossentropy'; its name here is 'cross_entropy'"),
        ("training.optimizer.name=RMSprop", "unknown optimizer 'RMSprop'; there is no such optimizer here, the nearest is 'adam'"),
    ],
)  # fmt: skip
def test_texts_that_are_meant_as_something_else_are_answered(override: str, expected: str) -> None:
    key = override.partition("=")[0].removesuffix(".name")
    assert config_error(VALID, override) == f"--set {override}: {key}: {expected}"


def test_a_text_that_yaml_would_read_as_null_is_a_name_if_quoted() -> None:
    config = parse_config(VALID, "my.yaml", ["data.label_column='null'"])
    assert config.data.label_column == "null"


scalars = (
    st.integers()
    | st.floats()
    | st.text()
    | st.booleans()
    | st.none()
    | st.sampled_from([10**40, -(10**400), 1e-320, "None", "20%", "1,000", "x" * 5_000])
)


@examples(50)
@given(st.sampled_from(sorted(places_of(Config).items())), scalars, st.booleans())
def test_any_scalar_at_any_key_is_accepted_or_answered_in_short_lines(
    item: tuple[str, Place], scalar: object, plain: bool
) -> None:
    path, names = item[1]
    text = str(scalar) if plain else json.dumps(scalar)
    first = [f"{dotted(path[:-1])}={{name: {names[0]}}}"] if names else []
    try:
        parse_config(VALID, "my.yaml", [*first, f"{dotted(path)}={text}"])
    except ConfigError as error:
        for line in str(error).splitlines():
            assert line.startswith(("my.yaml:", "--set "))
            assert len(line) <= 300


LAST = "in the last layer, not"


@pytest.mark.parametrize(
    ("loss", "activation", "issue"),
    [
        ("cross_entropy", "softmax", None),
        ("binary_cross_entropy", "sigmoid", None),
        ("cross_entropy", "sigmoid", f"needs softmax {LAST} sigmoid; write softmax there, or loss: binary_cross_entropy"),
        ("cross_entropy", "relu", f"needs softmax {LAST} relu; write softmax there, or loss: squared_error"),
        ("cross_entropy", "identity", f"needs softmax {LAST} identity; write softmax there, or loss: squared_error"),
        ("binary_cross_entropy", "softmax", f"needs sigmoid {LAST} softmax; write sigmoid there, or loss: cross_entropy"),
        ("binary_cross_entropy", "tanh", f"needs sigmoid {LAST} tanh; write sigmoid there, or loss: squared_error"),
        *(("squared_error", name, None) for name in get_args(Activation)),
    ],
)  # fmt: skip
def test_a_cross_entropy_needs_the_activation_it_is_made_for(
    loss: str, activation: str, issue: str | None
) -> None:
    text = VALID.replace("squared_error", loss).replace("sigmoid", activation)
    if issue is None:
        assert parse_config(text, "my.yaml").loss == loss
    else:
        assert config_error(text) == f"my.yaml:3: loss: {loss} {issue}"
