// Forward propagation, backpropagation and gradient descent, with the lecture's symbols.
// The page and its worker use it; nntrain/nn/ computes the same.

/**
 * A network of dense layers. Vectors are arrays or Float64Arrays, matrices are arrays of rows.
 *
 * @typedef {object} Network
 * @property {number[][][]} W [W_1, …, W_L]; W_i has the shape (n_i, n_{i−1}), so W[0] is W_1.
 * @property {number[][]} b [b_1, …, b_L].
 * @property {string[]} activations The names of σ_1 … σ_L, keys of `ACTIVATIONS`.
 * @property {string} loss The name of E, a key of `LOSSES`.
 */

/**
 * The quantities of a forward pass. The index is the lecture's: z[i] is z_i, and z[0] is missing.
 *
 * @typedef {object} Pass
 * @property {number[][]} z
 * @property {number[][]} x x_0 … x_L.
 */

/**
 * The quantities of a backward pass.
 *
 * @typedef {object} Gradients
 * @property {number[][]} δ δ[i] is δ_i; δ[0] is missing.
 * @property {number[][][]} dW [∂E/∂W_1, …, ∂E/∂W_L], in the shapes of W.
 * @property {number[][]} db [∂E/∂b_1, …, ∂E/∂b_L].
 */

// See nntrain/nn/losses.py: below these, the logarithm is replaced by its tangent.
const SMALLEST_PROBABILITY = 1e-30;
const SMALLEST_DOUBT = 2 ** -25;

/** The natural logarithm, extended by its tangent below `smallest`. */
function logarithm(value, smallest) {
  const floor = Math.max(value, smallest);
  return Math.log(floor) + (value - floor) / floor;
}

/**
 * The losses: E, ∂E/∂x_j, and the activation with which δ_L simplifies to x_L − y.
 *
 * @type {Object<string, {error: function, gradient: function, canonical: string}>}
 */
const LOSSES = {
  squared_error: {
    error: (x, y) => 0.5 * total(x, (v, j) => (v - y[j]) ** 2),
    gradient: (x, y) => x - y,
    canonical: "identity",
  },
  cross_entropy: {
    error: (x, y) => -total(x, (v, j) => y[j] * logarithm(v, SMALLEST_PROBABILITY)),
    gradient: (x, y) => -y / Math.max(x, SMALLEST_PROBABILITY),
    canonical: "softmax",
  },
  binary_cross_entropy: {
    error: (x, y) =>
      -total(x, (v, j) => {
        const no = (1 - y[j]) * logarithm(1 - v, SMALLEST_DOUBT);
        return y[j] * logarithm(v, SMALLEST_DOUBT) + no;
      }),
    gradient: (x, y) => (1 - y) / Math.max(1 - x, SMALLEST_DOUBT) - y / Math.max(x, SMALLEST_DOUBT),
    canonical: "sigmoid",
  },
};

/** Σ_j f(v_j, j). */
function total(values, f) {
  return values.reduce((before, value, j) => before + f(value, j), 0);
}

/** E of outputs x_L for the targets y. */
function error(loss, x, y) {
  return LOSSES[loss].error(x, y);
}

/**
 * z = W x + b, shape (n_i,).
 *
 * @param {number[][]} W Shape (n_i, n_{i−1}).
 * @param {number[]} b Shape (n_i,).
 * @param {number[]} x Shape (n_{i−1},).
 */
function weightedSum(W, b, x) {
  return b.map((bias, j) => {
    const row = W[j];
    let z = bias;
    for (let k = 0; k < row.length; k++) z += row[k] * x[k];
    return z;
  });
}

/**
 * Propagates x_0 through all layers: x_i = σ(W_i x_{i−1} + b_i).
 *
 * @param {Network} network
 * @param {number[]} x0 Shape (n_0,).
 * @returns {Pass}
 */
function forward({ W, b, activations }, x0) {
  const [z, x] = [[], [x0]];
  for (let i = 1; i <= W.length; i++) {
    z[i] = weightedSum(W[i - 1], b[i - 1], x[i - 1]);
    x[i] = ACTIVATIONS[activations[i - 1]].σ(z[i]);
  }
  return { z, x };
}

