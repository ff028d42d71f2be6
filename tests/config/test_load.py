"""Reading configurations: what is accepted, and the exact words and lines of what is not."""

# ruff: noqa: E501  # a complaint is one line, here as on the terminal

import json
import re
import time
import tracemalloc
from pathlib import Path
from textwrap import dedent
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nntrain.config.load import load_config, make_config, parse_config, starter_text
from nntrain.config.schema import Activation
from nntrain.errors import ConfigError

VALID = """\
data: {train: train.csv}
network: [{dense: 10, activation: sigmoid}]
loss: squared_error
training: {epochs: 3, optimizer: {name: sgd, learning_rate: 1e-4}}
"""


examples = settings(max_examples=50, deadline=None)  # a shared machine has no steady clock


def config_error(text: str, *overrides: str) -> str:
    with pytest.raises(ConfigError) as raised:
        parse_config(text, "my.yaml", overrides)
    return str(raised.value)


def test_a_short_file_is_filled_with_the_defaults() -> None:
    config = parse_config(VALID, "my.yaml")
    assert (config.seed, config.dtype, config.loss) == (0, "float32", "squared_error")
    assert (config.data.validation, config.data.classes) == (0.1, 10)
    assert config.data.input_range == (0.0, 1.0)
    assert config.network[0].init == "xavier_uniform"
    assert config.training.batch_size == 32
    assert config.training.optimizer.learning_rate == 1e-4
    assert (config.training.schedule.name, config.training.schedule.warmup) == ("constant", 0)
    assert config.training.patience is None


VALUES: dict[str, Any] = {
    "data": {"train": Path("train.csv"), "input_range": np.array([0.0, 1.0])},
    "network": [{"dense": np.int64(10), "activation": "sigmoid"}],
    "loss": "squared_error",
    "training": {
        "epochs": 3,
        "optimizer": {"name": "sgd", "learning_rate": np.float64(1e-4)},
    },
}


def test_values_make_the_configuration_that_their_yaml_makes() -> None:
    assert make_config(VALUES, "config") == parse_config(VALID, "my.yaml")
    assert make_config(VALUES, "config", ["training.epochs=5"]).training.epochs == 5
    dumped = make_config(VALUES, "config").model_dump()
    assert make_config(dumped, "config") == make_config(VALUES, "config")


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"network": 3}, "config: network: must be a list, not 3"),
        ({"network": [{"dense": 9, "activation": "sigmoid"}]}, "config: network[0].dense: the last layer must have one neuron for each of the 10 classes, not 9"),
        ({"los": 1}, "config: unknown key 'los'; did you mean 'loss'?"),
        ({"data": {"train": "a", "distortion": {"limits": {"x": 1}}}}, "config: data.distortion.limits.x: must be a whole number, not the text 'x'"),
    ],
)  # fmt: skip
def test_values_that_are_wrong_are_named_by_their_key(change: dict[str, Any], line: str) -> None:
    with pytest.raises(ConfigError) as raised:
        make_config(VALUES | change, "config")
    assert str(raised.value) == line


def test_the_starter_loads_and_suits_mnist() -> None:
    config = parse_config(starter_text(), "starter.yaml")
    assert [(layer.dense, layer.activation) for layer in config.network] == [
        (128, "relu"),
        (10, "softmax"),
    ]
    assert (config.loss, config.training.optimizer.name) == ("cross_entropy", "adam")


def test_each_alternative_in_the_starter_loads_in_place_of_its_line() -> None:
    lines = starter_text().splitlines()
    for kind in ("optimizer", "schedule"):
        written = next(i for i, line in enumerate(lines) if line.startswith(f"  {kind}:"))
        others = [line.replace("# ", "", 1) for line in lines if line.startswith(f"  # {kind}:")]
        assert others
        for other in others:
            text = "\n".join([*lines[:written], other, *lines[written + 1 :]])
            parse_config(text, "starter.yaml")


