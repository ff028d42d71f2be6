"""Optimisers: in-place updates of the parameter vector W from the gradient g.

The formulas are those of the papers and of PyTorch. α is the learning rate of the step, λ the
weight decay, which applies to weights, not to biases.

A step is one call of `begin`, then one call of `move` for each region of the vector. A region is a
slice that fits into a core's cache. Regions may be moved in any order and on any thread.
"""

from abc import ABC, abstractmethod

import numpy as np

from nntrain.nn.arrays import Array


class Optimizer(ABC):
    """Base class of the optimisers.

    Args:
        parameters: The network's vector; only its length and precision are used here.
        weight_count: The number of weights; they are the first parameters.
        weight_decay: λ.

    Attributes:
        state: The arrays that a checkpoint saves and restores, by name.
    """

    def __init__(self, parameters: Array, weight_count: int, weight_decay: float = 0.0) -> None:
        self.state: dict[str, Array] = {}
        self.size = len(parameters)
        self.weight_count = weight_count
        self.weight_decay = weight_decay

    def step(self, parameters: Array, gradient: Array, learning_rate: float) -> None:
        """Update all parameters in place. Both vectors have shape (size,); g is overwritten."""
        self.begin()
        self.move(parameters, gradient, learning_rate, slice(0, self.weight_count))
        self.move(parameters, gradient, learning_rate, slice(self.weight_count, self.size))

    def begin(self) -> None:  # noqa: B027  # only some count steps
        """Start the next step; called once before its calls of `move`."""

    @abstractmethod
    def move(self, parameters: Array, gradient: Array, learning_rate: float, region: slice) -> None:
        """Update the parameters of one region in place.

        Args:
            parameters: W, shape (size,).
            gradient: g, shape (size,); its region is overwritten.
            learning_rate: α.
            region: A slice of the vector that contains only weights or only biases.
        """

    def decay_in(self, region: slice) -> float:
        """The weight decay λ of a region; 0 for biases."""
        return self.weight_decay if region.start < self.weight_count else 0.0


class SGD(Optimizer):
    """Plain gradient descent."""

    def move(self, parameters: Array, gradient: Array, learning_rate: float, region: slice) -> None:
        """W ← W − αg, or with weight decay W ← (1 − αλ)W − αg."""
        W, g = parameters[region], gradient[region]
        if decay := self.decay_in(region):
            W *= 1 - learning_rate * decay
        g *= learning_rate
        W -= g


class Momentum(Optimizer):
    """Gradient descent with a velocity v, which decays by the factor μ  (Polyak 1964)."""

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
    """Nesterov's accelerated gradient  (Nesterov 1983; Sutskever et al. 2013)."""

    def move(self, parameters: Array, gradient: Array, learning_rate: float, region: slice) -> None:
        """v ← μv + g;  W ← W − α(g + μv)."""
        v = self._accelerate(parameters, gradient, region)
        W, g = parameters[region], gradient[region]
        g += self.momentum * v
        g *= learning_rate
        W -= g


class Adam(Optimizer):
    """A step size for each parameter  (Kingma and Ba 2015, algorithm 1)."""

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

        m̂ = m / (1−β₁ᵗ) and v̂ = v / (1−β₂ᵗ) correct the bias of the zero start; t = 1, 2, …

        To save passes over the vector, v sums ((1−β₁)g)² without a factor. The missing factor of
        √v̂, `scale`, is applied to ε and α, which are scalars.
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
    """Adam with decoupled weight decay  (Loshchilov and Hutter 2019)."""

    def _decay(self, W: Array, g: Array, learning_rate: float, decay: float) -> None:
        """W ← (1 − αλ)W."""
        if decay:
            W *= 1 - learning_rate * decay
