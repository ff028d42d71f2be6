"""Initial weights, optimisers, learning-rate schedules, regularisation, averages of parameters."""

from nntrain.optim.averaging import MovingAverage
from nntrain.optim.initializers import INITIALIZERS, Initializer
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
    "INITIALIZERS",
    "SGD",
    "Adam",
    "AdamW",
    "Initializer",
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