# Each text stands in place of the key of the same name in VALID, or is added to it.
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
        ("zzz: 1", "5: unknown key 'zzz'; choose from seed, members, dtype, data, network, loss, training"),
        ("1: 1", "5: unknown key '1'; choose from seed, members, dtype, data, network, loss, training"),
        ("loss: mse", "3: loss: unknown loss 'mse'; choose from squared_error, cross_entropy, binary_cross_entropy"),
        ("loss: Cross_Entropy", "3: loss: unknown loss 'Cross_Entropy'; did you mean 'cross_entropy'?"),
        ("data: x.csv", "1: data: must be a mapping of keys to values, not the text 'x.csv'"),
        ("data: {}", "1: data: missing key 'train' (CSV to learn from)"),
        ("data:\n  train:", "2: data.train: must be text, not null"),
        ("data:\n  train: ''", "2: data.train: must not be empty"),
        ("data:\n  train: 2024", "2: data.train: must be text, not 2024; put it in quotes"),
        ("data:\n  train: x\n  distortion:\n    rotaton: 3", "4: data.distortion: unknown key 'rotaton'; did you mean 'rotation'?"),
        ("data:\n  train: x\n  distortion: {elastic: {strength: 3, sigma: 1, width: 2}}", "3: data.distortion.elastic: unknown key 'width'; choose from strength, sigma"),
        ("data:\n  train: x\n  distortion: {elastic: {strength: 3}}", "3: data.distortion.elastic: missing key 'sigma' (σ of the Gaussian that smooths it, in pixels)"),
        ("data:\n  train: x\n  distortion:\n    limits: {12: 0.5}", "4: data.distortion.limits[12]: must be at most 9, not 12"),
        ("data: {train: x, distortion: {rotate: 3}}", "1: data.distortion: unknown key 'rotate'; did you mean 'rotation'?"),
        ("data: {train: x, distortion: {elastic: {strength: 3, sigm: 4}}}", "1: data.distortion.elastic: missing key 'sigma' (σ of the Gaussian that smooths it, in pixels)\nmy.yaml:1: data.distortion.elastic: unknown key 'sigm'; did you mean 'sigma'?"),
        ("data: {train: x,\n  classes: 11}", "2: data.classes: must be at most 10, not 11"),
        (
            "data: {train: x, validation: 1.5}",
            "1: data.validation: must be a share below 1, a whole number of rows (0 for none) "
            "or the path of a CSV, not 1.5",
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
        ("network:\n-\n   dense: 10", "4: network[0]: missing key 'activation' (what is applied to the weighted sums); choose from identity, sigmoid, tanh, scaled_tanh, relu, leaky_relu, softmax"),
        ("network: [{dense: 10, activation: relu, init: he}]", "2: network[0].init: unknown init 'he'; choose from xavier_uniform, xavier_normal, he_uniform, he_normal, lecun_uniform, lecun_normal, zeros, glorot_uniform, glorot_normal"),
        ("network: [{dense: 10, activation: relu, init: {normal: 0}}]", "2: network[0].init.normal: must be above 0, not 0"),
        ("network: [{dense: 10, activation: relu, init: {nrml: 1}}]", "2: network[0].init: must be a name, {normal: standard deviation} or {uniform: bound}, not a mapping"),
        ("network: [{dense: 9, activation: relu}]", "2: network[0].dense: the last layer must have one neuron for each of the 10 classes, not 9"),
        (
            "network:\n  - {dense: 10, activation: softmax}\n  - {dense: 10, activation: softmax}",
            "3: network[0].activation: softmax belongs in the last layer only; choose another",
        ),
        ("training: {epoch: 3, optimizer: adam}", "4: training: missing key 'epochs' (passes over the training rows)\nmy.yaml:4: training: unknown key 'epoch'; did you mean 'epochs'?"),
        ("training: {epochs: 0, optimizer: adam}", "4: training.epochs: must be at least 1, not 0"),
        ("training: {epochs: 3, optimizer: sgd}", "4: training.optimizer: missing key 'learning_rate' (length of a step, the lecture's α)"),
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
        ("training: {epochs: 3, optimizer: adam, patience: 0}", "4: training.patience: must be at least 1, not 0"),
    ],
)  # fmt: skip
def test_a_fault_is_one_line_with_place_fault_and_mend(text: str, expected: str) -> None:
    key = text.partition(":")[0]
    lines = VALID.splitlines()
    places = [i for i, line in enumerate(lines) if line.startswith(f"{key}:")]
    if places:
        lines[places[0]] = text
    else:
        lines.append(text)
    assert config_error("\n".join(lines)) == f"my.yaml:{expected}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ": empty; 'nntrain config init' writes a starter"),
        ("# only a comment\n", ": empty; 'nntrain config init' writes a starter"),
        ("\n- 1", ":2: must be a mapping of keys such as 'data' and 'network', not [1]"),
        ("label,pixel0\n", ":1: must be a mapping of keys such as 'data' and 'network', not 'label,pixel0'"),
        ("seed: 1\n\nseed: 2", ":3: key 'seed' given twice, first at my.yaml:1; remove one"),
        ("data: {a: 1,\n  b: 2, a: 3}", ":2: data: key 'a' given twice, first at my.yaml:1; remove one"),
        ("data:\n\ttrain: x", ":2: a tab where YAML wants spaces; indent with spaces"),
        ("a: !!python/object:os.system x", ":1: a: the tag 'python/object:os.system' is not supported; remove it"),
        ("a:\n - !mine {}", ":2: a[0]: the tag '!mine' is not supported; remove it"),
        ("a: 1\n---\nb: 2", ":2: a second document begins; keep one"),
        ("a: 1\nb: *x", ":2: *x has no anchor above it; write &x there"),
        ("a: &x [*x]", ":1: nested more than 20 deep; write it flatter"),
        ("a: &x {b: 1}\nc: {<<: *x}", ":2: c: << is not supported; write the keys out"),
        ("a: " + "[" * 5000, ":1: nested more than 20 deep; write it flatter"),
        ("? [a]\n: 1", ":1: a key must be a word, not a mapping or a list"),
        ("a: 1\nb: \0", ":2: not plain text: it holds the character '\\x00'; save it as UTF-8 text"),
        ('a: "\\0"', ":1: a: must not hold the character '\\x00'"),
        ('a: "\\UFFFFFFFF"', ":1: a backslash in double quotes; use single quotes"),
        ("a: !!int x", ":1: a: 'x' is not a number"),
        ("a: 0x" + "f" * 5000, ":1: a: a number too large to be of use"),
        ("a: " + "x" * 70_000, ":1: longer than 65536 characters; is it a CSV?"),
    ],
)  # fmt: skip
def test_yaml_that_is_none_or_more_than_needed_is_refused(text: str, expected: str) -> None:
    assert config_error(text) == f"my.yaml{expected}"


