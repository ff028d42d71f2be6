import numpy as np

class NeuralNetwork:
    def __init__(self, input_size, hidden_size, output_size, learning_rate=0.1):
        self.lr = learning_rate
        self.W1 = np.random.randn(input_size, hidden_size)
        self.b1 = np.zeros((1, hidden_size))
        self.W2 = np.random.randn(hidden_size, output_size)
        self.b2 = np.zeros((1, output_size))

    def sigmoid(self, x):
        return 1 / (1 + np.exp(-x))

    def sigmoid_derivative(self, x):
        return x * (1 - x)

    def forward(self, X):
        self.z1 = np.dot(X, self.W1) + self.b1
        self.a1 = self.sigmoid(self.z1)
        self.z2 = np.dot(self.a1, self.W2) + self.b2
        self.output = self.sigmoid(self.z2)
        return self.output

    def backward(self, X, y, output):
        m = X.shape[0]
        error = output - y
        d_output = error * self.sigmoid_derivative(output)
        d_hidden = d_output.dot(self.W2.T) * self.sigmoid_derivative(self.a1)
        self.W2 -= self.lr * self.a1.T.dot(d_output) / m
        self.b2 -= self.lr * np.sum(d_output, axis=0, keepdims=True) / m
        self.W1 -= self.lr * X.T.dot(d_hidden) / m
        self.b1 -= self.lr * np.sum(d_hidden, axis=0, keepdims=True) / m

    def train(self, X, y, epochs):
        for _ in range(epochs):
            output = self.forward(X)
            self.backward(X, y, output)
