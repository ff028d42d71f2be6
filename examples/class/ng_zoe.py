import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


class NeuralNet:
    def __init__(self, n_x, n_h, n_y, learning_rate=0.5):
        self.W1 = np.random.randn(n_h, n_x) * 0.01
        self.b1 = np.zeros((n_h, 1))
        self.W2 = np.random.randn(n_y, n_h) * 0.01
        self.b2 = np.zeros((n_y, 1))
        self.learning_rate = learning_rate

    def forward_propagation(self, X):
        self.Z1 = np.dot(self.W1, X) + self.b1
        self.A1 = sigmoid(self.Z1)
        self.Z2 = np.dot(self.W2, self.A1) + self.b2
        self.A2 = sigmoid(self.Z2)
        return self.A2

    def backward_propagation(self, X, Y):
        m = X.shape[1]
        dZ2 = (self.A2 - Y) * self.A2 * (1 - self.A2)
        self.dW2 = np.dot(dZ2, self.A1.T) / m
        self.db2 = np.sum(dZ2, axis=1, keepdims=True) / m
        dZ1 = np.dot(self.W2.T, dZ2) * self.A1 * (1 - self.A1)
        self.dW1 = np.dot(dZ1, X.T) / m
        self.db1 = np.sum(dZ1, axis=1, keepdims=True) / m

    def update_parameters(self):
        self.W1 -= self.learning_rate * self.dW1
        self.b1 -= self.learning_rate * self.db1
        self.W2 -= self.learning_rate * self.dW2
        self.b2 -= self.learning_rate * self.db2
