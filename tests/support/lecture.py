"""The lecture's backpropagation: loops over samples, column vectors.

An oracle for the vectorised code: written from the equations, sharing nothing with `nntrain.nn`.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.float64]


def sigma(name: str, z: Column) -> Column:
    scalar: Any = {
        "identity": lambda t: t,
        "sigmoid": lambda t: 1 / (1 + math.exp(-t)),
        "tanh": math.tanh,
        "scaled_tanh": lambda t: 1.7159 * math.tanh(2 * t / 3),
        "relu": lambda t: t if t > 0 else 0.0,
        "leaky_relu": lambda t: t if t > 0 else 0.01 * t,
    }
    if name == "softmax":
        powers = [math.exp(t) for t in z[:, 0]]
        return np.array([[power / sum(powers)] for power in powers])
    return np.array([[scalar[name](t)] for t in z[:, 0]])


def sigma_prime(name: str, z: Column) -> NDArray[np.float64]:
    """The matrix ∂x/∂z; diagonal for all but softmax."""
    scalar: Any = {
        "identity": lambda t: 1.0,
        "sigmoid": lambda t: math.exp(-t) / (1 + math.exp(-t)) ** 2,
        "tanh": lambda t: 1 / math.cosh(t) ** 2,
        "scaled_tanh": lambda t: 1.7159 * (2 / 3) / math.cosh(2 * t / 3) ** 2,
        "relu": lambda t: 1.0 if t > 0 else 0.0,
        "leaky_relu": lambda t: 1.0 if t > 0 else 0.01,
    }
    n = len(z)
    matrix = np.zeros((n, n))
    if name == "softmax":
        x = sigma(name, z)[:, 0]
        for j in range(n):
            for k in range(n):
                matrix[j, k] = x[j] * ((j == k) - x[k])
    else:
        for j in range(n):
            matrix[j, j] = scalar[name](z[j, 0])
    return matrix


def error(name: str, x: Column, y: Column) -> float:
    total = 0.0
    for x_j, y_j in zip(x[:, 0], y[:, 0], strict=True):
        if name == "squared_error":
            total += 0.5 * (x_j - y_j) ** 2
        if name in ("cross_entropy", "binary_cross_entropy") and y_j:
            total -= y_j * math.log(x_j)
        if name == "binary_cross_entropy" and y_j != 1:
            total -= (1 - y_j) * math.log(1 - x_j)
    return total


def error_prime(name: str, x: Column, y: Column) -> Column:
    if name == "squared_error":
        return x - y
    if name == "cross_entropy":
        return -y / x
    return (1 - y) / (1 - x) - y / x


def gradient(
    weights: list[NDArray[np.float64]],
    biases: list[Column],
    activations: list[str],
    loss: str,
    samples: list[tuple[Column, Column]],
) -> tuple[float, list[NDArray[np.float64]], list[Column]]:
    """E, ∂E/∂W_i and ∂E/∂b_i, each the mean over the samples."""
    depth = len(weights)
    total = 0.0
    weights_sum = [np.zeros_like(w) for w in weights]
    biases_sum = [np.zeros_like(b) for b in biases]
    for x_0, y in samples:
        x, z = [x_0], [x_0]
        for i in range(depth):
            z.append(weights[i] @ x[-1] + biases[i])
            x.append(sigma(activations[i], z[-1]))
        total += error(loss, x[-1], y)
        delta = sigma_prime(activations[-1], z[-1]).T @ error_prime(loss, x[-1], y)
        for i in reversed(range(depth)):
            weights_sum[i] += delta @ x[i].T
            biases_sum[i] += delta
            if i:
                delta = sigma_prime(activations[i - 1], z[i]).T @ weights[i].T @ delta
    n = len(samples)
    return total / n, [w / n for w in weights_sum], [b / n for b in biases_sum]
