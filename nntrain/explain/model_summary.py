"""The summary of a network: shapes, parameters, multiplications and memory."""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rich.console import Console, RenderableType

from nntrain.config import Config
from nntrain.config.build import build_average, build_dropout, build_network, build_optimizer
from nntrain.config.schema import LAYERS
from nntrain.data.archives import is_there
from nntrain.data.kaggle import count_pixels
from nntrain.engine.buffers import Buffers
from nntrain.explain import summary_text
from nntrain.text.console import as_text
from nntrain.training.inference import Predictor
from nntrain.training.initial_weights import read_initial_weights
from nntrain.training.reporter import Reporter
from nntrain.training.run import RunFolder

MNIST_PIXELS = 784


class LayerSummary(NamedTuple):
    """The summary of one layer.

    Attributes:
        kind: "dense", "conv", "max_pool" or "mean_pool".
        activation: Name of σ.
        output_shape: The shape of x_i.
        weight_shape: The shape of W_i; (0,) without weights.
        biases: The number of biases.
        dropout: The share of its outputs that each training step drops.
    """

    kind: str
    activation: str
    output_shape: tuple[int, ...]
    weight_shape: tuple[int, ...]
    biases: int
    dropout: float

    @property
    def weights(self) -> int:
        """Number of weights."""
        return math.prod(self.weight_shape)

    @property
    def multiplications(self) -> int:
        """Number of multiplications per image in the forward pass: each window has all weights."""
        return self.weights * math.prod(self.output_shape[:-1])


class ModelSummary(NamedTuple):
    """The summary of a network; the repr is what `nntrain inspect` prints.

    Attributes:
        input_shape: The shape of x_0.
        layers: From the first to the last.
        input_dropout: The share of x_0 that each training step drops.
        loss: Name of E.
        dtype: Number type of all arrays.
        members: Number of networks: of a committee's members or of folds; 1 for a single network.
        batch_size: B.
        memory: Bytes in training, by purpose, for one network.
        init: The runs and epochs whose weights a run's networks began with, such as
            "runs/old, epoch 4"; none if they were drawn.
    """

    input_shape: tuple[int, ...]
    layers: list[LayerSummary]
    input_dropout: float
    loss: str
    dtype: str
    members: int
    batch_size: int
    memory: dict[str, int]
    init: Sequence[str] = ()

    def __repr__(self) -> str:
        return "\n".join([self.heading, as_text(self.parts)])

    @property
    def heading(self) -> str:
        """The shapes, the loss, the number type and the number of networks as text."""
        return summary_text.heading(self)

    def parts(self, console: Console) -> Iterator[RenderableType]:
        """What is printed below the heading."""
        return summary_text.parts(self, console)

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """The shapes of x_0 … x_L."""
        return [self.input_shape, *(layer.output_shape for layer in self.layers)]

    @property
    def weights(self) -> int:
        """Weights of one network."""
        return sum(layer.weights for layer in self.layers)

    @property
    def biases(self) -> int:
        """Number of biases of one network."""
        return sum(layer.biases for layer in self.layers)

    @property
    def parameters(self) -> int:
        """Number of weights and biases of one network."""
        return self.weights + self.biases

    @property
    def multiplications(self) -> int:
        """Multiplications per image in the forward pass."""
        return sum(layer.multiplications for layer in self.layers)

    @property
    def multiplications_back(self) -> int:
        """Number of multiplications per image in the backward pass.

        ∂E/∂W_i = δ_i x_{i−1}ᵀ takes as many as the forward pass, and so does W_iᵀ δ_i in all
        layers but the first.
        """
        return 2 * self.multiplications - self.layers[0].multiplications


def inspect(source: Config | RunFolder, reporter: Reporter) -> ModelSummary:
    """Summarise the network of a configuration or of a run; members of a committee have the same.

    Args:
        source: The result of `nntrain.explain.inputs.resolve_source`.
        reporter: Receives a notice if the data are missing, so that n_0 is assumed.

    Raises:
        CheckpointError: If the run's checkpoint cannot be trusted.
        DataError: If the training CSV's first line cannot be read.
    """
    if isinstance(source, Config):
        return _summary(source, _inputs(source, reporter), source.networks)
    members = source.members()
    if members[0].best_file.exists():
        model = Predictor(members[0])
        summary = _summary(model.config, model.network.widths[0], len(members))
        kept = [init.source for init in map(read_initial_weights, members) if init]
        return summary._replace(init=list(dict.fromkeys(kept)))
    config = source.config()
    return _summary(config, _inputs(config, reporter), len(members))


def _inputs(config: Config, reporter: Reporter) -> int:
    """n_0, the number of pixels in the training CSV."""
    csv = config.data.training_files[0]
    if not is_there(csv):
        reporter.log(f"{csv}: no such file; assuming {MNIST_PIXELS} pixels")
        return MNIST_PIXELS
    return count_pixels(csv, config.data.label_column)


def _summary(config: Config, inputs: int, members: int) -> ModelSummary:
    # The same objects as in training; the system allocates their memory only when it is written to.
    network = build_network(config, inputs)
    optimizer, average = build_optimizer(config, network), build_average(config, network)
    buffers = Buffers(
        network, network.parameters, config.training.batch_size, build_dropout(config), threads=1
    )
    memory = {
        "parameters": network.parameters.nbytes,
        "gradient": network.parameters.nbytes,
        f"state of {config.training.optimizer.name}": sum(
            array.nbytes for array in optimizer.state.values()
        ),
        "moving average": sum(array.nbytes for array in average.state.values()) if average else 0,
        "buffers of a batch": buffers.nbytes,
    }
    layers = [
        LayerSummary(
            next(kind for kind, model in LAYERS.items() if isinstance(layer, model)),
            layer.activation,
            shape,
            built.weights.shape,
            built.biases.size,
            layer.dropout,
        )
        for layer, built, shape in zip(
            config.network, network.layers, network.shapes[1:], strict=True
        )
    ]
    return ModelSummary(
        input_shape=network.shapes[0],
        layers=layers,
        input_dropout=config.training.input_dropout,
        loss=config.loss,
        dtype=config.dtype,
        members=members,
        batch_size=config.training.batch_size,
        memory={name: size for name, size in memory.items() if size},
    )
