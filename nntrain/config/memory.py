"""Whether a network fits into this machine's memory."""

import os
import sys
from contextlib import suppress
from pathlib import Path

from nntrain.config.layers import build_layers, check_shapes, input_shape
from nntrain.config.schema import Config, ConvConfig
from nntrain.errors import ConfigError
from nntrain.nn import parameter_count

# Vectors as long as the parameters that an optimizer keeps.
_OPTIMIZER_VECTORS = {"sgd": 0, "momentum": 1, "nesterov": 1, "adam": 2, "adamw": 2}
_BYTES = {"float32": 4, "float64": 8}
_CONTAINER_LIMIT = Path("/sys/fs/cgroup/memory.max")  # a number, or "max"


def check_network_fits(config: Config, inputs: int, *, trained: bool) -> None:
    """Check the size of a network of n_0 = `inputs` pixels before it is constructed.

    Args:
        config: The configuration.
        inputs: n_0.
        trained: Whether gradient, optimizer state and moving average are needed, too.

    Raises:
        ConfigError: If the network needs more memory than this machine has, or a layer cannot take
            the picture before it.
    """
    check_shapes(config, inputs)
    parameters = parameter_count(input_shape(config, inputs), build_layers(config))
    vectors = 1
    if trained:
        vectors += 1 + _OPTIMIZER_VECTORS[config.training.optimizer.name]
        vectors += config.training.average is not None
    needed = vectors * parameters * _BYTES[config.dtype]
    available = machine_memory()
    if available is not None and needed > available:
        widest = max(range(len(config.network)), key=lambda i: config.network[i].neurons)
        key = "conv" if isinstance(config.network[widest], ConvConfig) else "dense"
        raise ConfigError(
            f"network[{widest}].{key}: the network needs {_in_gb(needed)} of memory, but this "
            f"machine has {_in_gb(available)}; take fewer neurons"
        )


def machine_memory() -> int | None:
    """The memory that this process may use at most, in bytes; None if the system does not say."""
    limits: list[int] = []
    if sys.platform != "win32":
        with suppress(OSError, ValueError):
            limits.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
        with suppress(OSError, ValueError):
            limits.append(int(_CONTAINER_LIMIT.read_text()))
    return min(limits, default=None)


def _in_gb(size: int) -> str:
    return f"{size / 1e9:,.1f} GB"
