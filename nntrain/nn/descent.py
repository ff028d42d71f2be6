"""One step of gradient descent on a batch: propagate forward and back, then move the weights.

With several threads, the rows of a batch are shared out while it is propagated; then the neurons
are, and each thread computes the gradient of its neurons' weights and moves them. No two threads
write to one number, so that nothing depends on who comes first.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from nntrain.nn.arrays import Array
from nntrain.nn.average import MovingAverage
from nntrain.nn.layers import Dense
from nntrain.nn.network import Network, Workspace
from nntrain.nn.optimizers import Optimizer
from nntrain.nn.regularization import NONE, Regularization
from nntrain.nn.team import Team

# The moves of so many parameters at a time find their operands in a core's own cache.
CACHED_PARAMETERS = 131_072
# From so many multiplications a batch in one product each way, BLAS's own threads are worth waking;
# from so many more, threads of ours that also share all that lies between the products.
WORTH_BLAS_THREADS = 5_000_000
WORTH_A_TEAM = 100_000_000


class Rows(NamedTuple):
    """What one thread propagates: some rows of a batch, and their targets."""

    workspace: Workspace
    y: Array


class Neurons(NamedTuple):
    """What one thread differentiates by: the weights and biases of some neurons of a layer.

    Attributes:
        layer: The layer i.
        delta: δ_i of these neurons, shape (B, neurons).
        x: x_{i−1}, shape (B, n_{i−1}).
        weights: For ∂E/∂W_i, shape (neurons, n_{i−1}).
        biases: For ∂E/∂b_i, shape (neurons,).
    """

    layer: Dense
    delta: Array
    x: Array
    weights: Array
    biases: Array


class Shares(NamedTuple):
    """A batch: for each thread what it propagates, and what it differentiates by."""

    rows: list[Rows]
    neurons: list[list[Neurons]]


class Block(NamedTuple):
    """Room for the rows of some batches.

    Attributes:
        x: Inputs x_0, shape (rows, n_0), to be filled.
        y: Their targets, shape (rows, n_L), to be filled.
        outputs: Their x_L, each from before its own batch's step.
        masks: For x_1 … x_L, 0 and 1 of shape (rows, n_i), to be filled; None without dropout.
        batches: How each whole batch is shared.
    """

    x: Array
    y: Array
    outputs: Array
    masks: list[Array | None]
    batches: list[Shares]


class Descent:
    """Gradient descent on batches of one network.

    Args:
        network: Its parameters are moved.
        optimizer: Moves them.
        batch_size: B.
        team: Shares the work, if a batch is large enough to be worth it.
        regularization: What else than E acts on the weights.
        average: Follows the parameters, if there is one.

    Attributes:
        threads: How many share a batch.
        blas_threads: How many the products should have, which is for the caller to arrange: all,
            unless a team shares the batch or it is too small.
    """

    def __init__(
        self,
        network: Network,
        optimizer: Optimizer,
        batch_size: int,
        team: Team,
        regularization: Regularization = NONE,
        average: MovingAverage | None = None,
    ) -> None:
        self.network = network
        self.optimizer = optimizer
        self.batch_size = batch_size
        self.regularization = regularization
        self.average = average
        work = batch_size * network.weight_count
        self._team = team if work >= WORTH_A_TEAM else Team(1)
        self.threads = self._team.size
        self.blas_threads = team.size if WORTH_BLAS_THREADS <= work < WORTH_A_TEAM else 1
        self._workspace = Workspace.for_rows(network, batch_size)
        self._gradient: Array = np.empty_like(network.parameters)
        self._gradients = network.views(self._gradient)
        self._weights = [
            [layer.weights[self._part(len(layer.weights), thread)] for layer in network.layers]
            for thread in range(self.threads)
        ]
        self._regions = [list(self._regions_of(thread)) for thread in range(self.threads)]

    def block(self, rows: int) -> Block:
        """Room for as many whole batches as so many rows make, but at least for one."""
        rows = max(1, rows // self.batch_size) * self.batch_size
        widths, dtype = self.network.widths, self.network.parameters.dtype
        block = Block(
            np.empty((rows, widths[0]), dtype),
            np.empty((rows, widths[-1]), dtype),
            np.empty((rows, widths[-1]), dtype),
            [
                np.empty((rows, n), dtype) if kept < 1 else None
                for n, kept in zip(widths[1:], self.network.kept[1:], strict=True)
            ],
            [],
        )
        for start in range(0, rows, self.batch_size):
            block.batches.append(self._share(block, start, start + self.batch_size))
        return block

    def step(self, block: Block, start: int, stop: int, learning_rate: float) -> None:
        """Descend by the gradient of E on the rows start … stop − 1 of a block.

        Args:
            block: One of this descent's own.
            start: The batch's first row, a multiple of the batch size.
            stop: The row after its last.
            learning_rate: α.
        """
        count = stop - start
        factor = self.optimizer.begin(learning_rate)
        if count == self.batch_size:
            shares = block.batches[start // count]
        else:
            shares = self._share(block, start, stop)

        self._team.each(lambda thread: self._propagate(shares.rows[thread], factor / count))
        if self.average is not None:
            self.average.begin()
        if self.regularization.clip_norm is None:
            self._team.each(lambda thread: self._descend(shares.neurons[thread], thread, factor))
        else:  # the whole gradient must be known before anything moves
            self._team.each(lambda thread: self._differentiate(shares.neurons[thread]))
            self.regularization.clip(self._gradient, factor)
            self._team.each(lambda thread: self._move(thread, factor))

    def _propagate(self, rows: Rows, factor: float) -> None:
        self.network.forward(rows.workspace.trace, rows.workspace.masks)
        self.network.propagate_back(rows.y, rows.workspace, factor)

    def _descend(self, neurons: list[Neurons], thread: int, factor: float) -> None:
        self._differentiate(neurons)
        self._move(thread, factor)

    def _differentiate(self, neurons: list[Neurons]) -> None:
        for layer, delta, x, weights, biases in neurons:
            layer.gradient(delta, x, weights, biases)

    def _move(self, thread: int, factor: float) -> None:
        """Move one thread's parameters; the gradient carries the factor."""
        parameters, rules = self.network.parameters, self.regularization
        for region in self._regions[thread]:
            rules.penalize(parameters, self._gradient, region, factor)
            self.optimizer.move(parameters, self._gradient, region)
        for weights in self._weights[thread]:
            rules.limit(weights)
        if self.average is not None:
            for region in self._regions[thread]:
                self.average.follow(parameters, region)

    def _share(self, block: Block, start: int, stop: int) -> Shares:
        """Share the rows start … stop − 1 of a block."""
        count = stop - start
        workspace = (
            self._workspace if count == self.batch_size else self._workspace.rows(slice(count))
        )
        batch = workspace.between(
            block.x[start:stop],
            block.outputs[start:stop],
            [None if mask is None else mask[start:stop] for mask in block.masks],
        )
        y = block.y[start:stop]
        parts = [self._part(count, thread) for thread in range(self.threads)]
        return Shares(
            [Rows(batch.rows(part), y[part]) for part in parts],
            [self._neurons_of(thread, batch) for thread in range(self.threads)],
        )

    def _neurons_of(self, thread: int, batch: Workspace) -> list[Neurons]:
        """One thread's neurons of each layer."""
        neurons = []
        for layer, delta, x, (weights, biases) in zip(
            self.network.layers, batch.deltas[1:], batch.trace[:-1], self._gradients, strict=True
        ):
            part = self._part(len(biases), thread)
            neurons.append(Neurons(layer, delta[:, part], x, weights[part], biases[part]))
        return neurons

    def _regions_of(self, thread: int) -> Iterator[slice]:
        """Where a thread's weights and biases are in the vector of parameters."""
        parameters = self.network.parameters
        numbers = np.arange(len(parameters))
        for kind in range(2):  # weights and biases apart, since only weights decay
            own = np.concatenate(
                [
                    pair[kind][self._part(len(pair[kind]), thread)].ravel()
                    for pair in self.network.views(numbers)
                ]
            )
            for stretch in np.split(own, np.flatnonzero(np.diff(own) > 1) + 1):
                for start in stretch[::CACHED_PARAMETERS].tolist():
                    yield slice(start, min(start + CACHED_PARAMETERS, stretch[-1].item() + 1))

    def _part(self, count: int, thread: int) -> slice:
        """One thread's part of so many rows or neurons."""
        return slice(thread * count // self.threads, (thread + 1) * count // self.threads)
