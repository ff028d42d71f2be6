"""The state of a training: network, optimiser, moving average and progress."""

from dataclasses import dataclass
from pathlib import Path

from nntrain.config import Config
from nntrain.config.build import build_average, build_optimizer, initial_network
from nntrain.config.memory import check_network_fits
from nntrain.nn import Network
from nntrain.nn.arrays import Array
from nntrain.optim import MovingAverage, Optimizer
from nntrain.training import checkpoint
from nntrain.training.checkpoint import Checkpoint
from nntrain.training.initial_weights import InitialWeights
from nntrain.training.progress import Progress


@dataclass
class TrainingState:
    """Everything that changes during a training.

    Attributes:
        network: The network to train.
        optimizer: The optimiser of its parameters.
        average: The moving average of its parameters, if there is one.
        progress: The position and the metrics recorded so far.
        init: Where the weights it began with are from; "" if it drew them.
    """

    network: Network
    optimizer: Optimizer
    average: MovingAverage | None
    progress: Progress
    init: str = ""

    @classmethod
    def initial(
        cls, config: Config, inputs: int, init: InitialWeights | None = None
    ) -> "TrainingState":
        """The initial state.

        Args:
            config: The configuration.
            inputs: n_0.
            init: The initial weights; None: drawn from the seed.

        Raises:
            ConfigError: If the initial weights do not fit, or the state needs more memory
                than this machine has.
        """
        check_network_fits(config, inputs, trained=True)
        network = initial_network(config, inputs)
        if init is not None:
            init.check_fits(network)
            init.copy_to(network)
        optimizer, average = build_optimizer(config, network), build_average(config, network)
        return cls(network, optimizer, average, Progress(), init.source if init else "")

    def restore(self, saved: Checkpoint, path: Path) -> None:
        """Restore a checkpoint; `path` is for error messages.

        Raises:
            CheckpointError: If the checkpoint is of another network.
        """
        arrays = {"parameters": saved.parameters, **saved.optimizer_state}
        own = {"parameters": self.network.parameters, **self.state}
        checkpoint.check_same_arrays(
            path, arrays, {name: (array.shape, array.dtype) for name, array in own.items()}
        )
        for name, array in own.items():
            array[...] = arrays[name]
        self.progress, self.init = saved.progress, saved.meta.init

    @property
    def state(self) -> dict[str, Array]:
        """All arrays except the parameters, by name."""
        return self.optimizer.state | (self.average.state if self.average else {})
