"""The arrays of a batch, allocated once, and the parts of them that threads work on."""

from typing import NamedTuple

import numpy as np

from nntrain.engine.dropout import Dropout
from nntrain.nn.arrays import Array
from nntrain.nn.layers import Layer
from nntrain.nn.network import Network

# The moves of so many parameters at a time find their operands in a core's own cache.
CACHED_PARAMETERS = 131_072


class RowShard(NamedTuple):
    """Some rows of a batch: what one thread propagates forward and back; layers counted from 0.

    Attributes:
        xs: x_0 … x_L.
        inputs: What the layers read: x_0 … x_{L−1}, or copies in which dropout left something out.
        masks: What multiplies x_0 … x_{L−1} for that; None where nothing is left out.
        deltas: Nothing for x_0, then δ_1 … δ_L.
        scratch: Shaped as the deltas; overwritten at will.
        y: The targets.
    """

    xs: list[Array]
    inputs: list[Array]
    masks: list[Array | None]
    deltas: list[Array]
    scratch: list[Array]
    y: Array


class ParameterShard(NamedTuple):
    """Some parameters of a layer: what one thread computes the gradient of.

    Attributes:
        layer: The layer i.
        delta: δ_i, of these neurons or of all.
        x: x_{i−1} as the layer reads it, these inputs or all.
        out: Where ∂E/∂W_i and ∂E/∂b_i go.
    """

    layer: Layer
    delta: Array
    x: Array
    out: tuple[Array, Array]


class BatchShards(NamedTuple):
    """A batch, shared among threads: for each its rows, and its parameters of each layer."""

    rows: list[RowShard]
    parameters: list[list[ParameterShard]]


class BatchBuffer(NamedTuple):
    """Room for the rows of several batches.

    Attributes:
        x: Inputs x_0, shape (rows, *input_shape), to be filled.
        y: Their targets, shape (rows, *output_shape), to be filled.
        outputs: Their x_L, each from before its own batch's step.
        batches: How each whole batch is shared.
    """

    x: Array
    y: Array
    outputs: Array
    batches: list[BatchShards]


class Buffers:
    """What a step needs besides inputs, targets and outputs, for one batch at a time.

    Args:
        network: Whose shapes and precision they have.
        gradient: The vector that the gradient is written into.
        rows: B.
        dropout: What of x_0 … x_{L−1} is left out; None: nothing.
        threads: Among how many a batch is shared.
    """

    def __init__(
        self, network: Network, gradient: Array, rows: int, dropout: Dropout | None, threads: int
    ) -> None:
        def empty(like: tuple[int, ...]) -> Array:
            made: Array = np.empty((rows, *like), network.parameters.dtype)
            return made

        self.threads = threads
        self.layers = network.layers
        self.gradients = network.views(gradient)
        shapes = network.shapes
        self.xs = [empty((0,)), *map(empty, shapes[1:-1]), empty((0,))]
        self.deltas = [empty((0,)), *map(empty, shapes[1:])]
        self.scratch = [empty((0,)), *map(empty, shapes[1:])]
        rates = dropout.rates if dropout else [0.0] * len(network.layers)
        pairs = list(zip(shapes, rates, strict=False))  # the outputs are never left out
        self.masks = [empty(shape) if rate else None for shape, rate in pairs]
        self.kept = [empty(shape) if rate else None for shape, rate in pairs]

    @property
    def nbytes(self) -> int:
        """The memory that they take."""
        arrays = [*self.xs, *self.deltas, *self.scratch, *self.masks, *self.kept]
        return sum(array.nbytes for array in arrays if array is not None)

    def share(self, x: Array, y: Array, outputs: Array) -> BatchShards:
        """Share a batch of at most B rows among the threads.

        Args:
            x: Its rows of a `BatchBuffer`,
            y: of its targets,
            outputs: and of its outputs.
        """
        count = len(x)
        xs = [x, *(array[:count] for array in self.xs[1:-1]), outputs]
        inputs = [
            x if kept is None else kept[:count] for x, kept in zip(xs, self.kept, strict=False)
        ]
        whole = RowShard(
            xs,
            inputs,
            self.masks_of(count),
            [array[:count] for array in self.deltas],
            [array[:count] for array in self.scratch],
            y,
        )
        return BatchShards(
            [_rows(whole, self.part(count, thread)) for thread in range(self.threads)],
            [self._parameters(whole, thread) for thread in range(self.threads)],
        )

    def masks_of(self, count: int) -> list[Array | None]:
        """The masks of a batch of so many rows."""
        return [None if mask is None else mask[:count] for mask in self.masks]

    def _parameters(self, batch: RowShard, thread: int) -> list[ParameterShard]:
        """One thread's parameters of each layer that has any.

        Weights that lie by neurons are shared by neurons, those that lie by inputs by inputs.
        """
        shards = []
        for layer, delta, x, (weights, biases) in zip(
            self.layers, batch.deltas[1:], batch.inputs, self.gradients, strict=True
        ):
            part = self.part(len(_as_it_lies(weights)), thread)
            if weights.flags.c_contiguous:
                shard = ParameterShard(layer, delta[:, part], x, (weights[part], biases[part]))
            else:
                # The sum for the biases comes with each part of the weights; one of them counts.
                own = biases if thread == 0 else np.empty_like(biases)
                shard = ParameterShard(layer, delta, x[:, part], (weights[:, part], own))
            if shard.out[0].size:
                shards.append(shard)
        return shards

    def regions(self, thread: int) -> list[slice]:
        """Where one thread's parameters lie in the vector, in pieces; biases apart from weights."""
        first, regions = 0, []
        for kind in range(2):
            stretches: list[list[int]] = []  # without a gap
            for pair in self.gradients:
                start, stop = (first + at for at in self._stretch(*pair, kind, thread))
                if stretches and stretches[-1][1] == start:
                    stretches[-1][1] = stop
                elif stop > start:
                    stretches.append([start, stop])
                first += pair[kind].size
            for start, stop in stretches:
                cuts = range(start, stop, CACHED_PARAMETERS)
                regions += [slice(cut, min(cut + CACHED_PARAMETERS, stop)) for cut in cuts]
        return regions

    def _stretch(self, weights: Array, biases: Array, kind: int, thread: int) -> tuple[int, int]:
        """From where to where one thread's part of the weights (0) or of the biases (1) goes."""
        if kind == 1 and not weights.flags.c_contiguous:
            return (0, len(biases)) if thread == 0 else (0, 0)
        rows = len(_as_it_lies(weights))
        part = self.part(rows, thread)
        length = (weights.size // rows if rows else 0) if kind == 0 else 1
        return part.start * length, part.stop * length

    def part(self, count: int, thread: int) -> slice:
        """One thread's part of so many rows or neurons."""
        return slice(thread * count // self.threads, (thread + 1) * count // self.threads)


def _rows(batch: RowShard, part: slice) -> RowShard:
    return RowShard(
        [x[part] for x in batch.xs],
        [x[part] for x in batch.inputs],
        [None if mask is None else mask[part] for mask in batch.masks],
        [delta[part] for delta in batch.deltas],
        [array[part] for array in batch.scratch],
        batch.y[part],
    )


def _as_it_lies(weights: Array) -> Array:
    """The weights with the axis first that is the outer one in memory."""
    return weights if weights.flags.c_contiguous else weights.T
