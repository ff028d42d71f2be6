"""Loading configurations, and the round trip through YAML."""

# ruff: noqa: E501  # an issue is one line, here as on the terminal

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nntrain.config import Config
from nntrain.config.load import dump_config, load_config, make_config, parse_config, starter_text
from nntrain.errors import ConfigError
from tests.support.configs import VALID, VALUES, configs
from tests.support.examples import examples


def test_a_short_file_is_filled_with_the_defaults() -> None:
    config = parse_config(VALID, "my.yaml")
    assert (config.seed, config.dtype, config.loss) == (0, "float32", "squared_error")
    assert (config.data.validation, config.data.classes) == (0.1, None)
    assert config.data.input_range == (0.0, 1.0)
    assert config.output_layer.init == "xavier_uniform"
    assert config.training.batch_size == 32
    assert config.training.optimizer.learning_rate == 1e-4
    assert (config.training.schedule.name, config.training.schedule.warmup) == ("constant", 0)
    assert config.training.patience is None


def test_values_make_the_configuration_that_their_yaml_makes() -> None:
    assert make_config(VALUES, "config") == parse_config(VALID, "my.yaml")
    assert make_config(VALUES, "config", ["training.epochs=5"]).training.epochs == 5
    dumped = make_config(VALUES, "config").model_dump()
    assert make_config(dumped, "config") == make_config(VALUES, "config")


def test_the_starter_loads_and_suits_mnist() -> None:
    config = parse_config(starter_text(), "starter.yaml")
    assert [(layer.neurons, layer.activation) for layer in config.network] == [
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


def test_a_file_is_read_with_byte_order_mark_and_windows_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "my.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + VALID.replace("\n", "\r\n").encode())
    assert load_config(path) == parse_config(VALID, "my.yaml")
    path.write_bytes(path.read_bytes() + b"sed: 1\r\n")
    with pytest.raises(ConfigError) as raised:
        load_config(str(path))
    assert str(raised.value) == f"{path}:5: unknown key 'sed'; did you mean 'seed'?"


def test_a_file_that_cannot_be_read_is_reported_with_a_hint(tmp_path: Path) -> None:
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


@examples(50)
@given(st.text() | st.lists(PIECES | st.text(max_size=3)).map("".join))
def test_no_text_raises_anything_but_a_config_error(text: str) -> None:
    refused_at_most_with_a_config_error(text)
    refused_at_most_with_a_config_error(VALID, text)
    refused_at_most_with_a_config_error(VALID, f"training.epochs={text}")


@examples(50)
@given(st.data(), st.lists(PIECES | st.text(max_size=3), max_size=4).map("".join))
def test_no_damaged_starter_raises_anything_but_a_config_error(
    data: st.DataObject, scrap: str
) -> None:
    text = "\n".join(line.partition("#")[0].rstrip() for line in starter_text().split("\n"))
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(start + 30, len(text))))
    refused_at_most_with_a_config_error(text[:start] + scrap + text[end:])


@examples(50)
@given(st.data())
def test_no_value_of_a_wrong_type_raises_anything_but_a_config_error(data: st.DataObject) -> None:
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


LECTURE = """\
data: {train: data/train.csv}
network:
  - {dense: 100, activation: sigmoid}
  - {dense: 10, activation: sigmoid, init: {normal: 1}}
loss: squared_error
training:
  epochs: 30
  optimizer: {name: sgd, learning_rate: 3}
"""


LECTURE_IN_FULL = """\
seed: 0
members: 1
folds: null
dtype: float32
data:
  train: data/train.csv
  validation: 0.1
  split_seed: null
  classes: null
  label_column: null
  pixel_range: null
  image: null
  input_range: [0.0, 1.0]
  distortion: null
network:
  - {dense: 100, activation: sigmoid, init: xavier_uniform, dropout: 0.0}
  - {dense: 10, activation: sigmoid, init: {normal: 1.0}, dropout: 0.0}
loss: squared_error
training:
  epochs: 30
  batch_size: 32
  optimizer: {name: sgd, learning_rate: 3.0, weight_decay: 0.0}
  schedule: {name: constant, warmup: 0.0}
  input_dropout: 0.0
  label_smoothing: 0.0
  mixup: null
  teacher: null
  l1: 0.0
  max_norm: null
  clip_norm: null
  average: null
  patience: null
"""


def test_the_lecture_is_written_in_full() -> None:
    assert dump_config(parse_config(LECTURE, "lecture.yaml")) == LECTURE_IN_FULL


@examples(50)
@given(configs())
def test_what_is_written_is_read_back_equal(config: Config) -> None:
    text = dump_config(config)
    assert parse_config(text, "dumped.yaml") == config
    assert sum(line.startswith("  - {dense: ") for line in text.splitlines()) == len(config.network)


@examples(50)
@given(configs())
def test_overrides_in_json_lead_to_the_same_configuration(config: Config) -> None:
    values = config.model_dump(mode="json")
    overrides = [f"{key}={json.dumps(values[key], ensure_ascii=False)}" for key in values]
    assert parse_config(starter_text(), "starter.yaml", overrides) == config
