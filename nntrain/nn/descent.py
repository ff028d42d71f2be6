"""One step of gradient descent on a batch: propagate forward and back, then move the weights.

With several threads, the rows of a batch are shared out while it is propagated; then the neurons
are, and each thread computes the gradient of its neurons' weights and moves them. No two threads
write to one number, so that nothing depends on who comes first.
"""

from typing import NamedTuple

import numpy as np

from nntrain.nn.arrays import Array
from nntrain.nn.network import Network, Workspace
from nntrain.nn.optimizers import Optimizer
from nntrain.nn.team import Team

# Batches are dealt out in blocks of about so many rows: small ones cost less that way.
BLOCK_ROWS = 2_048
# The moves of so many parameters at a time find their operands in a core's own cache.
CACHED_PARAMETERS = 32_768
# Fewer multiplications than these for a batch are done sooner than a second thread wakes up.
WORTH_SHARING = 12_000_000


class Part(NamedTuple):
    """What one thread does with one layer once the errors are known.

    Attributes:
        layer: i, counted from 1.
        neurons: Its share of them.
        regions: Where their weights and biases are in the vector of parameters.
    """

    layer: int
    neurons: slice
    regions: list[slice]


class Descent:
    """Gradient descent on batches of one network.

    Args:
        network: Its parameters are moved.
        optimizer: Moves them.
        batch_size: B.
        team: Shares the work, if a batch is large enough to be worth it.

    Attributes:
        x: Inputs x_0 of a block of batches, shape (block rows, n_0), to be filled.
        y: Their targets, shape (block rows, n_L), to be filled.
        outputs: Their x_L, each from before its own batch's step.
        threads: How many share a batch.
    """

    def __init__(self, network: Network, optimizer: Optimizer, batch_size: int, team: Team) -> None:
        self.network = network
        self.optimizer = optimizer
        self.batch_size = batch_size
        self._team = team if batch_size * network.weight_count >= WORTH_SHARING else Team(1)
        self.threads = self._team.size
        rows = max(1, BLOCK_ROWS // batch_size) * batch_size
        dtype = network.parameters.dtype
        self.x: Array = np.empty((rows, network.widths[0]), dtype)
        self.y: Array = np.empty((rows, network.widths[-1]), dtype)
        self.outputs: Array = np.empty_like(self.y)
        self._workspace = Workspace.for_rows(network, batch_size)
        self._gradient: Array = np.empty_like(network.parameters)
        self._gradients = network.views(self._gradient)
        self._parts = [self._share(thread) for thread in range(self._team.size)]

    def step(self, start: int, stop: int, learning_rate: float) -> None:
        """Descend by the gradient of E on the rows start … stop − 1 of the block.

        Args:
            start: The batch's first row.
            stop: The row after its last.
            learning_rate: α.
        """
        count = stop - start
        factor = self.optimizer.begin(learning_rate) / count
        workspace = self._workspace
        if count < self.batch_size:
            workspace = workspace.rows(slice(count))
        batch = workspace.between(self.x[start:stop], self.outputs[start:stop])
        y = self.y[start:stop]
        size = self._team.size

        def propagate(thread: int) -> None:
            rows = slice(thread * count // size, (thread + 1) * count // size)
            shard = batch.rows(rows)
            self.network.forward(shard.trace)
            self.network.propagate_back(y[rows], shard, factor)

        def descend(thread: int) -> None:
            for layer, neurons, regions in self._parts[thread]:
                self.network.gradient(batch, layer, neurons, self._gradients)
                for region in regions:
                    self.optimizer.move(self.network.parameters, self._gradient, region)

        if size == 1:
            self.network.forward(batch.trace)
            self.network.propagate_back(y, batch, factor)
            descend(0)
        else:
            self._team.each(propagate)
            self._team.each(descend)

    def _share(self, thread: int) -> list[Part]:
        """One thread's share of each layer's neurons."""
        parts = []
        size = self._team.size
        offsets = self.network.offsets()
        for layer, (weights_at, biases_at) in enumerate(offsets, 1):
            n_in, n_out = self.network.widths[layer - 1 : layer + 1]
            first, last = thread * n_out // size, (thread + 1) * n_out // size
            weights = range(weights_at + first * n_in, weights_at + last * n_in)
            regions = [
                slice(start, min(start + CACHED_PARAMETERS, weights.stop))
                for start in weights[::CACHED_PARAMETERS]
            ]
            if last > first:
                regions.append(slice(biases_at + first, biases_at + last))
                parts.append(Part(layer, slice(first, last), regions))
        return parts
