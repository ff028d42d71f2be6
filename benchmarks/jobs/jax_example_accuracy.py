"""Train as JAX's MNIST example does, and judge by rows held out: pandas and JAX.

https://github.com/jax-ml/jax/blob/main/examples/mnist_classifier.py, except that the digits come
from a CSV. After each epoch, prints its number and the accuracy.
"""

import sys
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
from jax.example_libraries import optimizers, stax
from jax.example_libraries.stax import Dense, LogSoftmax, Relu

initialize, predict = stax.serial(Dense(1024), Relu, Dense(1024), Relu, Dense(10), LogSoftmax)
start, move, parameters_of = optimizers.momentum(0.001, mass=0.9)


def error(parameters: Any, x: Any, y: Any) -> Any:
    """Cross-entropy."""
    return -jnp.mean(jnp.sum(predict(parameters, x) * y, axis=1))


@jax.jit
def update(number: int, state: Any, x: Any, y: Any) -> Any:
    """One step."""
    return move(number, jax.grad(error)(parameters_of(state), x, y), state)


def main(train: str, held_out: int, seed: int) -> None:
    """Train on all rows but the last, and judge by those."""
    frame = pd.read_csv(train, dtype="uint8")
    x = frame.iloc[:, 1:].to_numpy("float32") / 255
    labels = frame["label"].to_numpy()
    y = np.eye(10, dtype="float32")[labels]
    state = start(initialize(jax.random.key(seed), (-1, 784))[1])
    rng = np.random.RandomState(seed)
    number = 0
    for epoch in range(1, 11):
        order = rng.permutation(len(x) - held_out)
        for first in range(0, len(order), 128):
            rows = order[first : first + 128]
            state = update(number, state, x[rows], y[rows])
            number += 1
        answers = predict(parameters_of(state), x[-held_out:]).argmax(axis=1)
        print(epoch, float((answers == labels[-held_out:]).mean()), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
