// The figure of a small network: neurons, weights, and what lights up at a step.

/**
 * A weight or a bias; its numbers count from 0, but for the layer.
 *
 * @typedef {object} Parameter
 * @property {number} i The layer, from 1.
 * @property {number} j The neuron.
 * @property {number | null} k The input; null for a bias.
 */

const FIGURE = { width: 420, left: 42, right: 348, radius: 25, gap: 84 };

/** All parameters of a network, in the order of W_1, b_1, W_2, b_2 … */
function parametersOf({ W, b }) {
  return W.flatMap((matrix, at) => [
    ...matrix.flatMap((row, j) => row.map((_, k) => ({ i: at + 1, j, k }))),
    ...b[at].map((_, j) => ({ i: at + 1, j, k: null })),
  ]);
}

const isSame = (a, b) => a?.i === b?.i && a?.j === b?.j && a?.k === b?.k;

/** The value of a parameter. */
function parameterValue({ W, b }, { i, j, k }) {
  return k === null ? b[i - 1][j] : W[i - 1][j][k];
}

/** The name of a parameter for people. */
function nameOf({ i, j, k }) {
  return k === null ? `b ${i}, bias of neuron ${j + 1}` : `W ${i}, row ${j + 1}, column ${k + 1}`;
}

/**
 * What an equation lights up: the weights of a layer, and the neurons of some, each in the colour
 * of a quantity.
 *
 * @param {Equation | null} equation
 * @param {number} L
 * @returns {object} `edges`, `way` and `neurons`, the colour by layer.
 */
function lightOf(equation, L) {
  if (equation === null) return { edges: 0, way: "", neurons: {} };
  const { phase, result, layer } = equation;
  if (phase === "update")
    return { edges: result[0] === "W" ? layer : 0, way: "weight", neurons: { [layer]: "weight" } };
  if (result === "E") return { edges: 0, way: "x", neurons: { [L]: "x" } };
  if (result[0] === "z")
    return { edges: layer, way: "x", neurons: { [layer - 1]: "x", [layer]: "x" } };
  if (result[0] === "x") return { edges: 0, way: "x", neurons: { [layer]: "x" } };
  if (result.startsWith("∂E/∂W")) {
    return { edges: layer, way: "delta", neurons: { [layer - 1]: "x", [layer]: "delta" } };
  }
  const hasNext = result[0] === "δ" && layer < L;
  return {
    edges: hasNext ? layer + 1 : 0,
    way: "delta",
    neurons: { [layer]: "delta", ...(hasNext && { [layer + 1]: "delta" }) },
  };
}

/** A figure in an SVG element, with one tab stop: the arrow keys move between parameters. */
class NetworkFigure {
  /**
   * @param {SVGElement} element
   * @param {Network} network Its shape is drawn.
   * @param {(parameter: Parameter) => void} choose Called for a click or Enter on a parameter.
   */
  constructor(element, network, choose) {
    this.element = element;
    this.choose = choose;
    this.parameters = parametersOf(network);
    this.widths = [network.W[0][0].length, ...network.b.map((b) => b.length)];
    this.height = FIGURE.gap * Math.max(3, ...this.widths) + 16;
    element.setAttribute("viewBox", `0 0 ${FIGURE.width} ${this.height}`);
    this.handles = new Map();
    this.neurons = this.widths.map((n, i) =>
      Array.from({ length: n }, (_, j) => this.neuron(i, j)),
    );
    for (const parameter of this.parameters.filter(({ k }) => k !== null)) {
      element.append(this.edge(parameter));
    }
    element.append(...this.neurons.flat().map(({ group }) => group));
    this.targets = this.neurons.at(-1).map((_, j) => this.target(j));
    this.handles.get(this.parameters[0]).setAttribute("tabindex", "0");
    element.addEventListener("keydown", (event) => this.move(event));
  }

  /** The centre of neuron j of layer i. */
  place(i, j) {
    const n = this.widths[i];
    const gap = n > 2 ? FIGURE.gap : 1.5 * FIGURE.gap;
    const x = FIGURE.left + ((FIGURE.right - FIGURE.left) * i) / (this.widths.length - 1);
    return { x, y: this.height / 2 - 8 + gap * (j - (n - 1) / 2) };
  }

