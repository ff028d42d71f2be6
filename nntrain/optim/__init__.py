"""Optimisers, learning-rate schedules, regularisation, and averaging of the parameters."""

from nntrain.optim.averaging import MovingAverage
from nntrain.optim.optimizers import SGD, Adam, AdamW, Momentum, Nesterov, Optimizer
from nntrain.optim.regularization import Regularization
from nntrain.optim.schedules import (
    Schedule,
    constant,
    cosine,
    exponential,
    one_cycle,
    step,
    warm_up,
)

__all__ = [
    "SGD",
    "Adam",
    "AdamW",
    "Momentum",
    "MovingAverage",
    "Nesterov",
    "Optimizer",
    "Regularization",
    "Schedule",
    "constant",
    "cosine",
    "exponential",
    "one_cycle",
    "step",
    "warm_up",
]
