"""Networks and their gradient by backpropagation, as in the lecture. NumPy is the only dependency.

Read `activations`, `losses`, `layers`, `network` and `convolution` in this order.
"""

from nntrain.nn.activations import ACTIVATIONS, Activation
from nntrain.nn.convolution import Conv, FlatDense, MaxPool, MeanPool
from nntrain.nn.layers import Dense, Layer
from nntrain.nn.losses import LOSSES, Loss
from nntrain.nn.network import Network, parameter_count

__all__ = [
    "ACTIVATIONS",
    "LOSSES",
    "Activation",
    "Conv",
    "Dense",
    "FlatDense",
    "Layer",
    "Loss",
    "MaxPool",
    "MeanPool",
    "Network",
    "parameter_count",
]
