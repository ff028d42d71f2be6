// The steps of backpropagation in the order in which they are computed, and their numbers.

/**
 * One equation of the lecture.
 *
 * @typedef {object} Equation
 * @property {"forward" | "back" | "update"} phase
 * @property {string} result The symbol that it computes, such as "δ_2".
 * @property {string[]} terms Its right-hand side: symbols, and the text between them.
 * @property {string} why What it says, in words.
 * @property {number} layer The layer i of the result; 0 for E.
 */

const WHAT_σ_DOES = {
  identity: "Here σ changes nothing.",
  sigmoid: "σ squeezes each number into the range from 0 to 1.",
  tanh: "σ squeezes each number into the range from −1 to 1.",
  scaled_tanh: "σ squeezes each number into the range from −1.7 to 1.7.",
  relu: "σ keeps positive numbers, and makes 0 of the negative ones.",
  leaky_relu: "σ keeps positive numbers, and a hundredth of the negative ones.",
};

/**
 * The equations of one step of gradient descent on one sample.
 *
 * @param {Network} network
 * @returns {Equation[]}
 */
function equationsOf({ activations }) {
  const L = activations.length;
  const layers = activations.map((_, at) => at + 1);
  return [
    ...layers.flatMap((i) => forwardEquations(i, activations[i - 1])),
    {
      phase: "forward",
      result: "E",
      terms: ["½‖", `x_${L}`, " − ", "y", "‖²"],
      why: "The error: half the squared distance of the outputs from the targets. One number.",
      layer: 0,
    },
    ...[...layers].reverse().flatMap((i) => backEquations(i, L)),
    ...layers.flatMap(updateEquations),
  ];
}

function forwardEquations(i, activation) {
  return [
    {
      phase: "forward",
      result: `z_${i}`,
      terms: [`W_${i}`, " ", `x_${i - 1}`, " + ", `b_${i}`],
      why:
        "Each neuron multiplies its inputs by its weights, a row of the matrix, and adds its bias.",
      layer: i,
    },
    {
      phase: "forward",
      result: `x_${i}`,
      terms: ["σ(", `z_${i}`, ")"],
      why: WHAT_σ_DOES[activation],
      layer: i,
    },
  ];
}

function backEquations(i, L) {
  const δ = {
    phase: "back",
    result: `δ_${i}`,
    terms: ["(", `W_${i + 1}ᵀ`, " ", `δ_${i + 1}`, ") ⊙ ", `σ′(z_${i})`],
    why: "The same weights carry δ back: each neuron collects the δ of all neurons that it feeds.",
    layer: i,
  };
  if (i === L) {
    δ.terms = ["(", `x_${L}`, " − ", "y", ") ⊙ ", `σ′(z_${L})`];
    δ.why = "δ says how fast E rises with z. Where an output is too small, δ is negative.";
  }
  return [
    δ,
    {
      phase: "back",
      result: `∂E/∂W_${i}`,
      terms: [`δ_${i}`, " ", `x_${i - 1}ᵀ`],
      why: "Each weight gets the δ at its end times the x at its beginning: a column times a row.",
      layer: i,
    },
    {
      phase: "back",
      result: `∂E/∂b_${i}`,
      terms: [`δ_${i}`],
      why: "A bias is a weight whose input is always 1, so its gradient is δ itself.",
      layer: i,
    },
  ];
}

function updateEquations(i) {
  return ["W", "b"].map((name) => ({
    phase: "update",
    result: `${name}_${i}`,
    terms: [`${name}_${i}`, " − ", "α", " ", name === "W" ? `∂E/∂W_${i}` : `δ_${i}`],
    why: "One step downhill: against the gradient, α times as long.",
    layer: i,
  }));
}

/** Aᵀ as an array of rows; of a column, its only row. */
function transposed(value) {
  const rows = rowsOf(value);
  return rows[0].map((_, k) => rows.map((row) => row[k]));
}

/**
 * All quantities of one step on one sample, by the symbols in the equations. Those after the step
 * are "new W_1" and so on.
 *
 * @param {Network} network
 * @param {object} sample `x`, x_0, and `y`.
 * @param {number} α
 * @returns {Object<string, number | number[] | number[][]>}
 */
function quantitiesOf(network, { x, y }, α) {
  const pass = forward(network, x);
  const gradients = backward(network, pass, y);
  const after = update(network, gradients, α);
  const L = network.W.length;
  const found = { x_0: x, x_0ᵀ: transposed(x), y, α, E: error(network.loss, pass.x[L], y) };
  for (let i = 1; i <= L; i++) {
    const { derivative } = ACTIVATIONS[network.activations[i - 1]];
    found[`W_${i}`] = network.W[i - 1];
    found[`W_${i}ᵀ`] = transposed(network.W[i - 1]);
    found[`b_${i}`] = network.b[i - 1];
    found[`z_${i}`] = pass.z[i];
    found[`x_${i}`] = pass.x[i];
    found[`x_${i}ᵀ`] = transposed(pass.x[i]);
    found[`σ′(z_${i})`] = derivative(pass.z[i], pass.x[i]);
    found[`δ_${i}`] = gradients.δ[i];
    found[`∂E/∂W_${i}`] = gradients.dW[i - 1];
    found[`∂E/∂b_${i}`] = gradients.db[i - 1];
    found[`new W_${i}`] = after.W[i - 1];
    found[`new b_${i}`] = after.b[i - 1];
  }
  return found;
}

/** The key of an equation's result in `quantitiesOf`. */
function resultKey({ phase, result }) {
  return phase === "update" ? `new ${result}` : result;
}
