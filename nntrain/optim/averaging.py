"""A moving average of the parameters, which is often better than any of them  (Polyak 1992)."""

import numpy as np

from nntrain.nn.arrays import Array


class MovingAverage:
    """Exponential moving average a of the parameters: a ← a + (1 − d)(W − a) after each step.

    In step t the decay d is at most (1 + t) / (10 + t), so that the first steps are soon forgotten.

    Args:
        parameters: The network's vector before the first step.
        decay: d, the share that the average keeps of itself.

    Attributes:
        state: All that must be saved to go on as if never stopped, by name: `average`, shape
            (size,), and `average_steps`.
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
        """Take one region of the parameters into the average."""
        average = self.parameters[region]
        average += self._share * (parameters[region] - average)
