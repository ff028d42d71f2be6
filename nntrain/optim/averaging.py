"""A moving average of the parameters, which often predicts better than they do  (Polyak 1992)."""

import numpy as np

from nntrain.nn.arrays import Array


class MovingAverage:
    """Exponential moving average a of the parameters: a ← a + (1 − d)(W − a) after each step.

    In step t the decay d is at most (1 + t) / (10 + t), so the first steps are soon forgotten.

    Args:
        parameters: The network's vector before the first step.
        decay: d, the share of the average that is kept in each step.

    Attributes:
        state: The arrays of a checkpoint, by name: `average`, shape (size,), and `average_steps`.
    """

    def __init__(self, parameters: Array, decay: float) -> None:
        self.decay = decay
        self.state: dict[str, Array] = {
            "average": parameters.copy(),
            "average_steps": np.zeros((), np.float64),
        }
        self._share = 0.0

    @property
    def parameters(self) -> Array:
        """The average, shape (size,)."""
        return self.state["average"]

    def begin(self) -> None:
        """Count the step."""
        self.state["average_steps"] += 1
        t = float(self.state["average_steps"])
        self._share = 1 - min(self.decay, (1 + t) / (10 + t))

    def update(self, parameters: Array, region: slice) -> None:
        """Update one region of the average, a slice of the vector."""
        average = self.parameters[region]
        average += self._share * (parameters[region] - average)
