"""Regularisation of each step: L1 penalty, max-norm and gradient clipping.

Weight decay is part of the optimisers.
"""

import math
from dataclasses import dataclass

import numpy as np

from nntrain.nn.arrays import Array


@dataclass(frozen=True)
class Regularization:
    """The rules that a step applies. The default applies none.

    Attributes:
        l1: λ of the penalty λ Σ|W| on weights; biases have no penalty.
        max_norm: The greatest norm of the weights of one neuron (Srebro and Shraibman 2005;
            Srivastava et al. 2014, §5.1); None: no limit.
        clip_norm: The greatest norm of the whole gradient of the mean error, before L1 and weight
            decay are added (Pascanu et al. 2013); None: no limit.
        weight_count: The number of weights; they are the first parameters.
    """

    l1: float = 0.0
    max_norm: float | None = None
    clip_norm: float | None = None
    weight_count: int = 0

    def clip(self, gradient: Array) -> None:
        """Scale the gradient, shape (size,), down to the norm `clip_norm`, in place."""
        if self.clip_norm is None:
            return
        with np.errstate(over="ignore"):
            norm = math.sqrt(np.dot(gradient, gradient))
        if math.isinf(norm):  # the squares overflow in float32
            norm = float(np.linalg.norm(gradient.astype(np.float64)))
        if norm > self.clip_norm:
            gradient *= self.clip_norm / norm

    def penalize(self, parameters: Array, gradient: Array, region: slice) -> None:
        """g ← g + λ sign(W) in one region, in place; nothing for biases."""
        if self.l1 and region.start < self.weight_count:
            gradient[region] += self.l1 * np.sign(parameters[region])

    def limit(self, weights: Array) -> None:
        """Scale each row of the weights, shape (neurons, n_{i−1}), down to `max_norm`, in place."""
        if self.max_norm is None:
            return
        norms = np.sqrt(np.einsum("jk,jk->j", weights, weights))
        long = np.flatnonzero(norms > self.max_norm)
        if len(long):
            weights[long] *= (self.max_norm / norms[long])[:, np.newaxis]


NONE = Regularization()
