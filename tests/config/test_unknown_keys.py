"""Misplaced keys, other libraries' keys, and keys that another choice has left behind."""

# ruff: noqa: E501  # an issue is one line, here as on the terminal

from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nntrain.config.issues import dotted
from nntrain.config.load import parse_config
from nntrain.config.places import places_of
from nntrain.config.schema import Config
from tests.support.configs import VALID, config_error
from tests.support.examples import examples

FILE = dedent("""\
    data: {train: train.csv}
    network: [{dense: 10, activation: sigmoid}]
    loss: squared_error
    training:
      epochs: 3
      optimizer: {name: momentum, learning_rate: 0.1, momentum: 0.9}
      schedule: {name: step, every: 3}
""")


@pytest.mark.parametrize(
    ("override", "hint"),
    [
        ("training.optimizer.name=adam", "training.optimizer: unknown key 'momentum'; it belongs to momentum and nesterov, not to adam; write --set training.optimizer=adam"),
        ("training.optimizer.name=sgd", "training.optimizer: unknown key 'momentum'; it belongs to momentum and nesterov, not to sgd; write --set 'training.optimizer={name: sgd, learning_rate: 0.1}'"),
        ("training.optimizer={name: adam, momentum: 0.9}", "training.optimizer: unknown key 'momentum'; it belongs to momentum and nesterov, not to adam; remove it, or write name: momentum"),
        ("training.schedule.name=cosine", "training.schedule: unknown key 'every'; it belongs to step, not to cosine; write --set training.schedule=cosine"),
        ("training.schedule.name=constant", "training.schedule: unknown key 'every'; it belongs to step, not to constant; write --set training.schedule=constant"),
        ("network[0].init={normal: 1, uniform: 2}", "network[0].init: unknown key 'uniform'; keep only one of normal and uniform"),
        ("optimizer.name=adam", "unknown key 'optimizer'; write --set training.optimizer=adam"),
        ("epochs=5", "unknown key 'epochs'; write --set training.epochs=5"),
        ("lr=0.1", "unknown key 'lr'; write --set training.optimizer.learning_rate=0.1"),
        ("optimizer.learning_rate=0.1", "unknown key 'optimizer'; write --set training.optimizer.learning_rate=0.1"),
        ("optimizer={name: adam, beta1: 0.5}", "unknown key 'optimizer'; write --set 'training.optimizer={name: adam, beta1: 0.5}'"),
        ("training.activation=relu", "training: unknown key 'activation'; write --set network[0].activation=relu"),
        ("beta1=0.9", "unknown key 'beta1'; write --set training.optimizer.beta1=0.9, with name: adam or adamw"),
        ("epoch=3", "unknown key 'epoch'; write --set training.epochs=3"),
        ("data={train: x, batch_size: 3}", "data: unknown key 'batch_size'; its place is training.batch_size"),
        ("network[0].units=3", "network[0]: unknown key 'units'; its name here is 'dense'"),
        ("training.optimizer.alpha=1", "training.optimizer: unknown key 'alpha'; its name here is 'learning_rate' or 'weight_decay'"),
        ("training.num_workers=4", "training: unknown key 'num_workers'; give --threads to the command instead"),
        ("network[0].BatchNormalization=true", "network[0]: unknown key 'BatchNormalization'; there is no normalisation between layers here; remove it"),
        ("network[0]=Dense(10)", "network[0]: must be a mapping of keys to values, not the text 'Dense(10)'; write {dense: …, activation: …}"),
    ],
)  # fmt: skip
def test_an_override_is_answered_with_the_one_to_write(override: str, hint: str) -> None:
    assert config_error(FILE, override).splitlines()[-1] == f"--set {override}: {hint}"


@pytest.mark.parametrize(
    ("line", "issue"),
    [
        ("epochs: 5", "8: unknown key 'epochs'; its place is training.epochs; write 'epochs: 5' in 'training:'"),
        ("  activation: relu", "8: training: unknown key 'activation'; its place is network[0].activation; write 'activation: relu' in an item of 'network:'"),
        ("  learning_rate: 0.1", "8: training: unknown key 'learning_rate'; its place is training.optimizer.learning_rate; write 'learning_rate: 0.1' in 'optimizer:'"),
        ("  validation: data/other.csv", "8: training: unknown key 'validation'; its place is data.validation; write 'validation: data/other.csv' in 'data:'"),
        ("  loss: cross_entropy", "8: training: unknown key 'loss'; its place is the top level; write 'loss: cross_entropy' there, without indentation"),
        ("rotation: 3", "8: unknown key 'rotation'; its place is data.distortion.rotation; write 'rotation: 3' in 'distortion:'"),
        ("step_size: 3", "8: unknown key 'step_size'; its place is training.optimizer.learning_rate; write 'learning_rate: 3' in 'optimizer:'"),
        ("distortion: {rotation: 3}", "8: unknown key 'distortion'; its place is data.distortion; write 'distortion:' in 'data:'"),
    ],
)  # fmt: skip
def test_a_misplaced_line_is_told_its_place(line: str, issue: str) -> None:
    assert config_error(FILE + line) == f"my.yaml:{issue}"


def test_a_setting_beside_a_bare_name_is_told_both() -> None:
    text = VALID.replace("{name: sgd, learning_rate: 1e-4}", "adam, learning_rate: 0.01")
    assert config_error(text) == (
        "my.yaml:4: training: unknown key 'learning_rate'; its place is "
        "training.optimizer.learning_rate; write 'optimizer: {name: adam, learning_rate: 0.01}'"
    )


def test_what_a_changed_file_left_behind_is_to_be_removed() -> None:
    assert config_error(FILE.replace("name: momentum", "name: adam")) == (
        "my.yaml:6: training.optimizer: unknown key 'momentum'; it belongs to momentum and "
        "nesterov, not to adam; remove it, or write name: momentum"
    )


def test_the_option_to_write_is_accepted() -> None:
    parse_config(FILE, "my.yaml", ["training.optimizer=adam", "training.schedule=cosine"])
    parse_config(FILE, "my.yaml", ["training.optimizer={name: sgd, learning_rate: 0.1}"])


@examples(50)
@given(st.data())
def test_any_key_at_any_wrong_place_is_told_its_place(data: st.DataObject) -> None:
    places = places_of(Config)
    key = data.draw(st.sampled_from(sorted(places)))
    wrong = data.draw(
        st.sampled_from(["", "data.", "training.", "network[0].", "data.distortion."])
    )
    right = dotted(places[key].path)
    if f"{wrong}{key}" != right:
        line = config_error(FILE, f"{wrong}{key}=1").splitlines()[-1]
        assert f"unknown key '{key}'; write --set {right}=1" in line
