// The activations σ and their derivatives σ′, see nntrain/nn/activations.py.

const sum = (values) => values.reduce((total, value) => total + value, 0);

const AMPLITUDE = 1.7159; // of LeCun's tanh
const SLOPE = 2 / 3;
const LEAK = 0.01;

/**
 * An activation. z and x = σ(z) are vectors of shape (n,), and so are the results.
 *
 * @typedef {object} Activation
 * @property {(z: number[]) => number[]} σ
 * @property {(z: number[], x: number[]) => number[]} [derivative] σ′(z); absent if x_j depends on
 *   other z than z_j.
 * @property {(gradient: number[], x: number[]) => number[]} [backward] δ = ∂E/∂z from ∂E/∂x; present
 *   without a derivative only.
 */

/** @type {Object<string, Activation>} */
const ACTIVATIONS = {
  identity: { σ: (z) => z, derivative: (z) => z.map(() => 1) },
  sigmoid: {
    σ: (z) => z.map((v) => 1 / (1 + Math.exp(-v))),
    derivative: (z, x) => x.map((v) => v * (1 - v)),
  },
  tanh: { σ: (z) => z.map(Math.tanh), derivative: (z, x) => x.map((v) => 1 - v * v) },
  scaled_tanh: {
    σ: (z) => z.map((v) => AMPLITUDE * Math.tanh(SLOPE * v)),
    derivative: (z, x) => x.map((v) => SLOPE * (AMPLITUDE - (v * v) / AMPLITUDE)),
  },
  relu: {
    σ: (z) => z.map((v) => Math.max(0, v)),
    derivative: (z) => z.map((v) => (v > 0 ? 1 : 0)),
  },
  leaky_relu: {
    σ: (z) => z.map((v) => Math.max(v, LEAK * v)),
    derivative: (z) => z.map((v) => (v > 0 ? 1 : LEAK)),
  },
  softmax: {
    σ: (z) => {
      const greatest = Math.max(...z);
      const powers = z.map((v) => Math.exp(v - greatest));
      const total = sum(powers);
      return powers.map((v) => v / total);
    },
    // ∂x_j/∂z_k = x_j (1[j = k] − x_k)
    backward: (gradient, x) => {
      const mean = sum(gradient.map((g, j) => g * x[j]));
      return gradient.map((g, j) => x[j] * (g - mean));
    },
  },
};
