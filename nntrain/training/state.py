"""The state of a training: all that changes while a network is trained."""

from dataclasses import dataclass
from pathlib import Path

from nntrain.config import Config
from nntrain.config.build import build_average, build_optimizer, initial_network
from nntrain.nn import Network
from nntrain.nn.arrays import Array
from nntrain.optim import MovingAverage, Optimizer
from nntrain.training import checkpoint
from nntrain.training.checkpoint import Checkpoint
from nntrain.training.progress import Progress


@dataclass
class TrainingState:
    """All that changes while a network is trained.

    Attributes:
        network: Its parameters are moved,
        optimizer: by this one,
        average: and followed by this one, if there is one.
        progress: How far.
    """

    network: Network
    optimizer: Optimizer
    average: MovingAverage | None
    progress: Progress

    @classmethod
    def begin(cls, config: Config, inputs: int) -> "TrainingState":
        """Before the first step; `inputs` is n_0."""
        network = initial_network(config, inputs)
        optimizer = build_optimizer(config, network)
        return cls(network, optimizer, build_average(config, network), Progress())

    def restore(self, saved: Checkpoint, path: Path) -> None:
        """Go to where a checkpoint was saved.

        Raises:
            CheckpointError: The one in this file is of another network.
        """
        arrays = {"parameters": saved.parameters, **saved.optimizer_state}
        own = {"parameters": self.network.parameters, **self.state}
        checkpoint.check_same_arrays(
            path, arrays, {name: (array.shape, array.dtype) for name, array in own.items()}
        )
        for name, array in own.items():
            array[...] = arrays[name]
        self.progress = saved.progress

    @property
    def state(self) -> dict[str, Array]:
        """All arrays but the parameters, by name."""
        return self.optimizer.state | (self.average.state if self.average else {})
