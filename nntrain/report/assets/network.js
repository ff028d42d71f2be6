// The embedded network: its parameters, forward propagation and probabilities.

/**
 * The data of a run that are embedded in the page; see `_portable` in board.py.
 *
 * @typedef {object} Portable
 * @property {number} side Pictures have side × side = n_0 pixels.
 * @property {number} low The input for pixel 0.
 * @property {number} slope The increase of the input per grey value.
 * @property {number[]} widths n_0 … n_L.
 * @property {string[]} activations The names of σ_1 … σ_L.
 * @property {string} loss The name of E.
 * @property {string[]} labels The label of each output, shape (n_L,).
 * @property {"float32" | "float64"} dtype The dtype of the parameters.
 * @property {string} parameters (W_1, …, W_L, b_1, …, b_L), each W_i row by row: base64 of
 *   little-endian numbers.
 */

/**
 * @typedef {object} Layer
 * @property {Float32Array | Float64Array} W W_i row by row, shape (n_i · n_{i−1},).
 * @property {Float32Array | Float64Array} b b_i, shape (n_i,).
 * @property {(z: Float64Array) => Float64Array} σ x_i for z_i, both of shape (n_i,).
 */

const sum = (values) => values.reduce((total, value) => total + value, 0);

/** The activations σ, see nntrain/nn/activations.py: shape (n,) to (n,). */
const ACTIVATIONS = {
  identity: (z) => z,
  sigmoid: (z) => z.map((v) => 1 / (1 + Math.exp(-v))),
  tanh: (z) => z.map((v) => Math.tanh(v)),
  scaled_tanh: (z) => z.map((v) => 1.7159 * Math.tanh((2 / 3) * v)),
  relu: (z) => z.map((v) => Math.max(0, v)),
  leaky_relu: (z) => z.map((v) => Math.max(v, 0.01 * v)),
  softmax: (z) => {
    const greatest = Math.max(...z);
    const powers = z.map((v) => Math.exp(v - greatest));
    const total = sum(powers);
    return powers.map((v) => v / total);
  },
};

/**
 * The embedded parameters, shape (size,).
 *
 * @param {Portable} network
 */
function parametersOf({ dtype, parameters }) {
  const text = atob(parameters);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  // All machines with browsers are little-endian.
  return dtype === "float64" ? new Float64Array(bytes.buffer) : new Float32Array(bytes.buffer);
}

/**
 * The layers 1 … L, as views into the parameters.
 *
 * @param {Portable} network
 * @returns {Layer[]}
 */
function layersOf(network) {
  const { widths, activations } = network;
  const vector = parametersOf(network);
  let weightsAt = 0;
  let biasesAt = vector.length - sum(widths.slice(1));
  return activations.map((name, i) => {
    const [before, neurons] = [widths[i], widths[i + 1]];
    const W = vector.subarray(weightsAt, (weightsAt += neurons * before));
    const b = vector.subarray(biasesAt, (biasesAt += neurons));
    return { W, b, σ: ACTIVATIONS[name] };
  });
}

/**
 * x_i = σ(W_i x_{i−1} + b_i).
 *
 * @param {Layer} layer
 * @param {Float64Array} x x_{i−1}, shape (n_{i−1},).
 * @returns {Float64Array} Shape (n_i,).
 */
function forward({ W, b, σ }, x) {
  const z = Float64Array.from(b);
  for (let j = 0, at = 0; j < z.length; j++) {
    for (let k = 0; k < x.length; k++, at++) z[j] += W[at] * x[k];
  }
  return σ(z);
}

/**
 * x_0 … x_L for a picture.
 *
 * @param {Portable} network
 * @param {Layer[]} layers
 * @param {Uint8Array} pixels Grey values, shape (n_0,).
 * @returns {Float64Array[]}
 */
function propagate({ low, slope }, layers, pixels) {
  const trace = [Float64Array.from(pixels, (pixel) => low + slope * pixel)];
  for (const layer of layers) trace.push(forward(layer, trace.at(-1)));
  return trace;
}

/**
 * Converts outputs to probabilities; see `as_probabilities` in nntrain/training/inference.py.
 *
 * @param {Portable} network
 * @param {Float64Array} x x_L, shape (n_L,).
 * @returns {Float64Array} Shape (n_L,).
 */
function asProbabilities({ activations, loss }, x) {
  if (activations.at(-1) !== "sigmoid" && loss !== "squared_error") return x; // of a softmax
  const tiny = 2 ** -126; // all outputs may be zero
  const lift = Math.max(...x) > 0 ? 0 : -Math.min(...x);
  const shares = x.map((v) => Math.max(v + lift, 0) + tiny);
  const total = sum(shares);
  return shares.map((v) => v / total);
}
