// The embedded network: its parameters, forward propagation and probabilities. It uses
// activations.js.

/**
 * The data of a run that are embedded in the page; see `_portable` in board.py.
 *
 * @typedef {object} Portable
 * @property {number} side Pictures have side × side = n_0 pixels.
 * @property {number} low The input for pixel 0.
 * @property {number} slope The increase of the input per grey value.
 * @property {number[]} widths n_0 … n_L.
 * @property {Shape[]} layers The kind, the windows and the shapes of each layer.
 * @property {string[]} activations The names of σ_1 … σ_L.
 * @property {string} loss The name of E.
 * @property {string[]} labels The label of each output, shape (n_L,).
 * @property {"float16" | "float32" | "float64"} dtype The dtype of the parameters.
 * @property {string} parameters (W_1, …, W_L, b_1, …, b_L), each W_i row by row: base64 of
 *   little-endian numbers.
 */

/**
 * Pictures have the shape [height, width, channels], vectors the shape [n].
 *
 * @typedef {object} Shape
 * @property {"dense" | "conv" | "max_pool" | "mean_pool"} kind
 * @property {number} size Height and width of a window.
 * @property {number} stride Pixels from a window to the next.
 * @property {number} padding Zeros around the picture.
 * @property {number[]} input The shape of x_{i−1}.
 * @property {number[]} output The shape of x_i.
 * @property {number} weights The number of weights.
 */

/**
 * @typedef {object} Layer
 * @property {Shape} shape
 * @property {Float32Array | Float64Array} W W_i row by row: of a convolution, each filter.
 * @property {Float32Array | Float64Array} b b_i, a number for each row.
 * @property {(z: Float64Array) => Float64Array} σ x_i for z_i, both of shape (n_i,).
 */

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
  if (dtype === "float16") return Float32Array.from(new Uint16Array(bytes.buffer), fromHalf);
  return dtype === "float64" ? new Float64Array(bytes.buffer) : new Float32Array(bytes.buffer);
}

/** The number that the bits of a float16 mean: a sign, 5 bits of exponent and 10 of fraction. */
function fromHalf(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = (bits & 0x3ff) / 1024;
  if (exponent === 0) return sign * fraction * 2 ** -14;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction) * 2 ** (exponent - 15);
}

/**
 * The layers 1 … L, as views into the parameters.
 *
 * @param {Portable} network
 * @returns {Layer[]}
 */
function layersOf(network) {
  const vector = parametersOf(network);
  let weightsAt = 0;
  let biasesAt = sum(network.layers.map(({ weights }) => weights));
  return network.layers.map((shape, i) => {
    const W = vector.subarray(weightsAt, (weightsAt += shape.weights));
    const b = vector.subarray(biasesAt, (biasesAt += shape.weights && shape.output.at(-1)));
    return { shape, W, b, σ: ACTIVATIONS[network.activations[i]].σ };
  });
}

/**
 * x_i for x_{i−1}: all windows one after the other; the only window of a dense layer is x_{i−1}.
 *
 * @param {Layer} layer
 * @param {Float64Array} x x_{i−1}, shape (n_{i−1},), pictures row by row.
 * @returns {Float64Array} Shape (n_i,).
 */
function forward(layer, x) {
  const { shape, σ } = layer;
  if (shape.kind === "dense") return σ(weightedSums(layer, x));
  const { size, stride, padding, input, output } = shape;
  const [rows, columns, channels] = output;
  const x_i = new Float64Array(rows * columns * channels);
  for (let row = 0, at = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, at += channels) {
      const window = windowOf(x, input, row * stride - padding, column * stride - padding, size);
      x_i.set(shape.kind === "conv" ? weightedSums(layer, window) : pool(shape, window), at);
    }
  }
  return σ(x_i);
}

/** z = W x + b, shape (neurons,). */
function weightedSums({ W, b }, x) {
  const z = Float64Array.from(b);
  for (let j = 0, at = 0; j < z.length; j++) {
    let total = z[j]; // a local variable is faster
    for (let k = 0; k < x.length; k++, at++) total += W[at] * x[k];
    z[j] = total;
  }
  return z;
}

/** The window of a picture whose first pixel is (top, left), row by row; 0 outside the picture. */
function windowOf(x, [height, width, channels], top, left, size) {
  const window = new Float64Array(size * size * channels);
  for (let a = 0; a < size; a++) {
    for (let b = 0; b < size; b++) {
      const [row, column] = [top + a, left + b];
      if (row < 0 || row >= height || column < 0 || column >= width) continue;
      const [from, to] = [(row * width + column) * channels, (a * size + b) * channels];
      for (let channel = 0; channel < channels; channel++) window[to + channel] = x[from + channel];
    }
  }
  return window;
}

/** The greatest or the mean value of each channel of a window, shape (channels,). */
function pool({ kind, size, output }, window) {
  const channels = output[2];
  const isMax = kind === "max_pool";
  const pooled = window.slice(0, channels);
  for (let at = channels; at < window.length; at++) {
    const [before, value] = [pooled[at % channels], window[at]];
    pooled[at % channels] = isMax ? Math.max(before, value) : before + value;
  }
  return isMax ? pooled : pooled.map((total) => total / size ** 2);
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
