// Section 5: how a bias moves the curve of a neuron, and what its slope lets through.

const FORMULAS = {
  identity: "σ(z) = z",
  sigmoid: "σ(z) = 1 / (1 + e<sup>−z</sup>)",
  tanh: "σ(z) = tanh z",
  scaled_tanh: "σ(z) = 1.7159 tanh(2z/3), LeCun’s",
  relu: "σ(z) = max(0, z)",
  leaky_relu: "σ(z) = z if z > 0, else 0.01 z",
  softmax:
    "σ(z)<sub>1</sub> = e<sup>z₁</sup> / (e<sup>z₁</sup> + e<sup>z₂</sup> + e<sup>z₃</sup>), " +
    "here with z₂ = z₃ = 0",
};
const HEIGHTS = {
  sigmoid: [-0.2, 1.2],
  softmax: [-0.2, 1.2],
  tanh: [-1.2, 1.2],
  scaled_tanh: [-2, 2],
};
const SUMS = [-6, 6];
const SATURATED = 1 / 20; // of the greatest slope; see nntrain/training/layer_stats.py
const DEPTH = 5; // neurons one behind the other
const α = 1;

let name = "sigmoid";
let total = 1; // Σ_k w_jk x_k
let drawing = null;

const bias = slider("biases-bias", (value) => numeral(value), () => show());
const back = slider("biases-back", (value) => numeral(value), () => show());

/** σ and σ′ at z; of softmax, those of the first of three neurons. */
function at(activation, z) {
  const { σ, derivative } = ACTIVATIONS[activation];
  if (derivative) {
    const x = σ([z]);
    return { x: x[0], slope: derivative([z], x)[0] };
  }
  const [x] = σ([z, 0, 0]);
  return { x, slope: x * (1 - x) };
}

/** Draws the axes and the dot for the present activation. */
function draw() {
  byId("biases-plot").replaceChildren();
  const made = plot(byId("biases-plot"), {
    xs: SUMS,
    ys: HEIGHTS[name] ?? [-2, 4],
    names: ["weighted sum Σ w x", ""],
    label: `σ and σ′ of ${name}`,
  });
  const kinds = ["curve thin x faded", "curve delta dashed", "curve x"];
  const [ghost, slope, curve] = kinds.map((kind) => {
    const path = svg("path", { class: kind });
    made.area.append(path);
    return path;
  });
  ghost.setAttribute("d", graph(made, (s) => at(name, s).x));
  const act = (point) => {
    total = Math.round(point.x * 100) / 100;
    show();
  };
  const label = "The weighted sum";
  const at0 = { x: total, y: 0 };
  const dot = handle(made, { label, at: at0, step: 0.1, kind: "x", along: "x", act });
  return { plot: made, slope, curve, dot };
}

function show() {
  const z = total + bias.value;
  const { x, slope } = at(name, z);
  const { plot: made, curve, dot } = drawing;
  curve.setAttribute("d", graph(made, (s) => at(name, s + bias.value).x, 240));
  drawing.slope.setAttribute("d", graph(made, (s) => at(name, s + bias.value).slope, 240));
  const [s, z_, x_, slope_] = [total, z, x, slope].map(numeral);
  dot.place({ x: total, y: x }, `sum ${s}, z ${z_}, σ ${x_}, σ′ ${slope_}`);
  showNumbers(z, x, slope);
  showLeft(slope);
  byId("biases-remark").innerHTML = remark(slope);
  for (const each of asked) each.refresh();
}

function showNumbers(z, x, slope) {
  const δ = back.value * slope;
  const [zed, ex, delta, bee] = ["z", "x", "δ", "b"].map((letter) => symbol(letter));
  const [sum, b] = [coloured("x", total), coloured("weight", bias.value)];
  const gradient = coloured("delta", back.value);
  const after = outcome("weight", bias.value - α * δ);
  byId("biases-numbers").innerHTML = `
    <p>${zed} = Σ w x + ${bee} = ${sum} + ${b} = ${outcome("x", z)}</p>
    <p>${ex} = σ(${zed}) = ${outcome("x", x)}</p>
    <p>${delta} = ${gradient} · σ′(${zed}) = ${gradient} · ${numeral(slope)} =
      <span id="biases-delta">${outcome("delta", δ)}</span></p>
    <p>${bee} ← ${bee} − α ${delta} = ${b} − ${α} · ${coloured("delta", δ)} = ${after}</p>`;
}