  handle(parameter, className) {
    const group = svg("g", { class: className, role: "button", tabindex: "-1" });
    group.append(svg("title"));
    this.handles.set(parameter, group);
    const choose = () => this.choose(parameter);
    group.addEventListener("click", choose);
    group.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      choose();
    });
    return group;
  }

  edge(parameter) {
    const [from, to] = [
      this.place(parameter.i - 1, parameter.k),
      this.place(parameter.i, parameter.j),
    ];
    const ends = { x1: from.x, y1: from.y, x2: to.x, y2: to.y };
    const group = this.handle(parameter, "edge");
    for (const name of ["hit", "halo", "line", "flow"])
      group.append(svg("line", { class: name, ...ends }));
    return group;
  }

  neuron(i, j) {
    const { x, y } = this.place(i, j);
    const parameter = this.parameters.find((each) => isSame(each, { i, j, k: null }));
    const group = parameter
      ? this.handle(parameter, "neuron")
      : svg("g", { class: "neuron input" });
    const circle = { cx: x, cy: y, r: FIGURE.radius };
    const value = svg("text", { class: "value", x, y: y + 5 });
    const delta = svg("text", { class: "delta-value", x, y: y + FIGURE.radius + 14 });
    group.append(
      svg("circle", { class: "halo", ...circle, r: FIGURE.radius + 4 }),
      svg("circle", { class: "paper", ...circle }),
      svg("circle", { class: "body", ...circle }),
      value,
      delta,
    );
    return { group, value, delta };
  }

  target(j) {
    const { x, y } = this.place(this.widths.length - 1, j);
    const text = svg("text", { class: "target", x: x + FIGURE.radius + 8, y: y + 5 });
    this.element.append(text);
    return text;
  }

  move(event) {
    const at = this.parameters.findIndex((each) => this.handles.get(each) === event.target);
    const last = this.parameters.length - 1;
    const to = {
      ArrowRight: Math.min(at + 1, last),
      ArrowDown: Math.min(at + 1, last),
      ArrowLeft: Math.max(at - 1, 0),
      ArrowUp: Math.max(at - 1, 0),
      Home: 0,
      End: last,
    }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    this.handles.get(this.parameters[at]).setAttribute("tabindex", "-1");
    const next = this.handles.get(this.parameters[to]);
    next.setAttribute("tabindex", "0");
    next.focus();
  }

  /**
   * Shows the numbers that are computed, and lights up an equation and a chosen parameter.
   *
   * @param {object} view
   * @param {Network} view.network The current parameters.
   * @param {Object<string, number[]>} view.quantities Of `quantitiesOf`.
   * @param {Set<string>} view.known The keys of what is computed.
   * @param {Equation | null} view.equation The current one.
   * @param {Parameter | null} view.chosen
   */
  show({ network, quantities, known, equation, chosen }) {
    const L = this.widths.length - 1;
    const light = lightOf(equation, L);
    for (const parameter of this.parameters) {
      const group = this.handles.get(parameter);
      const value = parameterValue(network, parameter);
      const label = `${nameOf(parameter)}: ${numeral(value)}`;
      group.setAttribute("aria-label", label);
      group.firstChild.textContent = label; // for the mouse
      group.setAttribute("aria-pressed", String(isSame(parameter, chosen)));
      if (parameter.k !== null) this.showEdge(group, parameter, value, light, chosen);
    }
    this.neurons.forEach((layer, i) =>
      layer.forEach((neuron, j) => {
        const way = light.neurons[i] ?? wayOnPath({ i, j }, chosen);
        this.showNeuron(neuron, i, j, quantities, known, way);
      }),
    );
    this.targets.forEach((text, j) => (text.textContent = `y = ${quantities.y[j]}`));
  }

  showEdge(group, parameter, value, light, chosen) {
    const isLit = light.edges === parameter.i;
    const isPath = isSuccessor(parameter, chosen);
    group.classList.toggle("lit", isLit);
    group.classList.toggle("path", isPath);
    group.classList.toggle("negative", value < 0);
    group.dataset.way = isLit ? light.way : isPath ? "delta" : "";
    group.style.setProperty("--size", Math.min(1 + 3 * Math.abs(value), 7).toFixed(2));
  }

  showNeuron({ group, value, delta }, i, j, quantities, known, way) {
    const [x, z, δ] = [
      quantities[`x_${i}`][j],
      quantities[`z_${i}`]?.[j],
      quantities[`δ_${i}`]?.[j],
    ];
    const hasX = i === 0 || known.has(`x_${i}`);
    const hasZ = known.has(`z_${i}`);
    value.textContent = hasX ? shortNumeral(x) : hasZ ? shortNumeral(z) : "";
    group.classList.toggle("is-sum", hasZ && !hasX);
    group.style.setProperty("--fill", hasX ? `${Math.min(Math.abs(x), 1) * 38}%` : "0%");
    delta.textContent = known.has(`δ_${i}`) ? `δ ${shortNumeral(δ)}` : "";
    group.dataset.way = way;
  }
}

/** Whether a weight carries δ back to the neuron of the chosen one. */
function isSuccessor({ i, k }, chosen) {
  if (chosen === null || k === null) return false;
  return i > chosen.i + 1 || (i === chosen.i + 1 && k === chosen.j);
}

/** What a neuron adds to the gradient of the chosen parameter: its x, its δ, or nothing (""). */
function wayOnPath({ i, j }, chosen) {
  if (chosen === null) return "";
  if (i === chosen.i - 1 && j === chosen.k) return "x";
  return i > chosen.i || (i === chosen.i && j === chosen.j) ? "delta" : "";
}
