"""Networks that do not fit into memory are refused before they are constructed."""

from pathlib import Path

import pytest

from nntrain.config import memory, parse_config
from nntrain.config.build import build_network
from nntrain.config.memory import check_network_fits, machine_memory
from nntrain.config.places import variants_of
from nntrain.config.schema import AnyOptimizer
from nntrain.errors import ConfigError
from nntrain.training.state import TrainingState
from tests.support.configs import VALID


def test_a_network_larger_than_memory_is_refused_with_both_sizes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(memory, "machine_memory", lambda: 16 * 10**9)
    hidden = "network: [{dense: 9, activation: tanh}, {dense: 1000000000, activation: tanh}, "
    config = parse_config(VALID.replace("network: [", hidden), "my.yaml")
    with pytest.raises(ConfigError) as raised:
        build_network(config, 784)
    assert str(raised.value) == (
        "network[1].dense: the network needs 80.0 GB of memory, but this machine has 16.0 GB; "
        "take fewer neurons"
    )


@pytest.mark.parametrize("average", ["null", "0.9"])
@pytest.mark.parametrize("name", variants_of(AnyOptimizer))
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_training_needs_as_much_as_its_arrays_take(
    monkeypatch: pytest.MonkeyPatch, name: str, average: str, dtype: str
) -> None:
    text = VALID.replace("name: sgd", f"name: {name}") + f"dtype: {dtype}"
    config = parse_config(text, "my.yaml", [f"training.average={average}"])
    state = TrainingState.initial(config, 16)
    parameters = state.network.parameters
    kept = [parameters, parameters, *state.state.values()]  # one is the gradient's
    size = sum(array.nbytes for array in kept if array.shape)
    monkeypatch.setattr(memory, "machine_memory", lambda: size)
    check_network_fits(config, 16, trained=True)
    monkeypatch.setattr(memory, "machine_memory", lambda: size - 1)
    check_network_fits(config, 16, trained=False)
    with pytest.raises(ConfigError):
        check_network_fits(config, 16, trained=True)


def test_a_container_limits_the_memory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(memory, "_CONTAINER_LIMIT", limit)
    machine = machine_memory()
    assert machine is not None
    assert machine > 10**8
    limit.write_text("max\n")
    assert machine_memory() == machine
    limit.write_text("12345678\n")
    assert machine_memory() == 12345678