OPEN = "the '[' of line 1 is still open"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("data:\n  train: x\n \tseed: 1", "3: a tab where YAML wants spaces; indent with spaces"),
        ("seed 1\nloss: x", "1: no ': ' after the key; write 'key: value', with a space after the colon"),
        ("seed:1\nloss: x", "1: no ': ' after the key; write 'key: value', with a space after the colon"),
        ("loss: x\nseed 1\n", "2: no ': ' after the key; write 'key: value', with a space after the colon"),
        ("data:\n  train x\n\n  seed: 1", "2: no ': ' after the key; write 'key: value', with a space after the colon"),
        ("data: {train:x}", "1: data: a space is missing after the ':' of 'train:x'"),
        ("data:\n  train: C:\\x: y", "2: a second ': ' in one line; put the value in quotes"),
        ("seed: 1\n  loss: x", "2: a key where none can be; align it with the keys above"),
        ("data:\n    train: x\n  seed: 1", "3: indented unlike all lines above; align it with its neighbours"),
        ("network:\n  - a: 1\n - a: 2", "3: indented unlike all lines above; align it with its neighbours"),
        ("network:\n  - a: 1\n  b: 2", "3: a key among '- ' items; indent it like the key above them, or below its item"),
        ("data:\n  train: x\n  - y", "3: a '- ' among keys; indent it below the key that it belongs to"),
        ("network: - a", "1: '- ' on the line of its key; begin a new line with it"),
        ("network:\n  -{dense: 10}", "2: network: a space is missing after the '-' of '-{dense'"),
        ("network: [{a: 1}\nloss: x", f"2: a ',' or ']' is missing: {OPEN}"),
        ("network: [\n  {a: 1}\n  {a: 2}\n]", f"3: a ',' or ']' is missing: {OPEN}"),
        ("network: [{a: 1]", "1: a ',' or '}' is missing: the '{' of line 1 is still open"),
        ("\nnetwork: [1,\n 2\n", "4: a ',' or ']' is missing: the '[' of line 2 is still open"),
        ("data: {train: x\n", "2: a ',' or '}' is missing: the '{' of line 1 is still open"),
        ("data: {", "1: the text ends within '[' or '{'; close it"),
        ("network: [1]]", "1: unexpected ']'; remove it or add what is missing before it"),
        ("a: 1\n}", "2: unexpected '}'; remove it or add what is missing before it"),
        ("network: [1,, 2]", "1: unexpected ','; remove it or add what is missing before it"),
        ("a: 1\nb: 'c\nd: 1", "2: a quote that is never closed; close it"),
        ('a: "C:\\data"', "1: a backslash in double quotes; use single quotes, which take it as it is"),
        ("a: 'b' c", "1: text after a value that has ended; is a quote or a comma missing?"),
        ("a: @b", "1: a value cannot begin with '@'; put it in quotes"),
        ("a: &", "1: not valid YAML; put values that begin with one of @ ` % & * ! | > in quotes, and look for a missing quote, bracket, comma or colon"),
    ],
)  # fmt: skip
def test_broken_yaml_is_told_with_its_line_and_its_mend(text: str, expected: str) -> None:
    assert config_error(text) == f"my.yaml:{expected}"


