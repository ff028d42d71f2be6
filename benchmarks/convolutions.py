"""One epoch of the same convolutional training in each library; run as `competitors.py` is."""

import math
import sys
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from competitors import THREADS, Epoch, jax_epoch, serve, train_epoch

RATE = 0.05
# JAX convolves so slowly within a scan that it trains on a twentieth of the images.
JAX_SHARE = 1 / 20


class Case(NamedTuple):
    """A network of relu convolutions and 2×2 max-pooling; the last number is the dense layer's.

    Attributes:
        layers: (filters, kernel) of a convolution, 2 for a pooling, other numbers for dense layers.
    """

    name: str
    layers: tuple[tuple[int, int] | int, ...]
    batch: int = 128
    images: int = 12_800

    def __str__(self) -> str:
        return self.name


POOL = 2
CASES = [
    Case("6-16-120-84, 5×5", ((6, 5), POOL, (16, 5), POOL, 120, 84)),
    Case("16-32-128, 5×5", ((16, 5), POOL, (32, 5), POOL, 128)),
    Case("32-64-128, 5×5", ((32, 5), POOL, (64, 5), POOL, 128)),
    Case("32-32-64-64-256, 3×3", ((32, 3), (32, 3), POOL, (64, 3), (64, 3), POOL, 256)),
]


