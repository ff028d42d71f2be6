"""The problems that the student's functions are called with, and the answers of `nntrain.nn`."""

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nntrain.nn import Dense, Network, activations

Array: TypeAlias = NDArray[np.float64]

# The functions of the file, with the names of their arguments.
ARGUMENTS = {
    "sigmoid": ("z",),
    "sigmoid_prime": ("z",),
    "forward": ("weights", "biases", "x"),
    "backprop": ("weights", "biases", "x", "y"),
}


class Problem(NamedTuple):
    """A network and a batch whose samples are columns, as in the lecture.

    Attributes:
        weights: W_1 … W_L, each of shape (n_i, n_{i−1}).
        biases: b_1 … b_L, each of shape (n_i, 1).
        x: x_0, shape (n_0, B).
        y: Targets, shape (n_L, B).
    """

    weights: list[Array]
    biases: list[Array]
    x: Array
    y: Array

    @property
    def widths(self) -> list[int]:
        """n_0 … n_L."""
        return [len(self.x), *map(len, self.weights)]

    @property
    def batch_size(self) -> int:
        """B."""
        return int(self.x.shape[1])

    def arguments(self, function: str) -> list[Any]:
        """The arguments for a function of the file; σ and σ′ get x as z."""
        values = {**self._asdict(), "z": self.x}
        return [values[name] for name in ARGUMENTS[function]]

    def describe(self) -> str:
        """The widths and the batch size in words."""
        return f"network {'-'.join(map(str, self.widths))}, batch of {self.batch_size}"


def problem(widths: Sequence[int], batch_size: int, seed: int = 0) -> Problem:
    """Draw a random network and batch."""
    rng = np.random.default_rng([seed, batch_size, *widths])
    shapes = list(zip(widths[1:], widths[:-1], strict=True))
    return Problem(
        [rng.normal(0, 1.2, shape) for shape in shapes],
        [rng.normal(0, 0.8, (n_out, 1)) for n_out, _ in shapes],
        rng.uniform(-1, 1, (widths[0], batch_size)),
        rng.uniform(0, 1, (widths[-1], batch_size)),
    )


def integers(widths: Sequence[int], batch_size: int) -> Problem:
    """A problem with integers as inputs and targets, as pixels and digits are."""
    drawn = problem(widths, batch_size)
    x: Any = np.rint(3 * drawn.x).astype(np.int64)
    y: Any = np.rint(drawn.y).astype(np.int64)
    return drawn._replace(x=x, y=y)


# All widths and batches differ within each, so that no missing transpose goes unnoticed; the report
# shows the first that fails, so the simplest come first.
PROBLEMS = [
    problem((3, 2), 1),
    problem((3, 2), 5),
    problem((4, 3, 2), 1),
    problem((4, 3, 2), 6),
    problem((2, 5, 4, 3), 7),
    problem((5, 2, 6, 4, 3), 8),
    integers((4, 5, 3), 6),
]
# The problems that mistakes are recognized by: in the first, shapes distinguish most of them; in
# the second, a missing transpose still has a value. The others have other depths and batch sizes,
# so that what depends on these is not taken for a constant.
MISTAKE_PROBLEMS = [
    problem((2, 5, 4, 3), 7),
    problem((4, 4, 4, 4), 4),
    problem((4, 3, 2), 6),
    problem((3, 2), 1),
]


class Probes(NamedTuple):
    """The problems for a file, whose networks may have a fixed number of layers.

    Attributes:
        grading: The problems that functions are judged by, the simplest first.
        mistakes: The problems that mistakes are recognized by.
    """

    grading: list[Problem]
    mistakes: list[Problem]


def probes(depth: int = 0) -> Probes:
    """The problems for networks of some number of layers; 0: of any."""
    if not depth:
        return Probes(PROBLEMS, MISTAKE_PROBLEMS)
    wide, narrow = (widths[: depth + 1] for widths in ((2, 5, 4, 3, 6, 7), (6, 4, 3, 2, 5, 3)))
    square = (4,) * (depth + 1)
    several = [problem(wide, 7), problem(square, 4), problem(narrow, 6), problem(narrow, 1)]
    return Probes([several[3], several[2], several[0], integers(narrow, 5)], several)


Z = np.random.default_rng(0).uniform(-4, 4, (3, 4))
WHOLE_Z: NDArray[Any] = np.array([[-2, -1, 0, 1], [2, 3, 0, -3]])
EXTREME_Z = np.array([[-1000.0, 1000.0], [-40.0, 40.0]])


def sigmoid(z: Array) -> Array:
    """σ(z) of every entry."""
    x: Any = activations.sigmoid(np.asarray(z, np.float64))
    return np.asarray(x, np.float64)


def sigmoid_prime(z: Array) -> Array:
    """σ′(z) of every entry."""
    slope: Any = activations.sigmoid_derivative(sigmoid(z))
    return np.asarray(slope, np.float64)


ELEMENTWISE = {"sigmoid": sigmoid, "sigmoid_prime": sigmoid_prime}


class Backpropagation:
    """The forward and backward pass of `nntrain.nn` over a problem.

    Args:
        problem: The network and the batch; its samples become rows.
    """

    def __init__(self, problem: Problem) -> None:
        layers = [Dense(n, "sigmoid") for n in problem.widths[1:]]
        self.network = Network((problem.widths[0],), layers, "squared_error", "float64")
        self.x: Array = np.ascontiguousarray(problem.x.T, np.float64)
        self.y: Array = np.ascontiguousarray(problem.y.T, np.float64)
        for layer, weights, biases in zip(
            self.network.layers, problem.weights, problem.biases, strict=True
        ):
            layer.weights[...] = weights
            layer.biases[...] = biases[:, 0]

    def run(self) -> Any:
        """The gradient as one vector."""
        return self.network.gradient(self.network.forward(self.x), self.y)

    def forward_answer(self) -> list[list[Any]]:
        """[z_1 … z_L] and [x_0 … x_L], in columns."""
        xs = self.network.forward(self.x)
        zs = [
            (x @ layer.weights.T + layer.biases).T
            for layer, x in zip(self.network.layers, xs, strict=False)
        ]
        return [zs, [x.T for x in xs]]

    def backprop_answer(self) -> list[list[Any]]:
        """[∂E/∂W_1 …] and [∂E/∂b_1 …], in columns."""
        pairs = self.network.views(self.run())
        return [[weights for weights, _ in pairs], [biases[:, None] for _, biases in pairs]]