def test_an_anchor_repeats_a_value() -> None:
    text = VALID.replace("[{dense: 10,", "[&layer {dense: &width 10,").replace(
        "activation: sigmoid}]", "activation: sigmoid}, *layer, {dense: *width, activation: tanh}]"
    )
    config = parse_config(text, "my.yaml")
    assert [(layer.dense, layer.activation) for layer in config.network] == [
        (10, "sigmoid"),
        (10, "sigmoid"),
        (10, "tanh"),
    ]
    wrong = text.replace("&width 10", "&width -1")
    assert config_error(wrong).splitlines() == [
        f"my.yaml:2: network[{layer}].dense: must be at least 1, not -1" for layer in range(3)
    ]


@pytest.mark.parametrize("leaf", ["lol", "[]", "{}", "&b [lol, lol]"])
def test_a_billion_laughs_are_refused_at_once_and_without_much_memory(leaf: str) -> None:
    levels = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 20)]
    text = "\n".join([f"a0: &a0 [{leaf}]", *levels])
    tracemalloc.start()
    start = time.process_time()
    try:
        assert config_error(text).endswith(": more than 10000 values; repeat fewer by anchors")
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()
    assert time.process_time() - start < 2


LAST = "in the last layer, not"


@pytest.mark.parametrize(
    ("loss", "activation", "fault"),
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
    loss: str, activation: str, fault: str | None
) -> None:
    text = VALID.replace("squared_error", loss).replace("sigmoid", activation)
    if fault is None:
        assert parse_config(text, "my.yaml").loss == loss
    else:
        assert config_error(text) == f"my.yaml:3: loss: {loss} {fault}"


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("data.classes=2", "network[0].dense: the last layer must have one neuron for each of the 2 classes, not 10"),
        ("training.epochs=1", "training.schedule.warmup: must be at most training.epochs (1), not 2.5"),
        ("data.validation=0", "training.patience: needs validation rows, but data.validation is 0; hold some out or write null"),
        ("network[0].activation=tanh", "loss: cross_entropy needs softmax in the last layer, not tanh; write softmax there, or loss: squared_error"),
        ("loss=binary_cross_entropy", "loss: binary_cross_entropy needs sigmoid in the last layer, not softmax; write sigmoid there, or loss: cross_entropy"),
        ("training.optimizer.name=nesterov", "training.optimizer: missing key 'learning_rate' (length of a step, the lecture's α)"),
        ("training.schedule.name=constant", "training.schedule: unknown key 'final'; choose from name, warmup"),
    ],
)  # fmt: skip
def test_an_override_that_does_not_suit_the_file_is_the_place_of_the_fault(
    override: str, expected: str
) -> None:
    text = dedent("""\
        data: {train: x.csv}
        network: [{dense: 10, activation: softmax}]
        loss: cross_entropy
        training:
          epochs: 3
          optimizer: {name: adam}
          schedule: {name: cosine, warmup: 2.5, final: 0.1}
          patience: 2
    """)
    parse_config(text, "my.yaml")
    assert config_error(text, override) == f"--set {override}: {expected}"


def test_all_faults_are_told_in_the_order_of_the_file() -> None:
    text = dedent("""\
        training: {epochs: 0, optimizer: adam}
        loss: squared_error
        seed: -1
        data: {train: 1}
        network: [{dense: 0, activation: tanh}]
    """)
    lines = config_error(text, "dtype=half").splitlines()
    assert [line.partition(": ")[0] for line in lines] == [
        "my.yaml:1",
        "my.yaml:3",
        "my.yaml:4",
        "my.yaml:5",
        "--set dtype=half",
    ]


def test_of_many_faults_ten_are_told() -> None:
    text = VALID + "\n".join(f"key{n}: 0" for n in range(13))
    lines = config_error(text).splitlines()
    assert lines[9].startswith("my.yaml:14: unknown key 'key9'")
    assert lines[10:] == ["and 3 more"]


