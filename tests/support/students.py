"""Right solutions as students write them, in several styles, for tests to put mistakes in."""

BOARD = """
import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def sigmoid_prime(z):
    return sigmoid(z) * (1 - sigmoid(z))


def forward(weights, biases, x):
    zs, xs = [], [x]
    for W, b in zip(weights, biases):
        zs.append(W @ xs[-1] + b)
        xs.append(sigmoid(zs[-1]))
    return zs, xs


def backprop(weights, biases, x, y):
    zs, xs = forward(weights, biases, x)
    B = x.shape[1]
    dW = [None] * len(weights)
    db = [None] * len(biases)
    delta = (xs[-1] - y) * sigmoid_prime(zs[-1])
    for i in reversed(range(len(weights))):
        dW[i] = delta @ xs[i].T / B
        db[i] = delta.sum(axis=1, keepdims=True) / B
        if i > 0:
            delta = weights[i].T @ delta * sigmoid_prime(zs[i - 1])
    return dW, db
"""

# After Nielsen's book: zeros first, negative indices, its own forward pass.
BOOK = '''
import numpy as np
import random


def sigmoid(z):
    """The sigmoid function."""
    return 1.0 / (1.0 + np.exp(-z))


def sigmoid_prime(z):
    """Derivative of the sigmoid function."""
    return sigmoid(z) * (1 - sigmoid(z))


def forward(weights, biases, x):
    activation = x
    activations = [x]
    zs = []
    for b, w in zip(biases, weights):
        z = np.dot(w, activation) + b
        zs.append(z)
        activation = sigmoid(z)
        activations.append(activation)
    return (zs, activations)


def backprop(weights, biases, x, y):
    nabla_b = [np.zeros(b.shape) for b in biases]
    nabla_w = [np.zeros(w.shape) for w in weights]
    activation = x
    activations = [x]
    zs = []
    for b, w in zip(biases, weights):
        z = np.dot(w, activation) + b
        zs.append(z)
        activation = sigmoid(z)
        activations.append(activation)
    m = y.shape[1]
    delta = cost_derivative(activations[-1], y) * sigmoid_prime(zs[-1])
    nabla_b[-1] = np.mean(delta, axis=1).reshape(-1, 1)
    nabla_w[-1] = np.dot(delta, activations[-2].transpose()) / m
    for l in range(2, len(weights) + 1):
        z = zs[-l]
        sp = sigmoid_prime(z)
        delta = np.dot(weights[-l + 1].transpose(), delta) * sp
        nabla_b[-l] = np.mean(delta, axis=1).reshape(-1, 1)
        nabla_w[-l] = np.dot(delta, activations[-l - 1].transpose()) / m
    return (nabla_w, nabla_b)


def cost_derivative(output_activations, y):
    return output_activations - y


if __name__ == "__main__":
    raise SystemExit("trains for hours")
'''

# No loop at all: each layer asks the next for its delta. 1/B is in δ_L, as in nntrain.nn.
RECURSIVE = '''
from numpy import array, exp, newaxis


def sigmoid(z):
    e = exp(-abs(z))
    return (z >= 0) * 1 / (1 + e) + (z < 0) * e / (1 + e)


def sigmoid_prime(z):
    s = sigmoid(z)
    return s - s ** 2


def forward(weights, biases, x):
    if not weights:
        return [], [x]
    z = weights[0] @ x + biases[0]
    zs, xs = forward(weights[1:], biases[1:], sigmoid(z))
    return [z] + zs, [x] + xs


def down(weights, zs, xs, y):
    """dE/dx_0, and the two lists."""
    if not weights:
        return (xs[0] - y) / y.shape[1], [], []
    dx, dWs, dbs = down(weights[1:], zs[1:], xs[1:], y)
    delta = dx * sigmoid_prime(zs[0])
    return weights[0].T @ delta, [delta @ xs[0].T] + dWs, [delta.sum(1)[:, newaxis]] + dbs


def backprop(weights, biases, x, y):
    return down(weights, *forward(weights, biases, x), y)[1:]
'''

# Classes, comprehensions, einsum, and σ′ written in terms of the outputs.
CLASSES = """
import dataclasses
from typing import List
import numpy as np
import pandas as pd


@dataclasses.dataclass
class Layer:
    W: np.ndarray
    b: np.ndarray

    def __call__(self, x):
        self.x = x
        self.z = np.einsum("ij,jb->ib", self.W, x) + self.b
        self.out = sigmoid(self.z)
        return self.out

    def back(self, dx):
        delta = dx * (self.out * (1 - self.out))
        self.dW = np.einsum("ib,jb->ij", delta, self.x) / delta.shape[1]
        self.db = np.mean(delta, axis=-1, keepdims=True)
        return np.einsum("ij,ib->jb", self.W, delta)


def sigmoid(z):
    return 0.5 * (1 + np.tanh(z / 2))


def sigmoid_prime(z):
    return 0.25 / np.cosh(np.clip(z, -500, 500) / 2) ** 2


def network(weights, biases, x) -> List[Layer]:
    layers = [Layer(*pair) for pair in zip(weights, biases)]
    for layer in layers:
        x = layer(x)
    return layers


def forward(weights, biases, x):
    layers = network(weights, biases, x)
    return [layer.z for layer in layers], [x] + [layer.out for layer in layers]


def backprop(weights, biases, x, y):
    layers = network(weights, biases, x)
    dx = layers[-1].out - y
    for layer in layers[::-1]:
        dx = layer.back(dx)
    return [layer.dW for layer in layers], [layer.db for layer in layers]
"""

# One column after another: right, but a loop where a product belongs.
ONE_BY_ONE = """
import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def sigmoid_prime(z):
    s = sigmoid(z)
    return s * (1 - s)


def forward(weights, biases, x):
    zs, xs = [], [x]
    for W, b in zip(weights, biases):
        zs.append(W @ xs[-1] + b)
        xs.append(sigmoid(zs[-1]))
    return zs, xs


def one(weights, biases, x, y):
    zs, xs = forward(weights, biases, x)
    delta = (xs[-1] - y) * sigmoid_prime(zs[-1])
    dWs, dbs = [], []
    for i in range(len(weights) - 1, -1, -1):
        dWs.insert(0, np.outer(delta, xs[i]))
        dbs.insert(0, delta)
        if i:
            delta = np.dot(weights[i].T, delta) * sigmoid_prime(zs[i - 1])
    return dWs, dbs


def backprop(weights, biases, x, y):
    B = x.shape[1]
    dWs = [np.zeros(W.shape) for W in weights]
    dbs = [np.zeros(b.shape) for b in biases]
    for k in range(B):
        column = one(weights, biases, x[:, k:k + 1], y[:, k:k + 1])
        dWs = [total + dW / B for total, dW in zip(dWs, column[0])]
        dbs = [total + db / B for total, db in zip(dbs, column[1])]
    return dWs, dbs
"""

RIGHT = {"board": BOARD, "book": BOOK, "recursive": RECURSIVE, "classes": CLASSES}
STYLES = RIGHT | {"one by one": ONE_BY_ONE}


def modified(style: str, *changes: tuple[str, str]) -> str:
    """A right solution with some of its text replaced, wherever it stands."""
    text = STYLES[style]
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text