/** Bars: what comes back, and what is left of it behind each neuron. */
function showLeft(slope) {
  const shares = Array.from({ length: DEPTH + 1 }, (_, k) => back.value * slope ** k);
  const greatest = Math.max(2, ...shares.map(Math.abs));
  const rows = shares.flatMap((share, k) => {
    const y = 8 + 25 * k;
    const width = (Math.abs(share) / greatest) * 170;
    const text = k ? `after ${k}` : "comes back";
    return [
      svg("text", { x: 84, y: y + 13, "text-anchor": "end" }, text),
      svg("rect", { class: "bar delta", x: 92, y, width, height: 18, rx: 3 }),
      svg("text", { x: 98 + width, y: y + 13 }, numeral(share)),
    ];
  });
  const [whole, ...left] = shares.map(numeral);
  const label = `What is left of ${whole}: ${left.join(", ")}`;
  const viewBox = `0 0 340 ${12 + 25 * shares.length}`;
  const drawn = svg("svg", { viewBox, role: "img", "aria-label": label }, ...rows);
  byId("biases-left").replaceChildren(drawn);
}

/** The greatest slope of an activation. */
function greatestSlope(activation) {
  return Math.max(...Array.from({ length: 241 }, (_, k) => at(activation, (k - 120) / 20).slope));
}

function remark(slope) {
  const share = slope / greatestSlope(name);
  const percent = `${(100 * share).toFixed(1)} %`;
  return share < SATURATED
    ? `<strong>Saturated:</strong> the slope is ${percent} of its greatest value. The neuron passes
      next to nothing back, and hardly learns.`
    : `The slope is ${percent} of its greatest value: the neuron learns.`;
}

/* ------------------------------------------------------------------------------------ questions */

const RIVALS = ["sigmoid", "tanh", "leaky_relu"];

const asked = [
  question(byId("biases-questions"), {
    text: () => {
      const b = numeral(bias.value);
      return `The bias is ${b}. One step b ← b − α δ: the output ${symbol("x")} of this neuron …`;
    },
    choices: ["rises", "falls", "stays the same to four decimals"],
    answer: () => {
      const z = total + bias.value;
      const after = at(name, z - α * back.value * at(name, z).slope).x;
      const change = Number((after - at(name, z).x).toFixed(4));
      return change > 0 ? 0 : change < 0 ? 1 : 2;
    },
    why: () => {
      const z = total + bias.value;
      const { x, slope } = at(name, z);
      const δ = back.value * slope;
      const [to, output] = [z - α * δ, at(name, z - α * δ).x].map(numeral);
      const moved = `z goes from ${numeral(z)} to ${to} and x from ${numeral(x)} to ${output}`;
      return `δ is ${numeral(δ)}, so ${moved}.`;
    },
  }),
  question(byId("biases-questions"), {
    text: () => `At z = ${numeral(total + bias.value)}, which activation passes the most back?`,
    choices: RIVALS,
    answer: () => {
      const slopes = RIVALS.map((rival) => at(rival, total + bias.value).slope);
      return slopes.indexOf(Math.max(...slopes));
    },
    why: () => {
      const z = total + bias.value;
      const slopes = RIVALS.map((rival) => `${numeral(at(rival, z).slope)} for ${rival}`);
      return `σ′(z) is ${slopes.join(", ")}.`;
    },
  }),
];

/* ---------------------------------------------------------------------------------------- start */

function choose(activation) {
  name = activation;
  byId("biases-activation").value = activation;
  byId("biases-formula").innerHTML = FORMULAS[activation];
  drawing = draw();
  show();
}

for (const activation of Object.keys(ACTIVATIONS)) {
  byId("biases-activation").append(html("option", {}, activation));
}
byId("biases-activation").addEventListener("change", ({ target }) => choose(target.value));
byId("biases-step").addEventListener("click", () => {
  bias.set(bias.value - α * back.value * at(name, total + bias.value).slope);
  show();
});
byId("biases-reset").addEventListener("click", () => {
  total = 1;
  bias.set(0);
  back.set(1);
  choose("sigmoid");
});
choose("sigmoid");
