"""The preallocated arrays of a batch, and their shards for the threads."""

from typing import NamedTuple

import numpy as np

from nntrain.engine.dropout import Dropout
from nntrain.nn.arrays import Array
from nntrain.nn.layers import Dense, Layer
from nntrain.nn.network import Network

# The greatest size of a region, so that its operands stay in a core's cache.
CACHED_PARAMETERS = 131_072


class ParameterShard(NamedTuple):
    """The parameters of a layer whose gradient one thread computes.

    Attributes:
        layer: The layer i.
        delta: δ_i of the shard's neurons, or of all neurons.
        x: The layer's input x_{i−1}: the shard's inputs, or all of them.
        out: The arrays for ∂E/∂W_i and ∂E/∂b_i.
    """

    layer: Layer
    delta: Array
    x: Array
    out: tuple[Array, Array]


class GradientSum(NamedTuple):
    """A part of the gradient that is the sum of those of the threads' rows, in a fixed order."""

    parts: list[Array]
    total: Array


class RowShard(NamedTuple):
    """The rows of a batch that one thread propagates forward and back.

    Attributes:
        xs: x_0 … x_L.
        inputs: The inputs of the layers: x_0 … x_{L−1}, or their masked copies with dropout.
        masks: The dropout masks of x_0 … x_{L−1}; None where the rate is 0.
        deltas: An empty array, then δ_1 … δ_L.
        scratch: Temporary arrays in the shapes of the deltas, in the same memory; empty for a whole
            batch.
        y: The targets.
        sums: The layers of few weights and many windows, whose gradient each thread computes for
            its own rows.
    """

    xs: list[Array]
    inputs: list[Array]
    masks: list[Array | None]
    deltas: list[Array]
    scratch: list[Array]
    y: Array
    sums: list[ParameterShard]


class BatchShards(NamedTuple):
    """A batch divided among threads: for each thread, its rows, its parameters and its sums."""

    rows: list[RowShard]
    parameters: list[list[ParameterShard]]
    sums: list[list[GradientSum]]


class BatchBuffer(NamedTuple):
    """A buffer for the rows of several batches.

    Attributes:
        x: Inputs x_0, shape (rows, n_0); filled by the caller.
        y: Targets, shape (rows, *output_shape); filled by the caller.
        outputs: x_L of each row, computed before the step of its batch; written by the step.
        batches: The shards of each full batch.
    """

    x: Array
    y: Array
    outputs: Array
    batches: list[BatchShards]


