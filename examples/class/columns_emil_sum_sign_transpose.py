# Exercise 3 - backpropagation
import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def sigmoid_prime(z):
    s = sigmoid(z)
    return s * (1 - s)


def forward(weights, biases, x):
    a = x
    zs = []
    activations = [x]
    for W, b in zip(weights, biases):
        z = W @ a + b
        a = sigmoid(z)
        zs.append(z)
        activations.append(a)
    return zs, activations


def backprop(weights, biases, x, y):
    zs, activations = forward(weights, biases, x)
    n = x.shape[1]
    L = len(weights)
    grads_w, grads_b = [None] * L, [None] * L
    # output layer
    delta = (y - activations[-1]) * sigmoid_prime(zs[-1])
    for l in range(L - 1, -1, -1):
        grads_w[l] = delta @ activations[l].T
        grads_b[l] = np.sum(delta, axis=1, keepdims=True)
        if l > 0:
            delta = (weights[l] @ delta) * sigmoid_prime(zs[l - 1])
    return grads_w, grads_b
