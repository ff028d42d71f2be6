"""The network that the figures show: configs/lecture-3-4-2.yaml, before its training."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from drawing import Drawing
from numpy.typing import NDArray

from nntrain.config import Config, load_config
from nntrain.explain.inputs import load_network_and_data
from nntrain.explain.trace import trace
from nntrain.nn import Network
from nntrain.optim import Optimizer
from nntrain.training.reporter import Reporter

ROOT = Path(__file__).parents[2]
CONFIG = "configs/lecture-3-4-2.yaml"

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Example:
    """The network, its eight rows, and the numbers of `nntrain trace` for the first row.

    Attributes:
        config: The configuration.
        network: With its initial weights.
        x, y: Inputs, shape (8, 3), and targets, shape (8, 2).
        traced: The quantities of row 1, by their names in `nntrain trace --npz`.
        start: The initial parameters, shape (26,).
    """

    config: Config
    network: Network
    x: Array
    y: Array
    traced: dict[str, Array]
    start: Array

    def error(self, parameters: Array) -> float:
        """E, the mean over the eight rows, of a vector of parameters."""
        self.network.parameters[...] = parameters
        return self.network.loss.value(self.network.predict(self.x), self.y)

    def gradient(self, parameters: Array) -> Array:
        """The gradient of that E, shape (26,)."""
        self.network.parameters[...] = parameters
        return self.network.gradient(self.network.forward(self.x), self.y)

    def descend(self, optimizer: Optimizer, learning_rate: float, steps: int) -> list[float]:
        """E before the first step and after each step, all eight rows in each."""
        parameters = self.start.copy()
        errors = [self.error(parameters)]
        for _ in range(steps):
            optimizer.step(parameters, self.gradient(parameters), learning_rate)
            errors.append(self.error(parameters))
        return errors

    def index(self, layer: int, kind: int, *place: int) -> int:
        """The position of a weight (kind 0) or bias (kind 1) of layer 1 or 2 in the vector."""
        numbered = np.arange(len(self.start))
        return int(self.network.views(numbered)[layer - 1][kind][place])

    def plane(self, first: int, second: int) -> "Plane":
        """E as a function of two parameters; the others keep their initial values."""

        def at(u: float, v: float) -> Array:
            parameters = self.start.copy()
            parameters[[first, second]] = u, v
            return parameters

        return Plane(
            lambda u, v: self.error(at(u, v)),
            lambda u, v: self.gradient(at(u, v))[[first, second]],
        )


class Plane(NamedTuple):
    """E over two parameters: its height and its gradient, shape (2,)."""

    height: Callable[[float, float], float]
    gradient: Callable[[float, float], Array]

    def heights(self, across: Array, up: Array) -> Array:
        """E over a grid, shape (up, across)."""
        return np.array([[self.height(float(u), float(v)) for u in across] for v in up])

    def descend(
        self, optimizer: Optimizer, learning_rate: float, start: tuple[float, float], steps: int
    ) -> list[tuple[float, float]]:
        """The places of a descent."""
        place = np.array(start)
        places = [start]
        for _ in range(steps):
            optimizer.step(place, self.gradient(*place), learning_rate)
            places.append((float(place[0]), float(place[1])))
        return places


def load_example() -> Example:
    """Read the configuration and its rows."""
    config = load_config(ROOT / CONFIG)
    subject = load_network_and_data(config, str(ROOT / config.data.train), Reporter())
    x, y = subject.rows(1, len(subject.digits))
    rate = config.training.optimizer.learning_rate
    traced = {q.name: q.value for q in trace(subject.network, x[0], y[0], rate)}
    traced = {name: np.array(value) for name, value in traced.items()}
    return Example(config, subject.network, x, y, traced, subject.network.parameters.copy())


def draw_all(figures: dict[str, Callable[[Example], Drawing]], folder: Path) -> None:
    """Write figures into a folder, each from the initial parameters."""
    example = load_example()
    for name, draw in figures.items():
        example.network.parameters[...] = example.start
        draw(example).save(folder / f"{name}.svg")
