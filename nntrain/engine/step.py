"""One training step on a batch: forward pass, backpropagation, update of the parameters.

Several threads divide the rows of the batch for forward pass and backpropagation. Then they divide
the parameters: each computes its part of the gradient and updates the same parameters while they
are in the cache. No two threads write to the same element, so the result does not depend on timing.
"""

import math

import numpy as np

from nntrain.engine.buffers import BatchBuffer, BatchShards, Buffers, RowShard
from nntrain.engine.distillation import Distillation
from nntrain.engine.dropout import Dropout
from nntrain.engine.threads import WorkerPool
from nntrain.nn.arrays import Array
from nntrain.nn.network import Network
from nntrain.optim.averaging import MovingAverage
from nntrain.optim.optimizers import Optimizer
from nntrain.optim.regularization import NONE, Regularization

# From this value of batch size × number of weights, BLAS's threads are faster than one thread. From
# the second, a pool is faster still, because it also divides the work between the products.
WORTH_BLAS_THREADS = 5_000_000
WORTH_A_POOL = 100_000_000
# Convolutions also copy windows, and pooling compares pixels, where BLAS's threads are of no use.
WORTH_A_POOL_FOR_PICTURES = 5_000_000


class TrainStep:
    """A training step: computes the gradient of E on a batch, and updates the parameters.

    Args:
        network: Its parameters are updated in place.
        optimizer: Updates them.
        batch_size: B.
        pool: Threads, used if the batch is large enough.
        regularization: L1, max-norm and clipping.
        average: A moving average of the parameters to update; None: no average.
        dropout: Dropout of the inputs of layers; None: no dropout.
        distillation: The error to minimise, with targets of a teacher; None: the network's loss.

    Attributes:
        threads: The number of threads that divide a batch.
        blas_threads: The number of threads that the caller must give to BLAS: all for batches of
            medium size, 1 for small ones and with the pool.
    """

    def __init__(
        self,
        network: Network,
        optimizer: Optimizer,
        batch_size: int,
        pool: WorkerPool,
        regularization: Regularization = NONE,
        average: MovingAverage | None = None,
        dropout: Dropout | None = None,
        distillation: Distillation | None = None,
    ) -> None:
        self.network = network
        self.optimizer = optimizer
        self.batch_size = batch_size
        self.regularization = regularization
        self.average = average
        self.dropout = dropout
        self.distillation = distillation
        self._output_delta = (distillation or network).output_delta
        work = batch_size * sum(
            layer.weights.size * max(1, math.prod(shape[:-1]))
            for layer, shape in zip(network.layers, network.shapes[1:], strict=True)
        )
        has_pictures = any(len(shape) > 1 for shape in network.shapes[1:])
        uses_pool = work >= (WORTH_A_POOL_FOR_PICTURES if has_pictures else WORTH_A_POOL)
        self._pool = pool if uses_pool else WorkerPool(1)
        self.threads = self._pool.size
        self.blas_threads = pool.size if work >= WORTH_BLAS_THREADS and not uses_pool else 1
        self._gradient: Array = np.empty_like(network.parameters)
        self._buffers = Buffers(network, self._gradient, batch_size, dropout, self.threads)
        self._regions = [self._buffers.regions(thread) for thread in range(self.threads)]

    def buffer(self, rows: int) -> BatchBuffer:
        """A buffer of full batches, at most `rows` rows but at least one batch."""
        rows = max(1, rows // self.batch_size) * self.batch_size
        shapes, dtype = self.network.shapes, self.network.parameters.dtype
        x = np.empty((rows, *shapes[0]), dtype)
        y, outputs = (np.empty((rows, *shapes[-1]), dtype) for _ in "yo")
        batches = [slice(at, at + self.batch_size) for at in range(0, rows, self.batch_size)]
        return BatchBuffer(
            x.reshape(rows, -1),
            y,
            outputs,
            [self._buffers.share(x[b], y[b], outputs[b]) for b in batches],
        )

    def run(
        self,
        buffer: BatchBuffer,
        start: int,
        stop: int,
        learning_rate: float,
        epoch: int = 0,
        batch: int = 0,
    ) -> None:
        """Do one step on the rows start … stop − 1 of a buffer.

        Args:
            buffer: A result of this step's `buffer`, filled.
            start: The first row of the batch, a multiple of the batch size.
            stop: The row after the last one.
            learning_rate: α.
            epoch: Number of the epoch, from 0, for dropout.
            batch: Number of the batch within the epoch, from 0, for dropout.
        """
        count = stop - start
        if count == self.batch_size:
            shards = buffer.batches[start // count]
        else:
            rows = slice(start, stop)
            x = buffer.x[rows].reshape(count, *self.network.shapes[0])
            shards = self._buffers.share(x, buffer.y[rows], buffer.outputs[rows])
        if self.dropout is not None:
            self.dropout.draw(self._buffers.masks_of(count), epoch, batch)
        self.optimizer.begin()
        tasks = [lambda thread: self._propagate(shards.rows[thread], count)]
        rules = self.regularization
        if rules.clip_norm is None:
            tasks.append(lambda thread: self._differentiate_and_move(shards, thread, learning_rate))
        else:  # clipping needs the whole gradient first
            tasks += [
                lambda thread: _differentiate(shards, thread),
                lambda thread: None if thread else rules.clip(self._gradient),
                lambda thread: self._move(thread, learning_rate),
            ]
        if rules.max_norm is not None:
            tasks.append(self._limit_norms)
        if self.average is not None:
            self.average.begin()
            tasks.append(self._update_average)
        self._pool.run(*tasks)

    def _propagate(self, rows: RowShard, count: int) -> None:
        """Forward pass, and δ_1 … δ_L of the mean error over the batch's `count` rows."""
        xs, inputs, masks, deltas, scratch, y, sums = rows
        layers = self.network.layers
        for i, layer in enumerate(layers):
            mask = masks[i]
            if mask is not None:
                np.multiply(xs[i], mask, out=inputs[i])
            layer.forward(inputs[i], xs[i + 1])
        delta = self._output_delta(xs[-1], y, deltas[-1], scratch[-1])
        delta *= 1 / count
        for i in range(len(layers) - 1, 0, -1):
            error = layers[i].backward(deltas[i + 1], inputs[i], deltas[i])
            mask = masks[i]
            if mask is not None:  # the gradient of the masking
                error *= mask
            layers[i - 1].activation.backward(error, xs[i], error, scratch[i])
        for layer, delta, x, out in sums:
            layer.gradient(delta, x, out)

    def _differentiate_and_move(
        self, shards: BatchShards, thread: int, learning_rate: float
    ) -> None:
        _differentiate(shards, thread)
        self._move(thread, learning_rate)

    def _move(self, thread: int, learning_rate: float) -> None:
        parameters, gradient = self.network.parameters, self._gradient
        for region in self._regions[thread]:
            self.regularization.penalize(parameters, gradient, region)
            self.optimizer.move(parameters, gradient, learning_rate, region)

    def _limit_norms(self, thread: int) -> None:
        for layer in self.network.layers:
            if not layer.weights.size:
                continue
            weights = layer.weights.reshape(len(layer.weights), -1)
            self.regularization.limit(weights[self._buffers.part(len(weights), thread)])

    def _update_average(self, thread: int) -> None:
        if self.average is not None:
            for region in self._regions[thread]:
                self.average.update(self.network.parameters, region)


def _differentiate(shards: BatchShards, thread: int) -> None:
    for layer, delta, x, out in shards.parameters[thread]:
        layer.gradient(delta, x, out)
    for parts, total in shards.sums[thread]:
        np.add(parts[0], parts[1], out=total)
        for part in parts[2:]:
            total += part
