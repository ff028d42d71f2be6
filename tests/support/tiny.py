"""A tiny problem that trains in milliseconds: 4×4 pictures of three kinds of stripes."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nntrain.data.batches import Rescale
from nntrain.data.kaggle import write_csv
from nntrain.nn.arrays import Array

CONFIG = """
seed: 3
data: {{train: {train}, validation: 0.25, classes: 3}}
network:
  - {{dense: 8, activation: sigmoid}}
  - {{dense: 3, activation: softmax}}
loss: cross_entropy
training: {{epochs: 4, batch_size: 16, optimizer: {{name: adam, learning_rate: 0.02}}}}
"""

SWEEP = """
config: tiny.yaml
space:
  training.optimizer.learning_rate: {log: [1e-4, 1]}
  network[0].dense: {whole: [2, 10], step: 2}
  training.batch_size: {choice: [8, 16]}
trials: 6
at_once: 3
pruning: {first: 1, after: 2}
seed: 5
"""


def stripes(count: int, seed: int = 0) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Noisy pictures, shape (count, 16), of rows (0), columns (1) or a border (2)."""
    rng = np.random.default_rng(seed)
    kinds = np.zeros((3, 4, 4))
    kinds[0, ::2], kinds[1, :, ::2], kinds[2, [0, -1]], kinds[2, :, [0, -1]] = 1, 1, 1, 1
    labels = rng.integers(0, 3, count).astype(np.uint8)
    pixels = 180 * kinds[labels].reshape(count, 16) + rng.uniform(0, 75, (count, 16))
    return pixels.astype(np.uint8), labels


def inputs(count: int, dtype: str = "float32") -> tuple[Array, NDArray[np.uint8]]:
    """The same pictures as inputs of a network, to the bit, and their labels."""
    pixels, labels = stripes(count)
    x: Array = np.empty(pixels.shape, dtype)
    Rescale(0.0, 1.0).apply(pixels, x)
    return x, labels


TINY = CONFIG.format(train="data/train.csv")


def fill(folder: Path) -> None:
    """Write the data and the configuration."""
    (folder / "data").mkdir()
    pixels, labels = stripes(260)
    write_csv(folder / "data/train.csv", pixels[:200], labels[:200])
    write_csv(folder / "data/test.csv", pixels[200:])
    write_csv(folder / "data/test_labelled.csv", pixels[200:], labels[200:])
    (folder / "tiny.yaml").write_text(TINY)
