"""Train 784-300-100-10 and judge by rows held out: pandas and JAX.

After each epoch, prints its number and the accuracy.
"""

import sys
from functools import partial
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
import pandas as pd

WIDTHS = (784, 300, 100, 10)
EPOCHS, BATCH, RATE, MOMENTUM = 30, 128, 0.05, 0.9


def outputs(parameters: Any, x: Any) -> Any:
    """What goes into softmax."""
    *hidden, (weights, biases) = parameters
    for w, b in hidden:
        x = jax.nn.relu(x @ w + b)
    return x @ weights + biases


def error(parameters: Any, x: Any, y: Any) -> Any:
    """Cross-entropy."""
    return -(y * jax.nn.log_softmax(outputs(parameters, x))).sum(axis=1).mean()


@partial(jax.jit, donate_argnums=0)
def epoch(state: Any, x: Any, y: Any, key: Any) -> Any:
    """One pass over all rows in random order; a last batch that is not full is left out."""

    def step(state: Any, rows: Any) -> tuple[Any, None]:
        parameters, velocity = state
        gradients = jax.grad(error)(parameters, x[rows], y[rows])
        velocity = jax.tree.map(lambda v, g: MOMENTUM * v + g, velocity, gradients)
        parameters = jax.tree.map(
            lambda w, v, g: w - RATE * (g + MOMENTUM * v), parameters, velocity, gradients
        )
        return (parameters, velocity), None

    order = jax.random.permutation(key, len(x))[: len(x) // BATCH * BATCH]
    return jax.lax.scan(step, state, order.reshape(-1, BATCH))[0]


@jax.jit
def accuracy(parameters: Any, x: Any, labels: Any) -> Any:
    """The share of right answers."""
    return (outputs(parameters, x).argmax(axis=1) == labels).mean()


def main(train: str, held_out: int, seed: int) -> None:
    """Train on all rows but the last, and judge by those."""
    frame = pd.read_csv(train, dtype="uint8")
    pixels = frame.iloc[:, 1:].to_numpy("float32") / 255
    labels = frame["label"].to_numpy()
    x, x_held_out = jnp.asarray(pixels[:-held_out]), jnp.asarray(pixels[-held_out:])
    y = jax.nn.one_hot(labels[:-held_out], 10)
    *keys, last = jax.random.split(jax.random.key(seed), len(WIDTHS))
    parameters = [
        (jax.random.normal(key, (n_in, n_out)) * (2 / n_in) ** 0.5, jnp.zeros(n_out))
        for key, (n_in, n_out) in zip(keys, pairwise(WIDTHS), strict=True)
    ]
    state = parameters, jax.tree.map(jnp.zeros_like, parameters)
    for number, key in enumerate(jax.random.split(last, EPOCHS), 1):
        state = epoch(state, x, y, key)
        print(number, float(accuracy(state[0], x_held_out, labels[-held_out:])), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
