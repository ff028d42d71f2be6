"""Locations and order of issues."""

# ruff: noqa: E501  # an issue is one line, here as on the terminal

from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nntrain.config.load import parse_config
from tests.support.configs import VALID, config_error
from tests.support.examples import examples


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("data.classes=2", "network[0].dense: the last layer must have one neuron for each of the 2 classes, not 10"),
        ("training.epochs=1", "training.schedule.warmup: must be at most training.epochs (1), not 2.5"),
        ("data.validation=0", "training.patience: needs validation rows, but data.validation is 0; hold some out or write null"),
        ("network[0].activation=tanh", "loss: cross_entropy needs softmax in the last layer, not tanh; write softmax there, or loss: squared_error"),
        ("loss=binary_cross_entropy", "loss: binary_cross_entropy needs sigmoid in the last layer, not softmax; write sigmoid there, or loss: cross_entropy"),
        ("training.optimizer.name=nesterov", "training.optimizer: missing key 'learning_rate' (learning rate, the lecture's α)"),
        ("training.schedule.name=constant", "training.schedule: unknown key 'final'; it belongs to cosine and one_cycle, not to constant; write --set training.schedule=constant"),
    ],
)  # fmt: skip
def test_an_override_that_does_not_suit_the_file_is_the_location_of_the_issue(
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


def test_all_issues_are_listed_in_the_order_of_the_file() -> None:
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


def test_of_many_issues_ten_are_listed() -> None:
    text = VALID + "\n".join(f"key{n}: 0" for n in range(13))
    lines = config_error(text).splitlines()
    assert lines[9].startswith("my.yaml:14: unknown key 'key9'")
    assert lines[10:] == ["and 3 more"]


def test_rules_across_keys_are_listed_together() -> None:
    text = VALID.replace("train.csv", "a.csv, validation: 0, classes: 10")
    text = text.replace("dense: 10", "dense: 9")
    text = text.replace("epochs: 3", "epochs: 3, patience: 2")
    assert config_error(text).splitlines() == [
        "my.yaml:2: network[0].dense: the last layer must have one neuron for each of the "
        "10 classes, not 9",
        "my.yaml:4: training.patience: needs validation rows, but data.validation is 0; "
        "hold some out or write null",
    ]


@examples(50)
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
