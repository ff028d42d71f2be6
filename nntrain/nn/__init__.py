"""The lecture: the gradient by backpropagation, in NumPy and nothing else.

Read `activations`, `losses`, `layers` and `network` in this order; `initializers` says where the
weights begin.
"""

from nntrain.nn.activations import ACTIVATIONS, Activation
from nntrain.nn.initializers import INITIALIZERS, Initializer
from nntrain.nn.layers import Dense, Layer
from nntrain.nn.losses import LOSSES, Loss
from nntrain.nn.network import Network, parameter_count

__all__ = [
    "ACTIVATIONS",
    "INITIALIZERS",
    "LOSSES",
    "Activation",
    "Dense",
    "Initializer",
    "Layer",
    "Loss",
    "Network",
    "parameter_count",
]
