"""Writing configurations: complete, readable, and read back as they were."""

import json

from hypothesis import given, settings

from nntrain.config.load import dump_config, parse_config, starter_text
from nntrain.config.schema import Config
from tests.support.configs import configs

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
dtype: float32
data:
  train: data/train.csv
  validation: 0.1
  split_seed: null
  classes: 10
  label_column: null
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
  l1: 0.0
  max_norm: null
  clip_norm: null
  average: null
  patience: null
"""

examples = settings(max_examples=50, deadline=None)  # a shared machine has no steady clock


def test_the_lecture_is_written_in_full() -> None:
    assert dump_config(parse_config(LECTURE, "lecture.yaml")) == LECTURE_IN_FULL


@examples
@given(configs())
def test_what_is_written_is_read_back_equal(config: Config) -> None:
    text = dump_config(config)
    assert parse_config(text, "dumped.yaml") == config
    assert sum(line.startswith("  - {dense: ") for line in text.splitlines()) == len(config.network)


@examples
@given(configs())
def test_overrides_in_json_lead_to_the_same_configuration(config: Config) -> None:
    values = config.model_dump(mode="json")
    overrides = [f"{key}={json.dumps(values[key], ensure_ascii=False)}" for key in values]
    assert parse_config(starter_text(), "starter.yaml", overrides) == config
