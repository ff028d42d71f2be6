"""The lecture: backpropagation in NumPy, and nothing else.

Read `activations`, `losses`, `layers` and `network` in this order; `optimizers`, `schedules` and
`initializers` say what is done with the gradient, how α moves, and where the weights begin.
`numerical` finds the gradient without backpropagation, to check it.
"""

from nntrain.nn.activations import ACTIVATIONS, Activation
from nntrain.nn.average import MovingAverage
from nntrain.nn.descent import Block, Descent
from nntrain.nn.initializers import INITIALIZERS, Initializer
from nntrain.nn.layers import Dense
from nntrain.nn.losses import LOSSES, Loss
from nntrain.nn.network import LayerSpec, Network, Workspace, parameter_count
from nntrain.nn.numerical import Differences, central_differences
from nntrain.nn.optimizers import SGD, Adam, AdamW, Momentum, Nesterov, Optimizer
from nntrain.nn.regularization import Regularization
from nntrain.nn.schedules import Schedule, constant, cosine, exponential, one_cycle, step, warm_up
from nntrain.nn.team import Team

__all__ = [
    "ACTIVATIONS",
    "INITIALIZERS",
    "LOSSES",
    "SGD",
    "Activation",
    "Adam",
    "AdamW",
    "Block",
    "Dense",
    "Descent",
    "Differences",
    "Initializer",
    "LayerSpec",
    "Loss",
    "Momentum",
    "MovingAverage",
    "Nesterov",
    "Network",
    "Optimizer",
    "Regularization",
    "Schedule",
    "Team",
    "Workspace",
    "central_differences",
    "constant",
    "cosine",
    "exponential",
    "one_cycle",
    "parameter_count",
    "step",
    "warm_up",
]