class Buffers:
    """The arrays of a step besides inputs, targets and outputs, for one batch at a time.

    Args:
        network: Its shapes and precision are used.
        gradient: The gradient vector; shards have views into it.
        rows: The batch size B.
        dropout: Dropout of x_0 … x_{L−1}; None: no dropout.
        threads: The number of threads.
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
        self.scratch = empty((max(network.widths[1:]),))  # for one layer at a time
        rates = dropout.rates if dropout else [0.0] * len(network.layers)
        pairs = list(zip(shapes, rates, strict=False))  # no dropout of the outputs
        self.masks = [empty(shape) if rate else None for shape, rate in pairs]
        # ∂E/∂W and ∂E/∂b of each thread's rows, by layer; with one thread, the gradient itself.
        self.partial = [
            self.gradients
            if threads == 1
            else [(np.empty_like(w), np.empty_like(b)) for w, b in self.gradients]
            for _ in range(threads)
        ]
        self.kept = [empty(shape) if rate else None for shape, rate in pairs]

    @property
    def nbytes(self) -> int:
        """Their memory in bytes."""
        arrays = [*self.xs, *self.deltas, self.scratch, *self.masks, *self.kept]
        return sum(array.nbytes for array in arrays if array is not None)

    def share(self, x: Array, y: Array, outputs: Array) -> BatchShards:
        """Divide a batch of at most B rows among the threads.

        Args:
            x: The inputs of the batch, a slice of a `BatchBuffer`.
            y: The targets.
            outputs: The array for x_L.
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
            [],
            y,
            [],
        )
        threads = range(self.threads)
        return BatchShards(
            [self._rows(whole, self.part(count, thread), thread) for thread in threads],
            [self._parameters(whole, thread) for thread in threads],
            [self._sums(thread) if self.threads > 1 else [] for thread in threads],
        )

    def masks_of(self, count: int) -> list[Array | None]:
        """The masks of a batch of `count` rows."""
        return [None if mask is None else mask[:count] for mask in self.masks]

    def _parameters(self, batch: RowShard, thread: int) -> list[ParameterShard]:
        """One thread's parameters of each layer that has any.

        Weights in row-major order are divided by neurons, those in column-major order by inputs.
        """
        shards = []
        for layer, delta, x, (weights, biases) in zip(
            self.layers, batch.deltas[1:], batch.inputs, self.gradients, strict=True
        ):
            if not isinstance(layer, Dense):
                continue
            x = x.reshape(len(x), -1)
            part = self.part(len(_in_memory_order(weights)), thread)
            if weights.flags.c_contiguous:
                shard = ParameterShard(layer, delta[:, part], x, (weights[part], biases[part]))
            else:
                # `gradient` computes the biases in every shard; only the first thread's are kept.
                own = biases if thread == 0 else np.empty_like(biases)
                shard = ParameterShard(layer, delta, x[:, part], (weights[:, part], own))
            if shard.out[0].size:
                shards.append(shard)
        return shards

    def _sums(self, thread: int) -> list[GradientSum]:
        """One thread's part of the gradients that are summed over the threads."""
        sums = []
        for number, (layer, pair) in enumerate(zip(self.layers, self.gradients, strict=True)):
            if not _is_summed(layer):
                continue
            part = self.part(len(pair[0]), thread)
            for kind in range(2):
                parts = [partial[number][kind][part] for partial in self.partial]
                sums.append(GradientSum(parts, pair[kind][part]))
        return sums

    def regions(self, thread: int) -> list[slice]:
        """One thread's regions of the parameter vector, each with only weights or only biases."""
        first, regions = 0, []
        for kind in range(2):
            spans: list[list[int]] = []  # contiguous parts
            for pair in self.gradients:
                start, stop = (first + at for at in self._bounds(*pair, kind, thread))
                if spans and spans[-1][1] == start:
                    spans[-1][1] = stop
                elif stop > start:
                    spans.append([start, stop])
                first += pair[kind].size
            for start, stop in spans:
                cuts = range(start, stop, CACHED_PARAMETERS)
                regions += [slice(cut, min(cut + CACHED_PARAMETERS, stop)) for cut in cuts]
        return regions

    def _bounds(self, weights: Array, biases: Array, kind: int, thread: int) -> tuple[int, int]:
        """Start and stop of one thread's part of the weights (kind 0) or the biases (kind 1)."""
        if kind == 1 and not weights.flags.c_contiguous:
            return (0, len(biases)) if thread == 0 else (0, 0)
        rows = len(_in_memory_order(weights))
        part = self.part(rows, thread)
        length = (weights.size // rows if rows else 0) if kind == 0 else 1
        return part.start * length, part.stop * length

    def _rows(self, batch: RowShard, part: slice, thread: int) -> RowShard:
        """One thread's rows of a batch."""
        inputs, deltas = [x[part] for x in batch.inputs], [delta[part] for delta in batch.deltas]
        scratch = self.scratch[part].reshape(-1)
        own = zip(self.layers, deltas[1:], inputs, self.partial[thread], strict=True)
        return RowShard(
            [x[part] for x in batch.xs],
            inputs,
            [None if mask is None else mask[part] for mask in batch.masks],
            deltas,
            [scratch[: delta.size].reshape(delta.shape) for delta in deltas],
            batch.y[part],
            [ParameterShard(*shard) for shard in own if _is_summed(shard[0])],
        )

    def part(self, count: int, thread: int) -> slice:
        """One thread's share of `count` rows or neurons."""
        return slice(thread * count // self.threads, (thread + 1) * count // self.threads)


def _is_summed(layer: Layer) -> bool:
    """Whether each thread computes a layer's gradient for its own rows, as of convolutions."""
    return not isinstance(layer, Dense) and layer.weights.size > 0


def _in_memory_order(weights: Array) -> Array:
    """The weights or their transpose, whichever is contiguous."""
    return weights if weights.flags.c_contiguous else weights.T
