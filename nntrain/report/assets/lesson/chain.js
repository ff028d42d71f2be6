// The gradient of one weight, spelled out factor by factor.

/** An entry of a vector or a matrix, such as (W_2)_13; the numbers count from 1. */
function entryElement(symbol, ...numbers) {
  const element = symbolElement(symbol);
  element.prepend("(");
  element.append(")", html("sub", {}, numbers.map((number) => number + 1).join("")));
  return element;
}

/** A number in the colour of its quantity, in parentheses if it is negative. */
function factor(symbol, value) {
  const text = value < 0 ? `(${numeral(value)})` : numeral(value);
  return html("span", { class: `scalar ${quantityOf(symbol)}` }, text);
}

/** A line of a derivation: its symbols, its numbers and its result. */
function chainLine(why, ...content) {
  const formula = html("p", { class: "formula" }, ...content);
  return html("li", {}, html("p", { class: "why" }, why), formula);
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
    deltaLine(quantities, i, j, L),
    ...later,
    stepLine(quantities, parameter),
    chainLine(
      "Is that true? Move it a little up and down, and measure E twice.",
      html("span", {}, "(E₊ − E₋) / 0.0002 = "),
      factor("δ", measured),
    ),
  ];
}

function gradientLine(quantities, { i, j, k }) {
  const δ = quantities[`δ_${i}`][j];
  const start = [symbolElement("∂E/∂w"), " = ", entryElement(`δ_${i}`, j)];
  if (k === null) {
    return chainLine("A bias: its input is 1, so only δ is left.", ...start, " = ", factor("δ", δ));
  }
  const x = quantities[`x_${i - 1}`][k];
  return chainLine(
    "The δ at its end times the x at its beginning.",
    ...start,
    " · ",
    entryElement(`x_${i - 1}`, k),
    " = ",
    factor("δ", δ),
    " · ",
    factor("x", x),
    " = ",
    factor("δ", quantities[`∂E/∂W_${i}`][j][k]),
  );
}

/** How δ of neuron j of layer i comes about. */
function deltaLine(quantities, i, j, L) {
  const slope = quantities[`σ′(z_${i})`][j];
  const δ = quantities[`δ_${i}`][j];
  const left = [entryElement(`δ_${i}`, j), " = "];
  const right = [" · ", factor("x", slope), " = ", factor("δ", δ)];
  const slopeSymbol = entryElement(`σ′(z_${i})`, j);
  if (i === L) {
    return chainLine(
      "At an output: how far it is off, times the slope of σ.",
      ...left,
      "(",
      entryElement(`x_${L}`, j),
      " − ",
      entryElement("y", j),
      ") · ",
      slopeSymbol,
      ` = (`,
      factor("x", quantities[`x_${L}`][j]),
      " − ",
      factor("x", quantities.y[j]),
      ")",
      ...right,
    );
  }
  const W = quantities[`W_${i + 1}`];
  const next = quantities[`δ_${i + 1}`];
  const plus = (m) => (m > 0 ? [" + "] : []);
  const symbols = next.flatMap((_, m) => [
    ...plus(m),
    entryElement(`W_${i + 1}`, m, j),
    " ",
    entryElement(`δ_${i + 1}`, m),
  ]);
  const numbers = next.flatMap((d, m) => [...plus(m), factor("W", W[m][j]), " · ", factor("δ", d)]);
  return chainLine(
    "The sum over the neurons that it feeds: each δ, times the weight on the way to it.",
    ...left,
    "[ ",
    ...symbols,
    " ] · ",
    slopeSymbol,
    " = [ ",
    ...numbers,
    " ]",
    ...right,
  );
}

function stepLine(quantities, { i, j, k }) {
  const [old, gradient, next] =
    k === null
      ? [quantities[`b_${i}`][j], quantities[`∂E/∂b_${i}`][j], quantities[`new b_${i}`][j]]
      : [quantities[`W_${i}`][j][k], quantities[`∂E/∂W_${i}`][j][k], quantities[`new W_${i}`][j][k]];
  return chainLine(
    "One step against the gradient.",
    html("span", { class: "symbol weight" }, "w"),
    " ← ",
    factor("W", old),
    " − ",
    numeral(quantities.α),
    " · ",
    factor("δ", gradient),
    " = ",
    factor("W", next),
  );
}
