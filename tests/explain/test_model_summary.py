"""The summary's memory and multiplications, compared with the objects of training."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nntrain.config import Config
from nntrain.config.build import build_network
from nntrain.engine.buffers import Buffers
from nntrain.explain.model_summary import inspect
from nntrain.nn.arrays import Array
from nntrain.training.reporter import Reporter
from nntrain.training.state import TrainingState
from tests.support.networks import batch_for


def bytes_within(owner: object) -> int:
    """Of all arrays that an object holds, however deep; views count as what they show."""
    if isinstance(owner, np.ndarray):
        return owner.nbytes
    if isinstance(owner, dict):
        return sum(map(bytes_within, owner.values()))
    return sum(map(bytes_within, owner)) if isinstance(owner, list | tuple) else 0


@pytest.mark.parametrize(
    "optimizer",
    [
        "{name: sgd, learning_rate: 1}",
        "{name: momentum, learning_rate: 1}",
        "{name: nesterov, learning_rate: 1}",
        "adam",
        "adamw",
    ],
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("average", ["null", "0.9"])
def test_memory_is_that_of_the_arrays_of_training(
    make_config: Callable[..., Config], optimizer: str, dtype: str, average: str
) -> None:
    config = make_config(
        f"training.optimizer={optimizer}", f"dtype={dtype}", f"training.average={average}"
    )
    summary = inspect(config, Reporter())
    learning = TrainingState.initial(config, 16)
    buffers = Buffers(learning.network, learning.network.parameters, 16, None, 1)
    batch = bytes_within([buffers.xs, buffers.deltas, buffers.scratch])
    gradient = bytes_within(learning.network.parameters)
    parameters = bytes_within(learning.network.parameters)
    item = 4 if dtype == "float32" else 8
    assert parameters == item * (8 * 16 + 8 + 3 * 8 + 3)
    assert summary.memory["parameters"] == parameters
    assert summary.memory["gradient"] == gradient
    assert summary.memory["buffers of a batch"] == batch
    assert sum(summary.memory.values()) == parameters + gradient + batch + bytes_within(
        learning.state
    )


def test_multiplications_agree_with_those_of_the_products(
    make_config: Callable[..., Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = make_config("network[0].dense=5")
    summary = inspect(config, Reporter())
    network = build_network(config, 16)
    counted = 0
    matmul = np.matmul

    def counting(a: Array, b: Array, out: Array | None = None) -> Array:
        nonlocal counted
        counted += a.shape[0] * a.shape[1] * b.shape[1]
        return matmul(a, b, out=out)

    x, y = batch_for(network, 1)
    monkeypatch.setattr("nntrain.nn.layers.np.matmul", counting)
    xs = network.forward(x)
    assert counted == summary.weights == 16 * 5 + 5 * 3
    network.gradient(xs, y)
    assert counted == summary.weights + summary.multiplications_back


@pytest.mark.parametrize("suffix", ["", ".gz", ".zip", ".xz"])
def test_the_number_of_inputs_is_read_from_the_first_line_alone(
    make_config: Callable[..., Config], tmp_path: Path, suffix: str
) -> None:
    import pandas as pd

    path = tmp_path / f"wide.csv{suffix}"
    names = ["label", *(f"pixel{i}" for i in range(25))]
    pd.DataFrame([[0] * 25 + ["not a pixel"]], columns=names).to_csv(path, index=False)
    assert inspect(make_config(f"data.train={path}"), Reporter()).shapes == [(25,), (8,), (3,)]
