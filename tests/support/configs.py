"""A minimal configuration, and Hypothesis strategies for others."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

from nntrain.config import parse_config
from nntrain.config.schema import Config
from nntrain.errors import ConfigError
from nntrain.nn import ACTIVATIONS

VALID = """\
data: {train: train.csv}
network: [{dense: 10, activation: sigmoid}]
loss: squared_error
training: {epochs: 3, optimizer: {name: sgd, learning_rate: 1e-4}}
"""

# VALID as Python values, some of NumPy and pathlib.
VALUES: dict[str, Any] = {
    "data": {"train": Path("train.csv"), "input_range": np.array([0.0, 1.0])},
    "network": [{"dense": np.int64(10), "activation": "sigmoid"}],
    "loss": "squared_error",
    "training": {
        "epochs": 3,
        "optimizer": {"name": "sgd", "learning_rate": np.float64(1e-4)},
    },
}


def config_error(text: str, *overrides: str) -> str:
    """Error text for an invalid configuration."""
    with pytest.raises(ConfigError) as raised:
        parse_config(text, "my.yaml", overrides)
    return str(raised.value)


MISTAKEN = re.compile(r"none|nil|undefined|n/?a|nan|[\d.]+\s*%|\d+,\d+", re.IGNORECASE)
texts = st.text(
    st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\u2028\u2029\ufffe\uffff")
    | st.sampled_from("\n\t'\": #"),
    min_size=1,
    max_size=20,
).filter(lambda text: not MISTAKEN.fullmatch(text.strip())) | st.sampled_from(
    ["null", "1e-4", "3", "yes", "true", "~", "2001-01-01", "<<", "=", " "]
)


def numbers(low: float, high: float, **options: bool) -> st.SearchStrategy[float]:
    """Floats that a configuration may hold: 0 or not too near to it."""
    return st.floats(low, high, **options).filter(lambda x: x == 0 or abs(x) >= 1e-300)  # type: ignore[arg-type]


positive = numbers(0, 3.4e38, exclude_min=True) | st.integers(1, 9)
spread_of_field = numbers(0.01, 100)
spread = numbers(0, 1_000, exclude_min=True)
not_negative = st.just(0) | positive
share = numbers(0, 1, exclude_max=True)
fraction = numbers(0, 1, exclude_min=True)
counts = st.integers(1, 10**6)
seeds = st.integers(0, 2**63 - 1)


def tables(required: dict[str, Any], optional: dict[str, Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(required, optional=optional)


def optimizers() -> st.SearchStrategy[Any]:
    rate, decay = {"learning_rate": positive}, {"weight_decay": not_negative}
    moments = {"beta1": share, "beta2": share, "epsilon": numbers(1e-30, 1)}
    return st.one_of(
        st.sampled_from(["adam", "adamw"]),
        tables({"name": st.just("sgd")} | rate, decay),
        tables(
            {"name": st.sampled_from(["momentum", "nesterov"])} | rate, {"momentum": share} | decay
        ),
        tables({"name": st.sampled_from(["adam", "adamw"])}, rate | moments | decay),
    )


def schedules(epochs: int) -> st.SearchStrategy[Any]:
    warmup = {"warmup": numbers(0, epochs)}
    inside = numbers(0, 1, exclude_min=True, exclude_max=True)
    return st.one_of(
        st.sampled_from(["constant", "cosine", "one_cycle"]),
        tables({"name": st.just("constant")}, warmup),
        tables({"name": st.just("step"), "every": positive}, warmup | {"factor": fraction}),
        tables({"name": st.just("exponential"), "decay": fraction}, warmup),
        tables({"name": st.just("cosine")}, warmup | {"final": share}),
        tables(
            {"name": st.just("one_cycle")},
            warmup | {"peak_at": inside, "initial": fraction, "final": share},
        ),
    )


def layers(dense: st.SearchStrategy[int], *more: str) -> st.SearchStrategy[Any]:
    init = st.one_of(
        st.sampled_from([None, "he_normal", "glorot_uniform", "zeros"]),
        st.fixed_dictionaries({"normal": spread}),
        st.fixed_dictionaries({"uniform": spread}),
    )
    anywhere = [name for name in ACTIVATIONS if name not in ("sigmoid", "softmax")]
    names = st.sampled_from([*anywhere, *more])
    optional = {"init": init} if more else {"init": init, "dropout": numbers(0, 0.99)}
    return tables({"dense": dense, "activation": names}, optional)


def last_layers(classes: int) -> st.SearchStrategy[Any]:
    return layers(st.just(classes), "sigmoid", "softmax")


def distortions() -> st.SearchStrategy[Any]:
    return st.none() | tables(
        {},
        {
            "rotation": numbers(0, 180),
            "scale": share,
            "shear": numbers(0, 1),
            "shift": numbers(0, 100),
            "elastic": st.none() | tables({"strength": fraction, "sigma": spread_of_field}, {}),
            "limits": st.dictionaries(st.integers(0, 9), numbers(0, 1)),
        },
    )


def teachers() -> st.SearchStrategy[Any]:
    runs = st.lists(texts, min_size=1, max_size=3).map(tuple)
    shares = {"temperature": numbers(1, 100), "weight": numbers(0, 1)}
    return st.none() | tables({"runs": runs}, shares)


@st.composite
def configs(draw: st.DrawFn) -> Config:
    classes, epochs = draw(st.integers(2, 10)), draw(counts)
    validation = draw(
        texts | st.integers(0, 10**6) | numbers(0, 1, exclude_min=True, exclude_max=True)
    )
    low, high = draw(numbers(-1_000, 0)), draw(numbers(1e-6, 1_000))
    patience = counts | st.none() if validation else st.none()
    hidden, last = draw(st.lists(layers(counts), max_size=3)), draw(last_layers(classes))
    suited = {"softmax": "cross_entropy", "sigmoid": "binary_cross_entropy"}
    losses = {"squared_error", suited.get(last["activation"], "squared_error")}
    loss = draw(st.sampled_from(sorted(losses)))
    values = {
        "seed": draw(seeds),
        "members": draw(st.integers(1, 100)),
        "dtype": draw(st.sampled_from(["float32", "float64"])),
        "data": {
            "train": draw(texts | st.lists(texts, min_size=1, max_size=3, unique=True).map(tuple)),
            "validation": validation,
            "split_seed": draw(seeds | st.none()),
            "classes": classes,
            "label_column": draw(texts | st.none()),
            "input_range": (low, high),
            "distortion": draw(distortions()),
        },
        "network": (*hidden, last),
        "loss": loss,
        "training": {
            "epochs": epochs,
            "batch_size": draw(counts),
            "optimizer": draw(optimizers()),
            "schedule": draw(schedules(epochs)),
            "input_dropout": draw(numbers(0, 0.99)),
            "label_smoothing": draw(share),
            "mixup": draw(numbers(0.01, 100) | st.none()),
            "teacher": draw(teachers() if loss == "cross_entropy" else st.none()),
            "l1": draw(not_negative),
            "max_norm": draw(positive | st.none()),
            "clip_norm": draw(positive | st.none()),
            "average": draw(numbers(0, 0.9999, exclude_min=True) | st.none()),
            "patience": draw(patience),
        },
    }
    return Config.model_validate(values)