def shapes(case: Case) -> list[tuple[int, ...]]:
    """The shapes of x_0 … x_L."""
    found: list[tuple[int, ...]] = [(28, 28, 1)]
    for layer in case.layers:
        before = found[-1]
        if layer == POOL:
            found.append((before[0] // 2, before[1] // 2, before[2]))
        elif isinstance(layer, tuple):
            filters, kernel = layer
            found.append((before[0] - kernel + 1, before[1] - kernel + 1, filters))
        else:
            found.append((layer,))
    return [*found, (10,)]


def nntrain(case: Case, pixels: Any, labels: Any, threads: int = THREADS) -> Epoch:
    """The training loop of `nntrain fit`, validation and saving aside."""
    from nntrain.nn import Conv, Dense, FlatDense, Layer, MaxPool, Network
    from nntrain.optim import INITIALIZERS, SGD

    layers: list[Layer] = []
    for layer in case.layers:
        if layer == POOL:
            layers.append(MaxPool(2))
        elif isinstance(layer, tuple):
            layers.append(Conv(*layer, "relu"))
        else:
            layers.append((Dense if isinstance(layers[-1], Dense) else FlatDense)(layer, "relu"))
    network = Network((28, 28, 1), [*layers, Dense(10, "softmax")], "cross_entropy")
    rng = np.random.default_rng(0)
    for made in network.layers:
        if made.weights.size:
            drawn = INITIALIZERS["he_normal"](rng, (len(made.weights), made.weights[0].size))
            made.weights[...] = drawn.reshape(made.weights.shape)
    optimizer = SGD(network.parameters, network.weight_count)
    return train_epoch(network, optimizer, case.batch, RATE, pixels, labels, threads)


def _torch(case: Case, pixels: Any, labels: Any, channels_last: bool, compiled: bool) -> Epoch:
    import torch
    from torch import nn

    torch.set_num_threads(THREADS)
    torch.manual_seed(0)
    x = torch.from_numpy(pixels.astype(np.float32) / 255).reshape(-1, 1, 28, 28)
    y = torch.from_numpy(labels.astype(np.int64))
    modules: list[nn.Module] = []
    for layer, shape in zip(case.layers, shapes(case), strict=False):
        if layer == POOL:
            modules.append(nn.MaxPool2d(2))
        elif isinstance(layer, tuple):
            modules += [nn.Conv2d(shape[-1], *layer), nn.ReLU()]
        else:
            flatten = [nn.Flatten()] if len(shape) == 3 else []
            modules += [*flatten, nn.Linear(math.prod(shape), layer), nn.ReLU()]
    model = nn.Sequential(*modules, nn.Linear(case.layers[-1], 10))
    if channels_last:
        model, x = (thing.to(memory_format=torch.channels_last) for thing in (model, x))
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE)
    forward = torch.compile(model) if compiled else model

    def epoch() -> None:
        for rows in torch.randperm(len(x)).split(case.batch):
            optimizer.zero_grad()
            nn.functional.cross_entropy(forward(x[rows]), y[rows]).backward()
            optimizer.step()

    return epoch


def torch_eager(case: Case, pixels: Any, labels: Any) -> Epoch:
    """nn.Sequential and torch.optim, step by step."""
    return _torch(case, pixels, labels, channels_last=False, compiled=False)


def torch_channels_last(case: Case, pixels: Any, labels: Any) -> Epoch:
    """The same with the channels of a pixel side by side in memory."""
    return _torch(case, pixels, labels, channels_last=True, compiled=False)


def torch_compile(case: Case, pixels: Any, labels: Any) -> Epoch:
    """The same with the forward and backward pass compiled."""
    return _torch(case, pixels, labels, channels_last=False, compiled=True)


def jax(case: Case, pixels: Any, labels: Any) -> Epoch:
    """The whole epoch in one compiled scan."""
    import jax as j
    import jax.numpy as jnp

    images = jnp.asarray(pixels.astype(np.float32) / 255).reshape(-1, 28, 28, 1)
    targets = jnp.eye(10, dtype=jnp.float32)[labels]
    rng = np.random.default_rng(0)

    def drawn(*shape: int) -> tuple[Any, Any]:
        scale = (2 / math.prod(shape[:-1])) ** 0.5
        return jnp.asarray(rng.normal(0, scale, shape), jnp.float32), jnp.zeros(shape[-1])

    parameters = [
        drawn(layer[1], layer[1], shape[-1], layer[0])
        if isinstance(layer, tuple)
        else drawn(math.prod(shape), layer)
        for layer, shape in zip((*case.layers, 10), shapes(case), strict=False)
        if layer != POOL
    ]

    def error(parameters: Any, x: Any, y: Any) -> Any:
        rest = iter(parameters)
        for layer in case.layers:
            if layer == POOL:
                x = j.lax.reduce_window(x, -jnp.inf, j.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
                continue
            weights, biases = next(rest)
            if isinstance(layer, tuple):
                numbers = ("NHWC", "HWIO", "NHWC")
                z = j.lax.conv_general_dilated(
                    x, weights, (1, 1), "VALID", dimension_numbers=numbers
                )
            else:
                z = x.reshape(len(x), -1) @ weights
            x = j.nn.relu(z + biases)
        weights, biases = next(rest)
        return -(y * j.nn.log_softmax(x @ weights + biases)).sum(axis=1).mean()

    def step(parameters: Any, rows: Any) -> Any:
        g = j.grad(error)(parameters, images[rows], targets[rows])
        return j.tree.map(lambda w, g: w - RATE * g, parameters, g), None

    return jax_epoch(step, parameters, len(labels), case.batch)


def _products(case: Case) -> list[tuple[int, int, int, bool]]:
    """(rows, columns of X, neurons, whether ∂E/∂X is needed) of each layer's products."""
    found = []
    for layer, (before, after) in zip((*case.layers, 10), pairwise(shapes(case)), strict=True):
        if layer == POOL:
            continue
        rows = case.batch * math.prod(after[:-1])
        columns = layer[1] ** 2 * before[-1] if isinstance(layer, tuple) else math.prod(before)
        found.append((rows, columns, after[-1], len(found) > 0))
    return found


def floor(case: Case, pixels: Any, labels: Any) -> Epoch:
    """The bare products: three a layer less the one that is never needed, and nothing else."""
    rng = np.random.default_rng(0)
    operands: Sequence[Any] = [
        (
            *(rng.random(shape, np.float32) for shape in ((n, k), (n, m), (m, k))),
            *(np.empty(shape, np.float32) for shape in ((n, m), (m, k), (n, k))),
            needed,
        )
        for n, k, m, needed in _products(case)
    ]

    def epoch() -> None:
        for _ in range(-(-len(labels) // case.batch)):
            for x, delta, weights, z, gradient, error, needed in operands:
                np.matmul(x, weights.T, out=z)
                np.matmul(delta.T, x, out=gradient)
                if needed:
                    np.matmul(delta, weights, out=error)

    return epoch


COMPETITORS = {
    "nntrain": nntrain,
    "PyTorch": torch_eager,
    "PyTorch, channels last": torch_channels_last,
    "torch.compile": torch_compile,
    "JAX": jax,
    "floor": floor,
}


if __name__ == "__main__":
    serve(COMPETITORS, CASES, JAX_SHARE if sys.argv[1] == "JAX" else 1)
