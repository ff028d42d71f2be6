// The gradient of one weight, spelled out factor by factor.

/** An entry of a vector or a matrix, such as (W_2)_13; the numbers count from 1. */
function entryElement(symbol, ...numbers) {
  const element = symbolElement(symbol);
  if (symbol.includes("_") && !symbol.endsWith(")")) {
    element.prepend("(");
    element.append(")");
  }
  element.append(html("sub", {}, numbers.map((number) => number + 1).join("")));
  return element;
}

/** A number in the colour of its quantity. */
function outcome(symbol, value) {
  return html("span", { class: `scalar ${quantityOf(symbol)}` }, numeral(value));
}

/** A number in the colour of its quantity, in parentheses if it is negative. */
function factor(symbol, value) {
  const element = outcome(symbol, value);
  if (value < 0) element.textContent = `(${numeral(value)})`;
  return element;
}

/** A line of a derivation: what it says, and its sides, each of which stays together if it can. */
function chainLine(why, ...sides) {
  const parts = sides.map((side) => html("span", { class: "side" }, ...side));
  return html(
    "li",
    {},
    html("p", { class: "why" }, why),
    html("p", { class: "algebra" }, ...parts),
  );
}

/**
 * The lines of a parameter's gradient.
 *
 * @param {Object<string, number[]>} quantities Of `quantitiesOf`.
 * @param {Parameter} parameter
 * @param {number} L
 * @param {number} measured The gradient, estimated from E alone.
 * @returns {HTMLElement[]}
 */
function chainOf(quantities, parameter, L, measured) {
  const { i, j, k } = parameter;
  const later = [];
  for (let layer = i + 1; layer <= L; layer++) {
    quantities[`δ_${layer}`].forEach((_, m) => later.push(deltaLine(quantities, layer, m, L)));
  }
  return [
    gradientLine(quantities, parameter),
    ...withoutRepeating([deltaLine(quantities, i, j, L), ...later]),
    stepLine(quantities, parameter),
    chainLine("Is that true? The page moves it a little up and down, and measures E twice.", [
      symbolElement("E"),
      " changes by ",
      outcome("δ", measured),
      " for each 1 that it moves",
    ]),
  ];
}

/** Leaves out what a line says if the line before it says the same. */
function withoutRepeating(lines) {
  const texts = lines.map((line) => line.firstChild.textContent);
  lines.forEach((line, at) => texts[at] === texts[at - 1] && line.firstChild.remove());
  return lines;
}

function gradientLine(quantities, { i, j, k }) {
  const δ = factor("δ", quantities[`δ_${i}`][j]);
  const symbols = [symbolElement("∂E/∂w"), " = ", entryElement(`δ_${i}`, j)];
  if (k === null)
    return chainLine("A bias: its input is 1, so only δ is left.", symbols, [
      "= ",
      outcome("δ", quantities[`δ_${i}`][j]),
    ]);
  const product = outcome("δ", quantities[`∂E/∂W_${i}`][j][k]);
  return chainLine(
    "The δ at its end times the x at its beginning.",
    [...symbols, " · ", entryElement(`x_${i - 1}`, k)],
    ["= ", δ, " · ", factor("x", quantities[`x_${i - 1}`][k])],
    ["= ", product],
  );
}

/** How δ of neuron j of layer i comes about. */
function deltaLine(quantities, i, j, L) {
  const [why, symbols, numbers] = (i === L ? outputSides : hiddenSides)(quantities, i, j);
  const slope = factor("x", quantities[`σ′(z_${i})`][j]);
  return chainLine(
    why,
    [entryElement(`δ_${i}`, j), " = ", ...symbols, " · ", entryElement(`σ′(z_${i})`, j)],
    ["= ", ...numbers, " · ", slope],
    ["= ", outcome("δ", quantities[`δ_${i}`][j])],
  );
}

function outputSides(quantities, i, j) {
  const [x, y] = [quantities[`x_${i}`][j], quantities.y[j]];
  return [
    "At an output: how far it is off, times the slope of σ.",
    ["(", entryElement(`x_${i}`, j), " − ", entryElement("y", j), ")"],
    ["(", factor("x", x), " − ", factor("y", y), ")"],
  ];
}

function hiddenSides(quantities, i, j) {
  const W = quantities[`W_${i + 1}`];
  const next = quantities[`δ_${i + 1}`];
  const summed = (term) => next.flatMap((d, m) => [m > 0 ? " + " : "", ...term(d, m)]);
  const entry = (_, m) => [entryElement(`W_${i + 1}`, m, j), " ", entryElement(`δ_${i + 1}`, m)];
  return [
    "The sum over the neurons that it feeds: each δ, times the weight on the way to it.",
    ["[ ", ...summed(entry), " ]"],
    ["[ ", ...summed((d, m) => [factor("W", W[m][j]), " · ", factor("δ", d)]), " ]"],
  ];
}

function stepLine(quantities, { i, j, k }) {
  const [name, entry] = k === null ? ["b", (b) => b[j]] : ["W", (W) => W[j][k]];
  const gradient = entry(quantities[`∂E/∂${name}_${i}`]);
  return chainLine(
    "One step against the gradient.",
    [symbolElement(k === null ? "b" : "W"), " ← "],
    [
      factor("W", entry(quantities[`${name}_${i}`])),
      ` − ${numeral(quantities.α)} · `,
      factor("δ", gradient),
    ],
    ["= ", outcome("W", entry(quantities[`new ${name}_${i}`]))],
  );
}
