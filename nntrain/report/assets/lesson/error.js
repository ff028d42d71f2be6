// Section 1: the outputs against the targets, and E as the area of squares.

// Where outputs can lie.
const RANGES = { sigmoid: [0, 1], tanh: [-1, 1], scaled_tanh: [-2, 2] };
const BAR = 0.09; // width, in units of the outputs
const L = lesson.network.W.length;
const outputs = lesson.rows[0].y.length;
const isRoomy = outputs <= 3;
const RAISE = 0.5; // of the weight in the question

const FIRST = { i: L, j: 0, k: 0 };

let network = structuredClone(lesson.network);
let row = 0;
let y = [...lesson.rows[0].y];
/** @type {Parameter} */
let chosen = FIRST;

const figure = new NetworkFigure(byId("error-network"), network, (parameter) => {
  chosen = parameter;
  showChosen();
  show();
});
const squares = squaresPlot();
const targets = Array.from({ length: outputs }, (_, j) => targetHandle(j));
const weight = slider("error-weight", numeral, (value) => {
  network = withParameter(value);
  show();
});

/** A plot with the same unit along both axes, so that squares are squares. */
function squaresPlot() {
  const ys = RANGES[network.activations.at(-1)] ?? [-1, 2];
  const unit = Math.min(Math.max(100, 285 / outputs), 140, 240 / (ys[1] - ys[0]));
  const [width, height] = [340, unit * (ys[1] - ys[0]) + MARGIN.top + MARGIN.bottom];
  const xs = [0, (width - MARGIN.left - MARGIN.right) / unit];
  const label = "Outputs and targets";
  const made = plot(byId("error-squares"), { xs, ys, width, height, label, isBare: true });
  const drawn = svg("g");
  made.above.append(drawn);
  return { ...made, drawn, column: xs[1] / outputs };
}

/** Where the bar of output j is. */
function columnOf(j) {
  return (j + 0.08) * squares.column;
}

function targetHandle(j) {
  const [low, high] = squares.ys;
  const at = { x: columnOf(j) + BAR / 2, y: y[j] };
  const act = (point) => {
    y[j] = Math.round(point.y * 100) / 100;
    show();
  };
  const step = (high - low) / 50;
  return handle(squares, { label: `Target y ${j + 1}`, at, step, kind: "target", along: "y", act });
}

/** A copy of the network whose chosen parameter has this value. */
function withParameter(value) {
  const copy = structuredClone(network);
  const { i, j, k } = chosen;
  if (k === null) copy.b[i - 1][j] = value;
  else copy.W[i - 1][j][k] = value;
  return copy;
}

const nameOfChosen = () => parameterSymbol(chosen);

function showChosen() {
  const kind = chosen.k === null ? "Bias" : "Weight";
  byId("error-weight-name").innerHTML = `${kind} ${nameOfChosen()}`;
  weight.set(parameterValue(network, chosen));
}

/** x_L of a network for the present input. */
const outputsOf = (some) => forward(some, lesson.rows[row].x).x[L];

/** Shows the network, the squares and the formula for the present numbers. */
function show() {
  const quantities = quantitiesOf(network, { x: lesson.rows[row].x, y }, lesson.α);
  const known = new Set(Object.keys(quantities).filter((key) => /^[xz]_/.test(key)));
  figure.show({ network, quantities, known, equation: null, chosen });
  showSquares(quantities[`x_${L}`]);
  showFormula(quantities[`x_${L}`], quantities.E);
  for (const asked of questionsAsked) asked.refresh();
}

function showSquares(x) {
  squares.drawn.replaceChildren(...x.flatMap((value, j) => squareOf(value, j)));
  const E = numeral(error(network.loss, x, y));
  targets.forEach((target, j) => {
    const text = `${numeral(y[j])}; output ${numeral(x[j])}, E ${E}`;
    target.place({ x: columnOf(j) + BAR / 2, y: y[j] }, text);
  });
}

