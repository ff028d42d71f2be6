"""What keeps weights small besides the weight decay of the optimisers, and gradients bounded."""

import math
from dataclasses import dataclass

import numpy as np

from nntrain.nn.arrays import Array


@dataclass(frozen=True)
class Regularization:
    """Rules that act on every step.

    Attributes:
        l1: λ of the penalty λ Σ|W|, which pulls weights towards zero; biases are free.
        max_norm: The greatest norm of the weights that lead into one neuron
            (Srebro and Shraibman 2005; Srivastava et al. 2014, §5.1); None: any.
        clip_norm: The greatest norm of the mean error's whole gradient, before L1 and weight decay
            add to it (Pascanu et al. 2013); None: any.
        weight_count: How many of the parameters, from the start, are weights.
    """

    l1: float = 0.0
    max_norm: float | None = None
    clip_norm: float | None = None
    weight_count: int = 0

    def clip(self, gradient: Array) -> None:
        """Shorten the whole gradient g, shape (size,), to the greatest norm if longer, in place."""
        if self.clip_norm is None:
            return
        with np.errstate(over="ignore"):
            norm = math.sqrt(np.dot(gradient, gradient))
        if math.isinf(norm):  # too long for the squares of float32, and so all the more to be cut
            norm = float(np.linalg.norm(gradient.astype(np.float64)))
        if norm > self.clip_norm:
            gradient *= self.clip_norm / norm

    def penalize(self, parameters: Array, gradient: Array, region: slice) -> None:
        """g ← g + λ sign(W) in a region of weights, in place."""
        if self.l1 and region.start < self.weight_count:
            gradient[region] += self.l1 * np.sign(parameters[region])

    def limit(self, weights: Array) -> None:
        """Shorten the weights of some neurons, shape (neurons, n_{i−1}), to the greatest norm."""
        if self.max_norm is None:
            return
        norms = np.sqrt(np.einsum("jk,jk->j", weights, weights))
        long = np.flatnonzero(norms > self.max_norm)
        if len(long):
            weights[long] *= (self.max_norm / norms[long])[:, np.newaxis]


NONE = Regularization()