def test_rules_across_keys_are_told_together() -> None:
    text = VALID.replace("train.csv", "a.csv, validation: 0").replace("dense: 10", "dense: 9")
    text = text.replace("epochs: 3", "epochs: 3, patience: 2")
    assert config_error(text).splitlines() == [
        "my.yaml:2: network[0].dense: the last layer must have one neuron for each of the "
        "10 classes, not 9",
        "my.yaml:4: training.patience: needs validation rows, but data.validation is 0; "
        "hold some out or write null",
    ]


@examples
@given(st.data())
def test_the_line_is_right_among_comments_and_blank_lines(data: st.DataObject) -> None:
    lines = [
        "seed: 0",
        "data:",
        "  train: a.csv",
        "  input_range: [0, 1]",
        "network:",
        "  - {dense: 30, activation: relu}",
        "  - dense: 10",
        "    activation: softmax",
        "loss: cross_entropy",
        "training:",
        "  epochs: 3",
        "  optimizer:",
        "    name: sgd",
        "    learning_rate: 3",
    ]
    wrong = data.draw(st.sampled_from([i for i, line in enumerate(lines) if line[-1] != ":"]))
    key, colon, value = lines[wrong].rpartition(": ")
    lines[wrong] = f"{key}{colon}?wrong{'}' * value.endswith('}')}"
    filling = st.lists(st.sampled_from(["", "# c: d", "      # e"]), max_size=3)
    text = "\n".join(line for written in lines for line in (*data.draw(filling), written))
    expected = next(n for n, line in enumerate(text.split("\n"), 1) if "?wrong" in line)
    if wrong == 2:  # any text is a path
        parse_config(text, "my.yaml")
    else:
        assert config_error(text).startswith(f"my.yaml:{expected}: ")


@pytest.mark.parametrize(
    ("override", "key", "expected"),
    [
        ("seed=7", "seed", 7),
        ("training.epochs=30", "training.epochs", 30),
        ("data.validation=10000", "data.validation", 10000),
        ("data.validation=other.csv", "data.validation", "other.csv"),
        ("network[0].activation=tanh", "network.0.activation", "tanh"),
        ("network.0.activation=tanh", "network.0.activation", "tanh"),
        ("network=[{dense: 10, activation: softmax}]", "network.0.activation", "softmax"),
        ("training.optimizer={name: adam}", "training.optimizer.learning_rate", 0.001),
        ("training.optimizer=adam", "training.optimizer.learning_rate", 0.001),
        ("training.schedule.name=cosine", "training.schedule.name", "cosine"),
        ("training.optimizer.learning_rate=1e-4", "training.optimizer.learning_rate", 1e-4),
        ("data.label_column=a=b", "data.label_column", "a=b"),
        ("data.label_column=", "data.label_column", None),
    ],
)
def test_an_override_wins_over_the_file(override: str, key: str, expected: object) -> None:
    found: Any = parse_config(VALID, "my.yaml", [override])
    for part in key.split("."):
        found = found[int(part)] if part.isdigit() else getattr(found, part)
    assert found == expected
    assert type(found) is type(expected)


def test_the_last_override_wins_and_a_bare_name_can_be_refined() -> None:
    overrides = ["seed=1", "training.optimizer=adam", "training.optimizer.beta1=0.5", "seed=2"]
    config = parse_config(VALID, "my.yaml", overrides)
    assert config.seed == 2
    assert config.training.optimizer.name == "adam"
    assert config.training.optimizer.beta1 == 0.5


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("training.epochs=-3", "training.epochs: must be at least 1, not -3"),
        ("training.epoch=3", "training: unknown key 'epoch'; did you mean 'epochs'?"),
        ("training.batch-size=3", "training: unknown key 'batch-size'; did you mean 'batch_size'?"),
        ("training.optimizer={name: sgd}", "training.optimizer: missing key 'learning_rate' (length of a step, the lecture's α)"),
        ("training.schedule.warmup=1", "training.schedule: missing key 'name'; choose from constant, step, exponential, cosine, one_cycle"),
        ("network[0].dense=7", "network[0].dense: the last layer must have one neuron for each of the 10 classes, not 7"),
        ("network[1].dense=7", "no item '1' in a list of 1; the first item is 0"),
        ("network.dense=7", "no item 'dense' in a list of 1; the first item is 0"),
        ("seed.x=1", "seed: must be a whole number, not a mapping"),
        ("seed=[", "the text ends within '[' or '{'; close it"),
        ("seed", "write KEY=VALUE, for example training.epochs=3"),
        ("=3", "write KEY=VALUE, for example training.epochs=3"),
        ("network[x]=3", "write KEY=VALUE, for example training.epochs=3"),
        ("seed" + ".a" * 5000 + "=1", "write KEY=VALUE, for example training.epochs=3"),
    ],
)  # fmt: skip
def test_a_fault_in_an_override_has_the_override_for_its_place(
    override: str, expected: str
) -> None:
    assert config_error(VALID, override) == f"--set {override}: {expected}"


