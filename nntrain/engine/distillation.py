"""Distillation: learning from the probabilities of other networks  (Hinton et al. 2015)."""

from typing import NamedTuple

import numpy as np

from nntrain.nn.arrays import Array


class Distillation(NamedTuple):
    """The error of a student for labels y and a teacher's probabilities q.

        E = (1−w) H(y, softmax(z)) + w T² H(softmax(ln(q)/T), softmax(z/T))

    H(p, x) = −Σ_j p_j ln x_j. The second gradient would shrink with 1/T², which the factor T² makes
    up for. With x = x_L = softmax(z), softmax(z/T) is x^{1/T} / Σ_k x_k^{1/T}, and all that depends
    on y and q is one vector c = (1−w) y + w T softmax(ln(q)/T):

        E   = −Σ_j c_j ln x_j + w T² ln Σ_k x_k^{1/T}
        δ_L = (1−w) x + w T softmax(z/T) − c

    Attributes:
        temperature: T ≥ 1; higher ones show more of how alike the teacher finds the classes.
        weight: w, the share of the teacher; the rest is that of the labels.
    """

    temperature: float
    weight: float

    def targets(self, y: Array, q: Array) -> Array:
        """The vector c of targets y and the teacher's probabilities q; all have shape (B, n_L)."""
        soft = self._soften(q)
        return np.asarray((1 - self.weight) * y + self.weight * self.temperature * soft)

    def output_delta(
        self, x: Array, c: Array, out: Array | None = None, scratch: Array | None = None
    ) -> Array:
        """δ_L = ∂E/∂z_L of each sample, shape (B, n_L)."""
        soft = self._soften(x, scratch)
        soft *= self.weight * self.temperature
        delta: Array = np.multiply(x, 1 - self.weight, out=out)
        delta += soft
        delta -= c
        return delta

    def _soften(self, probabilities: Array, out: Array | None = None) -> Array:
        """The softmax of ln(p)/T, which is proportional to p^{1/T}."""
        soft: Array = np.power(probabilities, 1 / self.temperature, out=out)
        soft /= soft.sum(axis=1, keepdims=True)
        return soft
