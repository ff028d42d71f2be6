import numpy as np

class NN:
    def __init__(self, n_in, n_hid, n_out, lr):
        self.W1 = np.random.normal(size=(n_in, n_hid))
        self.b1 = np.zeros(n_hid)
        self.W2 = np.random.normal(size=(n_hid, n_out))
        self.b2 = np.zeros(n_out)
        self.lr = lr

    def f(self, z):
        return 1 / (1 + np.exp(-z))

    def forward(self, x):
        self.h = self.f(x @ self.W1 + self.b1)
        self.o = self.f(self.h @ self.W2 + self.b2)
        return self.o

    def train(self, x, t):
        o = self.forward(x)
        d2 = (o - t) * o * (1 - o)
        d1 = d2 @ self.W2.T * self.h * (1 - self.h)
        self.W2 -= self.lr * self.h.T @ d2 / len(x)
        self.W1 -= self.lr * x.T @ d1 / len(x)
        self.b2 += self.lr * d2.mean(axis=0)
        self.b1 += self.lr * d1.mean(axis=0)
