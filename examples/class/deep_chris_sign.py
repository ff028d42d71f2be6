import numpy as np


class DeepNetwork:
    def __init__(self, layer_sizes, seed=0):
        rng = np.random.default_rng(seed)
        pairs = list(zip(layer_sizes[:-1], layer_sizes[1:]))
        self.weights = [rng.normal(size=(i, o)) for i, o in pairs]
        self.biases = [np.zeros((1, o)) for _, o in pairs]

    def forward(self, X):
        self.activations = [X]
        for W, b in zip(self.weights, self.biases):
            self.activations.append(1 / (1 + np.exp(-(self.activations[-1] @ W + b))))
        return self.activations[-1]

    def backward(self, y):
        a = self.activations
        delta = (y - a[-1]) * a[-1] * (1 - a[-1]) / y.shape[0]
        dWs, dbs = [], []
        for i in reversed(range(len(self.weights))):
            dWs.insert(0, a[i].T @ delta)
            dbs.insert(0, delta.sum(axis=0, keepdims=True))
            delta = delta @ self.weights[i].T * a[i] * (1 - a[i])
        return dWs, dbs