/** The bar of output j, and the square between it and its target. */
function squareOf(value, j) {
  const { X, Y } = squares;
  const left = columnOf(j);
  const [top, side] = [Y(Math.max(value, y[j])), Math.abs(Y(value) - Y(y[j]))];
  const height = Math.abs(Y(value) - Y(0));
  const bar = { x: X(left), y: Y(Math.max(value, 0)), width: X(BAR) - X(0), height };
  const square = { x: X(left + BAR), y: top, width: side, height: side };
  const name = isRoomy ? `output ${j + 1}` : j + 1;
  const drawn = [
    svg("rect", { class: "bar x", ...bar }),
    svg("rect", { class: "wash plain", ...square }),
    svg("text", { x: X(left), y: Y(squares.ys[0]) + 18 }, name),
  ];
  if (isRoomy) {
    const beside = { x: square.x + side + 6, y: top + side / 2 + 4 };
    drawn.push(svg("text", beside, numeral((value - y[j]) ** 2)));
  }
  return drawn;
}

function showFormula(x, E) {
  const term = (a, b) => `(${a} − ${b})²`;
  const symbols = x.map((_, j) => term(symbol(`x_${L}`, j + 1), symbol("y", j + 1))).join(" + ");
  const numbers = x.map((v, j) => term(coloured("x", v), coloured("target", y[j]))).join(" + ");
  byId("error-formula").innerHTML = `
    <p>${symbol("E")} = ½‖${symbol(`x_${L}`)} − ${symbol("y")}‖²</p>
    <p>= ½ [ ${symbols} ]</p><p>= ½ [ ${numbers} ]</p>
    <p>= <strong id="error-value">${numeral(E)}</strong></p>`;
}

/* ------------------------------------------------------------------------------------ questions */

/** E now, and after the chosen parameter is raised. */
function raised() {
  const after = withParameter(parameterValue(network, chosen) + RAISE);
  const [x, x_] = [outputsOf(network), outputsOf(after)];
  return { x, x_, E: error(network.loss, x, y), E_: error(network.loss, x_, y) };
}

/** (x_j − y_j)² of each output. */
const areas = () => outputsOf(network).map((value, j) => (value - y[j]) ** 2);

const listed = (values) => `(${[...values].map((value) => numeral(value)).join(", ")})`;

const questionsAsked = [
  question(byId("error-questions"), {
    text: () => {
      const value = numeral(parameterValue(network, chosen));
      return `${nameOfChosen()} is ${value}. You raise it by ${RAISE}. Then ${symbol("E")} …`;
    },
    choices: ["rises", "falls", "stays the same"],
    answer: () => {
      const change = raised().E_ - raised().E;
      return change > 0 ? 0 : change < 0 ? 1 : 2;
    },
    why: () => {
      const { x, x_, E, E_ } = raised();
      const moved = `The outputs go from ${listed(x)} to ${listed(x_)}`;
      const fate = `${symbol("E")} goes from ${numeral(E)} to ${numeral(E_)}`;
      const reason = E === E_ ? " Where the input is 0, its weight has no effect." : "";
      return `${moved}, the targets are ${listed(y)}: ${fate}.${reason}`;
    },
  }),
  question(byId("error-questions"), {
    text: () => `Which output has the larger share of ${symbol("E")}?`,
    choices: [...y.map((_, j) => symbol(`x_${L}`, j + 1)), "none: they are equal"],
    answer: () => {
      const all = areas();
      const greatest = Math.max(...all);
      return all.filter((area) => area === greatest).length > 1 ? outputs : all.indexOf(greatest);
    },
    why: () => {
      const told = areas().map(numeral).join(" and ");
      return `The squares have the areas ${told}. A distance twice as long counts four times.`;
    },
  }),
];

/* ---------------------------------------------------------------------------------------- start */

lesson.rows.forEach(({ y: target }, k) => {
  const label = lesson.classes[target.indexOf(Math.max(...target))];
  byId("error-row").append(html("option", { value: k }, `row ${k + 1}, a ${label}`));
});

byId("error-row").addEventListener("change", ({ target }) => {
  row = Number(target.value);
  y = [...lesson.rows[row].y];
  show();
});

byId("error-reset").addEventListener("click", () => {
  network = structuredClone(lesson.network);
  chosen = FIRST;
  row = 0;
  y = [...lesson.rows[0].y];
  byId("error-row").value = 0;
  showChosen();
  show();
});

showChosen();
show();
