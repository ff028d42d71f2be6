import numpy as np

class NeuralNetwork():
    def __init__(self, input_nodes, hidden_nodes, output_nodes, lr):
        self.lr = lr
        self.weights_ih = np.random.uniform(-1, 1, (input_nodes, hidden_nodes))
        self.weights_ho = np.random.uniform(-1, 1, (hidden_nodes, output_nodes))
        self.bias_h = np.random.uniform(-1, 1, (1, hidden_nodes))
        self.bias_o = np.random.uniform(-1, 1, (1, output_nodes))

    def predict(self, inputs):
        hidden = sigmoid(np.dot(inputs, self.weights_ih) + self.bias_h)
        return sigmoid(np.dot(hidden, self.weights_ho) + self.bias_o)

    def train(self, inputs, targets, epochs=1):
        for _ in range(epochs):
            hidden = sigmoid(np.dot(inputs, self.weights_ih) + self.bias_h)
            outputs = sigmoid(np.dot(hidden, self.weights_ho) + self.bias_o)
            output_error = targets - outputs
            output_delta = output_error * dsigmoid(outputs)
            hidden_error = output_delta.dot(self.weights_ho.T)
            hidden_delta = hidden_error * dsigmoid(hidden)
            self.weights_ho += self.lr * hidden.T.dot(output_delta) / len(inputs)
            self.bias_o += self.lr * output_delta.mean(axis=0, keepdims=True)
            self.weights_ih += self.lr * inputs.T.dot(hidden_delta) / len(inputs)
            self.bias_h += self.lr * hidden_delta.mean(axis=0, keepdims=True)

def sigmoid(x):
    return 1 / (1 + np.exp(-x))

def dsigmoid(y):
    # y is already sigmoid(x)
    return y * (1 - y)
