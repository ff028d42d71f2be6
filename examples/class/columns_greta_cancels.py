# Exercise 3 - backpropagation
import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def sigmoid_prime(z):
    return z * (1 - z)


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
    delta = (activations[-1] - y) * sigmoid_prime(activations[-1])
    for l in range(L - 1, -1, -1):
        grads_w[l] = delta @ activations[l].T / n
        grads_b[l] = np.sum(delta, axis=1, keepdims=True) / n
        if l > 0:
            delta = (weights[l].T @ delta) * sigmoid_prime(activations[l])
    return grads_w, grads_b
