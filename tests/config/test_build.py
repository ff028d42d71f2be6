"""Objects built from a configuration."""

from collections.abc import Callable

import pytest

from nntrain.config import Config
from nntrain.config.build import build_optimizer, build_rescale, build_schedule, initial_network


def test_build_gives_every_optimizer_and_schedule(make_config: Callable[..., Config]) -> None:
    for name in ("sgd", "momentum", "nesterov", "adam", "adamw"):
        config = make_config(f"training.optimizer={{name: {name}, learning_rate: 0.1}}")
        network = initial_network(config, 16)
        optimizer = build_optimizer(config, network)
        assert type(optimizer).__name__.lower() == name
    for text, at_two in (
        ("constant", 1.0),
        ("{name: step, every: 1}", 0.01),
        ("{name: exponential, decay: 0.5}", 0.25),
        ("{name: cosine, final: 0.5}", 0.75),
        ("{name: one_cycle, peak_at: 0.5}", 1.0),
        ("{name: constant, warmup: 4}", 0.5),
    ):
        assert build_schedule(make_config(f"training.schedule={text}"))(2.0) == pytest.approx(
            at_two
        )
    assert build_rescale(make_config("data.input_range=[-1, 1]")).low == -1
