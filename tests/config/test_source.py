"""Invalid YAML, and overrides of a file's values."""

# ruff: noqa: E501  # an issue is one line, here as on the terminal

import time
import tracemalloc
from typing import Any

import pytest

from nntrain.config.load import parse_config
from tests.support.configs import VALID, config_error
from tests.support.variants import slow


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
        ('a: "\\0"', ":1: a: must not hold the character '\\x00'; in double quotes YAML makes a NUL of \\0; use single quotes or /"),
        ('a: "D:\\best\\new" # b', ":1: a: must not hold the character '\\x08'; in double quotes YAML makes a backspace of \\b and a line break of \\n; use single quotes or /"),
        ('"a\\b": 1', ":1: must not hold the character '\\x08'; in double quotes YAML makes a backspace of \\b; use single quotes or /"),
        ('a: "\\UFFFFFFFF"', ":1: a backslash in double quotes; use single quotes or /"),
        ("a: !!int x", ":1: a: 'x' is not a number"),
        ("a: 0x" + "f" * 5000, ":1: a: a number that is too large"),
        ("a: " + "1" * 5000, ":1: a: a number that is too large"),
        ("a: " + "1" * 5000 + "e5", ":1: a: a number that is too large"),
        (f"a: {2**1024 - 1}", ":1: a: a number that is too large"),
        ("a: " + "x" * 70_000, ":1: longer than 65536 characters; is it a CSV?"),
    ],
)  # fmt: skip
def test_yaml_that_is_none_or_more_than_needed_is_refused(text: str, expected: str) -> None:
    assert config_error(text) == f"my.yaml{expected}"


def test_an_anchor_repeats_a_value() -> None:
    text = VALID.replace("[{dense: 10,", "[&layer {dense: &width 10,").replace(
        "activation: sigmoid}]", "activation: sigmoid}, *layer, {dense: *width, activation: tanh}]"
    )
    config = parse_config(text, "my.yaml")
    assert [(layer.neurons, layer.activation) for layer in config.network] == [
        (10, "sigmoid"),
        (10, "sigmoid"),
        (10, "tanh"),
    ]
    wrong = text.replace("&width 10", "&width -1")
    assert config_error(wrong).splitlines() == [
        f"my.yaml:2: network[{layer}].dense: must be at least 1, not -1" for layer in range(3)
    ]


@pytest.mark.parametrize("leaf", ["{}", "&b [lol, lol]", *slow("[]", "lol", "lol" * 9_999)])
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
    assert time.process_time() - start < 10  # unlimited, it would take years


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
        ("training.optimizer={name: sgd}", "training.optimizer: missing key 'learning_rate' (learning rate, the lecture's α)"),
        ("training.schedule.warmup=1", "training.schedule: missing key 'name'; choose from constant, step, exponential, cosine, one_cycle"),
        ("data.classes=7", "network[0].dense: the last layer must have one neuron for each of the 7 classes, not 10"),
        ("network[1].dense=7", "no item '1' in a list of 1; the first item is 0"),
        ("network.dense=7", "no item 'dense' in a list of 1; the first item is 0"),
        ("seed.x=1", "seed: must be a whole number, not a mapping"),
        ("seed=[", "the text ends within '[' or '{'; close it"),
        ("seed", "write KEY=VALUE, for example training.epochs=3"),
        ("=3", "write KEY=VALUE, for example training.epochs=3"),
        ("network[x]=3", "write KEY=VALUE, for example training.epochs=3"),
    ],
)  # fmt: skip
def test_an_issue_in_an_override_has_the_override_as_its_location(
    override: str, expected: str
) -> None:
    assert config_error(VALID, override) == f"--set {override}: {expected}"


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("seed" + ".a" * 5000 + "=1", "write KEY=VALUE, for example training.epochs=3"),
        ("seed=" + "1" * 5000, "a number that is too large"),
        ("seed=" + "x" * 5000, f"seed: must be a whole number, not the text '{'x' * 58}…"),
    ],
)
def test_of_a_long_override_seventy_characters_are_shown(override: str, expected: str) -> None:
    assert config_error(VALID, override) == f"--set {override}"[:69] + f"…: {expected}"
