import numpy as np
np.random.seed(42)


class MLP:
    """One hidden layer, returns its gradients."""

    def __init__(self, n_in, n_hidden, n_out):
        self.W1 = 0.1 * np.random.randn(n_in, n_hidden)
        self.b1 = np.zeros(n_hidden)
        self.W2 = 0.1 * np.random.randn(n_hidden, n_out)
        self.b2 = np.zeros(n_out)

    def _sigmoid(self, z):
        return 1 / (1 + np.exp(-z))

    def forward(self, X):
        self.h = self._sigmoid(X @ self.W1 + self.b1)
        self.out = self._sigmoid(self.h @ self.W2 + self.b2)
        return self.out

    def backward(self, X, y):
        n = len(X)
        d_out = (self.out - y) * self.out * (1 - self.out)
        dW2 = self.h.T @ d_out / n
        db2 = d_out.mean(axis=0)
        d_hidden = d_out @ self.W2.T * self.h * (1 - self.h)
        dW1 = X.T @ d_hidden / n
        db1 = d_hidden.mean(axis=0)
        return dW1, db1, dW2, db2

    def step(self, grads, lr):
        dW1, db1, dW2, db2 = grads
        self.W1 -= lr * dW1
        self.b1 -= lr * db1
        self.W2 -= lr * dW2
        self.b2 -= lr * db2
