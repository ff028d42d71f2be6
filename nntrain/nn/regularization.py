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

    def clip(self, gradient: Array, factor: float) -> None:
        """Shorten the gradient g to the greatest norm if it is longer, in place.

        Args:
            gradient: g times the factor, shape (size,).
            factor: What it carries.
        """
        if self.clip_norm is None:
            return
        longest = self.clip_norm * abs(factor)
        with np.errstate(over="ignore"):
            norm = math.sqrt(np.dot(gradient, gradient))
        if math.isinf(norm):  # too long for the squares of float32, and so all the more to be cut
            norm = float(np.linalg.norm(gradient.astype(np.float64)))
        if norm > longest:
            gradient *= longest / norm

    def penalize(self, parameters: Array, gradient: Array, region: slice, factor: float) -> None:
        """g ← g + λ sign(W) in a region of weights, in place; g carries the factor."""
        if self.l1 and region.start < self.weight_count:
            gradient[region] += factor * self.l1 * np.sign(parameters[region])

    def limit(self, weights: Array) -> None:
        """Shorten each row of W_i, shape (neurons, n_{i−1}), to the greatest norm, in place."""
        if self.max_norm is None:
            return
        norms = np.sqrt(np.einsum("jk,jk->j", weights, weights))
        long = np.flatnonzero(norms > self.max_norm)
        if len(long):
            weights[long] *= (self.max_norm / norms[long])[:, np.newaxis]


NONE = Regularization()
