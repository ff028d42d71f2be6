"""The training step, fast: buffers, threads, blocks of parameters that fit a cache, and dropout.

It calls the formulas of `nntrain.nn` and `nntrain.optim`, and computes nothing of its own.
"""

from nntrain.engine.buffers import BatchBuffer
from nntrain.engine.dropout import Dropout
from nntrain.engine.step import TrainStep
from nntrain.engine.threads import WorkerPool

__all__ = ["BatchBuffer", "Dropout", "TrainStep", "WorkerPool"]
