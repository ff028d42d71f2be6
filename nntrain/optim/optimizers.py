"""Optimisers: what is done with the gradient.

Each is a few in-place operations on the vector of parameters W and the gradient g, and owns nothing
but its own state. The formulas are those of the sources and of PyTorch. α is the learning rate of
the step, λ the weight decay, which acts on weights and not on biases.

A step begins once and then moves one region of the vector after another, each small enough to stay
in a core's cache, in any order and on any thread.
"""

from abc import ABC, abstractmethod

import numpy as np

from nntrain.nn.arrays import Array


class Optimizer(ABC):
    """One way to go downhill.

    Args:
        parameters: The network's vector; only its length and precision are used here.
        weight_count: How many of the parameters, from the start, are weights.
        weight_decay: λ.

    Attributes:
        state: All that must be saved to go on as if never stopped, by name.
    """

    def __init__(self, parameters: Array, weight_count: int, weight_decay: float = 0.0) -> None:
        self.state: dict[str, Array] = {}
        self.size = len(parameters)
        self.weight_count = weight_count
        self.weight_decay = weight_decay

    def step(self, parameters: Array, gradient: Array, learning_rate: float) -> None:
        """Move all parameters, in place; the gradient is overwritten. Both of shape (size,)."""
        self.begin()
        self.move(parameters, gradient, learning_rate, slice(0, self.weight_count))
        self.move(parameters, gradient, learning_rate, slice(self.weight_count, self.size))

    def begin(self) -> None:  # noqa: B027  # most count nothing
        """Begin the next step."""

    @abstractmethod
    def move(self, parameters: Array, gradient: Array, learning_rate: float, region: slice) -> None:
        """Move the parameters of one region, either all weights or all biases, in place.

        Args:
            parameters: W, shape (size,).
            gradient: g, shape (size,); its region is overwritten.
            learning_rate: α.
            region: From where to where.
        """

    def decay_in(self, region: slice) -> float:
        """λ in a region: 0 for biases."""
        return self.weight_decay if region.start < self.weight_count else 0.0


class SGD(Optimizer):
    """Gradient descent as the lecture has it."""

    def move(self, parameters: Array, gradient: Array, learning_rate: float, region: slice) -> None:
        """W ← W − αg, or with weight decay W ← (1 − αλ)W − αg."""
        W, g = parameters[region], gradient[region]
        if decay := self.decay_in(region):
            W *= 1 - learning_rate * decay
        g *= learning_rate
        W -= g


class Momentum(Optimizer):
    """A heavy ball: the velocity v keeps the share μ of itself  (Polyak 1964)."""

    def __init__(
        self, parameters: Array, weight_count: int, momentum: float, weight_decay: float = 0.0
    ) -> None:
        super().__init__(parameters, weight_count, weight_decay)
        self.momentum = momentum
        self.state["velocity"] = np.zeros_like(parameters)

    def move(self, parameters: Array, gradient: Array, learning_rate: float, region: slice) -> None:
        """v ← μv + g;  W ← W − αv."""
        v = self._accelerate(parameters, gradient, region)
        W = parameters[region]
        W -= np.multiply(v, learning_rate, out=gradient[region])

    def _accelerate(self, parameters: Array, gradient: Array, region: slice) -> Array:
        """g ← g + λW;  v ← μv + g."""
        v, g = self.state["velocity"][region], gradient[region]
        if decay := self.decay_in(region):
            g += decay * parameters[region]
        v *= self.momentum
        v += g
        return v


class Nesterov(Momentum):
    """Momentum that looks ahead along its velocity  (Nesterov 1983; Sutskever et al. 2013)."""

    def move(self, parameters: Array, gradient: Array, learning_rate: float, region: slice) -> None:
        """v ← μv + g;  W ← W − α(g + μv)."""
        v = self._accelerate(parameters, gradient, region)
        W, g = parameters[region], gradient[region]
        g += self.momentum * v
        g *= learning_rate
        W -= g


class Adam(Optimizer):
    """Each parameter at a pace of its own  (Kingma and Ba 2015, algorithm 1)."""

    def __init__(
        self,
        parameters: Array,
        weight_count: int,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, weight_count, weight_decay)
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.state["first_moment"] = np.zeros_like(parameters)
        self.state["second_moment"] = np.zeros_like(parameters)
        self.state["steps"] = np.zeros((), np.float64)

    def begin(self) -> None:
        """Count the step."""
        self.state["steps"] += 1

    def move(self, parameters: Array, gradient: Array, learning_rate: float, region: slice) -> None:
        """m ← β₁m + (1−β₁)g;  v ← β₂v + (1−β₂)g²;  W ← W − α m̂ / (√v̂ + ε).

        m̂ = m / (1−β₁ᵗ) and v̂ = v / (1−β₂ᵗ) undo the start at zero in step t = 1, 2, …

        To save passes over the vector, v sums ((1−β₁)g)² as it stands; the factor that √v̂ then
        lacks, `scale`, is made up for in ε and in α, which are numbers.
        """
        W, g, t = parameters[region], gradient[region], float(self.state["steps"])
        m, v = self.state["first_moment"][region], self.state["second_moment"][region]
        scale = ((1 - self.beta2) / (1 - self.beta2**t)) ** 0.5 / (1 - self.beta1)
        self._decay(W, g, learning_rate, self.decay_in(region))

        g *= 1 - self.beta1
        m *= self.beta1
        m += g

        v *= self.beta2
        g *= g
        v += g

        denominator = np.sqrt(v, out=g)
        denominator += self.epsilon / scale
        step = np.divide(m, denominator, out=g)
        step *= learning_rate / (1 - self.beta1**t) / scale
        W -= step

    def _decay(self, W: Array, g: Array, learning_rate: float, decay: float) -> None:
        """g ← g + λW."""
        if decay:
            g += decay * W


class AdamW(Adam):
    """Adam with the decay kept out of the moments  (Loshchilov and Hutter 2019)."""

    def _decay(self, W: Array, g: Array, learning_rate: float, decay: float) -> None:
        """W ← (1 − αλ)W."""
        if decay:
            W *= 1 - learning_rate * decay
