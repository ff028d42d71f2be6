"""Networks and their gradient by backpropagation, as in the lecture. NumPy is the only dependency.

Read `activations`, `losses`, `layers` and `network` in this order. `initializers` draws the initial
weights.
"""

from nntrain.nn.activations import ACTIVATIONS, Activation
from nntrain.nn.convolution import Conv, FlatDense, MaxPool, MeanPool
from nntrain.nn.initializers import INITIALIZERS, Initializer
from nntrain.nn.layers import Dense, Layer
from nntrain.nn.losses import LOSSES, Loss
from nntrain.nn.network import Network, parameter_count

__all__ = [
    "ACTIVATIONS",
    "INITIALIZERS",
    "LOSSES",
    "Activation",
    "Conv",
    "Dense",
    "FlatDense",
    "Initializer",
    "Layer",
    "Loss",
    "MaxPool",
    "MeanPool",
    "Network",
    "parameter_count",
]
