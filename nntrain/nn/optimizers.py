"""Optimisers: what is done with the gradient.

Each is a few in-place operations on the vector of parameters W and the gradient g, and owns nothing
but its own state. The formulas, and the order of rounding, are those of the sources and of PyTorch.
α is the learning rate of this step, λ the weight decay, which acts on weights and not on biases.
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
        self.weight_count = weight_count
        self.weight_decay = weight_decay
        self._scratch = np.empty_like(parameters)

    @abstractmethod
    def step(self, parameters: Array, gradient: Array, learning_rate: float) -> None:
        """Move the parameters, in place; the gradient may be overwritten. All of shape (size,)."""

    def _add_decay(self, parameters: Array, gradient: Array) -> None:
        """g ← g + λW: the gradient of E + ½λ‖W‖²."""
        if self.weight_decay:
            weights = slice(self.weight_count)
            np.multiply(parameters[weights], self.weight_decay, out=self._scratch[weights])
            np.add(gradient[weights], self._scratch[weights], out=gradient[weights])

    def _descend(self, parameters: Array, direction: Array, rate: float) -> None:
        """W ← W − rate · direction."""
        np.multiply(direction, rate, out=self._scratch)
        np.subtract(parameters, self._scratch, out=parameters)


class SGD(Optimizer):
    """Gradient descent as the lecture has it: W ← W − αg."""

    def step(self, parameters: Array, gradient: Array, learning_rate: float) -> None:
        """W ← W − α(g + λW)."""
        self._add_decay(parameters, gradient)
        self._descend(parameters, gradient, learning_rate)


class Momentum(Optimizer):
    """A heavy ball: the velocity v keeps the share μ of itself  (Polyak 1964)."""

    def __init__(
        self, parameters: Array, weight_count: int, momentum: float, weight_decay: float = 0.0
    ) -> None:
        super().__init__(parameters, weight_count, weight_decay)
        self.momentum = momentum
        self.state["velocity"] = np.zeros_like(parameters)

    def step(self, parameters: Array, gradient: Array, learning_rate: float) -> None:
        """v ← μv + g;  W ← W − αv."""
        self._add_decay(parameters, gradient)
        self._descend(parameters, self._accelerate(gradient), learning_rate)

    def _accelerate(self, gradient: Array) -> Array:
        """v ← μv + g."""
        velocity = self.state["velocity"]
        np.multiply(velocity, self.momentum, out=velocity)
        np.add(velocity, gradient, out=velocity)
        return velocity


class Nesterov(Momentum):
    """Momentum that looks ahead along its velocity  (Nesterov 1983; Sutskever et al. 2013)."""

    def step(self, parameters: Array, gradient: Array, learning_rate: float) -> None:
        """v ← μv + g;  W ← W − α(g + μv)."""
        self._add_decay(parameters, gradient)
        velocity = self._accelerate(gradient)
        np.multiply(velocity, self.momentum, out=self._scratch)
        np.add(gradient, self._scratch, out=gradient)
        self._descend(parameters, gradient, learning_rate)


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

    def step(self, parameters: Array, gradient: Array, learning_rate: float) -> None:
        """m ← β₁m + (1−β₁)g;  v ← β₂v + (1−β₂)g²;  W ← W − α m̂ / (√v̂ + ε).

        m̂ = m / (1−β₁ᵗ) and v̂ = v / (1−β₂ᵗ) undo the start at zero in step t = 1, 2, …
        """
        self._decay(parameters, gradient, learning_rate)
        m, v, t = self.state["first_moment"], self.state["second_moment"], self.state["steps"]
        t += 1

        np.multiply(m, self.beta1, out=m)
        np.multiply(gradient, 1 - self.beta1, out=self._scratch)
        np.add(m, self._scratch, out=m)

        np.multiply(v, self.beta2, out=v)
        np.multiply(gradient, gradient, out=gradient)
        np.multiply(gradient, 1 - self.beta2, out=gradient)
        np.add(v, gradient, out=v)

        denominator = np.sqrt(v, out=gradient)
        np.multiply(denominator, float(1 - self.beta2**t) ** -0.5, out=denominator)
        np.add(denominator, self.epsilon, out=denominator)
        np.divide(m, denominator, out=denominator)
        self._descend(parameters, denominator, learning_rate / float(1 - self.beta1**t))

    def _decay(self, parameters: Array, gradient: Array, learning_rate: float) -> None:
        self._add_decay(parameters, gradient)


class AdamW(Adam):
    """Adam with the decay kept out of the moments  (Loshchilov and Hutter 2019)."""

    def _decay(self, parameters: Array, gradient: Array, learning_rate: float) -> None:
        """W ← W − αλW."""
        weights = parameters[: self.weight_count]
        np.multiply(weights, 1 - learning_rate * self.weight_decay, out=weights)