/** δ = ∂E/∂z from ∂E/∂x: the product with σ′(z), but for softmax. */
function throughActivation(name, gradient, z, x) {
  const { derivative, backward: whole } = ACTIVATIONS[name];
  if (!derivative) return whole(gradient, x);
  const slope = derivative(z, x);
  return gradient.map((g, j) => g * slope[j]);
}

/** Wᵀ δ, shape (n_{i−1},). */
function transposedProduct(W, δ) {
  const product = W[0].map(() => 0);
  for (let j = 0; j < W.length; j++) {
    const row = W[j];
    for (let k = 0; k < row.length; k++) product[k] += row[k] * δ[j];
  }
  return product;
}

/**
 * Propagates the error back: δ_L = ∂E/∂x_L ⊙ σ′(z_L), then δ_i = W_{i+1}ᵀ δ_{i+1} ⊙ σ′(z_i).
 *
 * @param {Network} network
 * @param {Pass} pass
 * @param {number[]} y Shape (n_L,).
 * @returns {number[][]} δ[i] is δ_i.
 */
function deltas({ W, activations, loss }, { z, x }, y) {
  const L = W.length;
  const { gradient, canonical } = LOSSES[loss];
  const δ = [];
  for (let i = L; i >= 1; i--) {
    const name = activations[i - 1];
    if (i === L && name === canonical) {
      δ[i] = x[i].map((v, j) => v - y[j]);
    } else {
      const back =
        i === L ? x[i].map((v, j) => gradient(v, y[j])) : transposedProduct(W[i], δ[i + 1]);
      δ[i] = throughActivation(name, back, z[i], x[i]);
    }
  }
  return δ;
}

/**
 * The gradients of E: ∂E/∂W_i = δ_i x_{i−1}ᵀ and ∂E/∂b_i = δ_i.
 *
 * @param {Network} network
 * @param {Pass} pass
 * @param {number[]} y Shape (n_L,).
 * @returns {Gradients}
 */
function backward(network, pass, y) {
  const δ = deltas(network, pass, y);
  const dW = network.W.map((_, i) => [...δ[i + 1]].map((d) => pass.x[i].map((v) => d * v)));
  return { δ, dW, db: δ.slice(1) };
}

/**
 * The gradients of the mean error of a batch, without one matrix for each sample.
 *
 * @param {Network} network
 * @param {number[][]} xs The inputs x_0, B rows.
 * @param {number[][]} ys The targets, B rows.
 * @returns {object} `error`, the mean E; `dW` and `db`, as in `Gradients`.
 */
function batchGradients(network, xs, ys) {
  const dW = network.W.map((W) => W.map((row) => new Float64Array(row.length)));
  const db = network.b.map((b) => new Float64Array(b.length));
  let E = 0;
  xs.forEach((x0, sample) => {
    const pass = forward(network, x0);
    E += error(network.loss, pass.x.at(-1), ys[sample]) / xs.length;
    const δ = deltas(network, pass, ys[sample]);
    for (let i = 0; i < dW.length; i++) {
      for (let j = 0; j < dW[i].length; j++) {
        const share = δ[i + 1][j] / xs.length;
        db[i][j] += share;
        addMultiple(dW[i][j], share, pass.x[i]);
      }
    }
  });
  return { error: E, dW, db };
}

/** sum += factor · x, in place. */
function addMultiple(sum, factor, x) {
  for (let k = 0; k < sum.length; k++) sum[k] += factor * x[k];
}

/**
 * A network after the step W_i ← W_i − α ∂E/∂W_i, b_i ← b_i − α ∂E/∂b_i. The old one is unchanged.
 *
 * @param {Network} network
 * @param {Gradients} gradients
 * @param {number} α The learning rate.
 * @returns {Network}
 */
function update(network, { dW, db }, α) {
  const step = (vector, gradient) => {
    const next = vector.slice();
    addMultiple(next, -α, gradient);
    return next;
  };
  return {
    ...network,
    W: network.W.map((W, i) => W.map((row, j) => step(row, dW[i][j]))),
    b: network.b.map((b, i) => step(b, db[i])),
  };
}
