import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


class MLP:
    """Multi-layer perceptron with any number of layers."""

    def __init__(self, layer_sizes, eta=0.01):
        self.eta = eta
        self.weights = []
        self.biases = []
        for n_in, n_out in zip(layer_sizes, layer_sizes[1:]):
            self.weights.append(np.random.uniform(-1, 1, (n_in, n_out)))
            self.biases.append(np.zeros(n_out))

    def forward(self, X):
        self.outputs = [X]
        for W, b in zip(self.weights, self.biases):
            self.outputs.append(sigmoid(self.outputs[-1] @ W + b))
        return self.outputs[-1]

    def backward(self, y):
        delta = (self.outputs[-1] - y) * self.outputs[-1] * (1 - self.outputs[-1])
        for i in range(len(self.weights) - 1, -1, -1):
            self.weights[i] -= self.eta * self.outputs[i].T @ delta / len(y)
            self.biases[i] -= self.eta * delta.mean(axis=0)
            if i > 0:
                delta = delta @ self.weights[i].T * self.outputs[i] * (1 - self.outputs[i])

    def fit(self, X, y, epochs=10, batch_size=32):
        for _ in range(epochs):
            for start in range(0, len(X), batch_size):
                self.forward(X[start:start + batch_size])
                self.backward(y[start:start + batch_size])