def test_a_file_is_read_with_byte_order_mark_and_windows_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "my.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + VALID.replace("\n", "\r\n").encode())
    assert load_config(path) == parse_config(VALID, "my.yaml")
    path.write_bytes(path.read_bytes() + b"sed: 1\r\n")
    with pytest.raises(ConfigError) as raised:
        load_config(str(path))
    assert str(raised.value) == f"{path}:5: unknown key 'sed'; did you mean 'seed'?"


def test_a_file_that_cannot_be_read_is_told_with_a_mend(tmp_path: Path) -> None:
    (tmp_path / "lecture.yaml").write_bytes(b"# fine\nseed: \xff\n")
    for name, expected in {
        "lectur.yaml": ": no such file; did you mean 'lecture.yaml'?",
        "other/x": ": no such file; 'nntrain config init' writes a starter",
        "": ": a directory; name a YAML file in it",
        "lecture.yaml/x": ": cannot be read: Not a directory; name another file",
        "lecture.yaml": ":2: not UTF-8 text; save the file as UTF-8",
    }.items():
        with pytest.raises(ConfigError) as raised:
            load_config(tmp_path / name)
        assert str(raised.value) == f"{tmp_path / name}{expected}"


PIECES = st.sampled_from(
    [*"[]{},:-?!&*#|>'\"%@`\\\n\t =~", "\n  ", ": ", "- ", "!!int ", "!!float ", "!!bool ", "!!set ",
     "&a ", "*a", "<<: ", "%YAML 1.1\n", "---\n", "...", "\\x", "\\ud800", "\\U", "0x", "1e", ".inf",
     "2001-01-01", "seed", "training", "\r", "\x85", "\u2028", "\ufeff"]
)  # fmt: skip


JARGON = re.compile(
    "while (scanning|parsing)|(expected|found) .*<|scalar|block (end|mapping)|token"
)


def refused_at_most_with_a_config_error(text: str, *overrides: str) -> None:
    try:
        parse_config(text, "my.yaml", overrides)
    except ConfigError as error:
        for line in str(error).splitlines():
            assert line.startswith(("my.yaml", "--set", "and "))
            assert "Input should" not in line
            assert not JARGON.search(line)


@examples
@given(st.text() | st.lists(PIECES | st.text(max_size=3)).map("".join))
def test_no_text_raises_anything_but_a_config_error(text: str) -> None:
    refused_at_most_with_a_config_error(text)
    refused_at_most_with_a_config_error(VALID, text)
    refused_at_most_with_a_config_error(VALID, f"training.epochs={text}")


@examples
@given(st.data(), st.lists(PIECES | st.text(max_size=3), max_size=4).map("".join))
def test_no_damaged_starter_raises_anything_but_a_config_error(
    data: st.DataObject, scrap: str
) -> None:
    text = "\n".join(line.partition("#")[0].rstrip() for line in starter_text().split("\n"))
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(start + 30, len(text))))
    refused_at_most_with_a_config_error(text[:start] + scrap + text[end:])


@examples
@given(st.data())
def test_no_value_in_a_wrong_place_raises_anything_but_a_config_error(data: st.DataObject) -> None:
    config = parse_config(starter_text(), "my.yaml").model_dump(mode="json")
    anything = st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.sampled_from(["", "adam", "x"]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["name", "normal", "dense", "x"]), inner, max_size=3)
        ),
        max_leaves=4,
    )
    place: Any = config
    while True:
        keys = list(place) if isinstance(place, dict) else range(len(place))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(place[key], dict | list) or data.draw(st.booleans()):
            break
        place = place[key]
    place[key] = data.draw(anything)
    text = json.dumps(config).replace("NaN", ".nan").replace("Infinity", ".inf")
    refused_at_most_with_a_config_error(text)


def test_reading_takes_well_under_50_ms(tmp_path: Path) -> None:
    path = tmp_path / "starter.yaml"
    path.write_text(starter_text(), "utf-8")

    def seconds() -> float:
        start = time.perf_counter()
        load_config(path)
        return time.perf_counter() - start

    assert min(seconds() for _ in range(5)) < 0.05
