"""Train fully-connected networks on MNIST, with backpropagation written from scratch in NumPy."""

__version__ = "0.1.0"
