"""The fast training step, with preallocated buffers, worker threads and cache-sized regions.

Dropout and distillation belong to it, too.

It calls the formulas of `nntrain.nn` and `nntrain.optim`.
"""

from nntrain.engine.buffers import BatchBuffer
from nntrain.engine.distillation import Distillation
from nntrain.engine.dropout import Dropout
from nntrain.engine.step import TrainStep
from nntrain.engine.threads import WorkerPool, limit_blas

__all__ = ["BatchBuffer", "Distillation", "Dropout", "TrainStep", "WorkerPool", "limit_blas"]
