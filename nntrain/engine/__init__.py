"""The fast training step: preallocated buffers, worker threads, cache-sized regions, and dropout.

It calls the formulas of `nntrain.nn` and `nntrain.optim`.
"""

from nntrain.engine.buffers import BatchBuffer
from nntrain.engine.dropout import Dropout
from nntrain.engine.step import TrainStep
from nntrain.engine.threads import WorkerPool

__all__ = ["BatchBuffer", "Dropout", "TrainStep", "WorkerPool"]
