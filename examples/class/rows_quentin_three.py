"""Blatt 7: X has one sample per row."""
import numpy as np

def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))

def sigmoid_prime(z):
    return sigmoid(z) * (1.0 - sigmoid(z))

def forward(weights, biases, X):
    Z, A = [], [X]
    for i in range(len(weights)):
        Z.append(A[i] @ weights[i].T + biases[i])
        A.append(sigmoid(Z[i]))
    return Z, A

def backprop(weights, biases, X, Y):
    Z, A = forward(weights, biases, X)
    m = X.shape[0]
    dW = [np.zeros_like(w) for w in weights]
    db = [np.zeros_like(b) for b in biases]
    error = (Y - A[-1]) * sigmoid_prime(Z[-1])
    for i in range(len(weights) - 1, -1, -1):
        dW[i] = error.T @ A[i] / m
        db[i] = np.sum(error, axis=0, keepdims=True)
        if i > 0:
            error = error @ weights[i]
    return dW, db
