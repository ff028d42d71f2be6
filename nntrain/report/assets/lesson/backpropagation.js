// Section 4: backpropagation in vectors, one equation at a time.

const part = (name) => byId(`backpropagation-${name}`);

const L = lesson.network.W.length;
const equations = equationsOf(lesson.network);
const BACK = equations.findIndex(({ phase }) => phase === "back");
const UPDATE = equations.findIndex(({ phase }) => phase === "update");
const PHASES = { forward: "Forward", back: "Back", update: "Update" };
const NUDGE = 1e-4;
const MOST_STEPS = 400; // in the chart

/**
 * All that a learner can change. A change makes a new state, so undo is going back to the old one.
 *
 * @typedef {object} State
 * @property {Network} network Before the step of gradient descent.
 * @property {number} row The number of the sample, from 0.
 * @property {number} α
 * @property {number} at How many equations are computed.
 * @property {number[]} errors E of each finished step.
 * @property {Parameter | null} chosen
 */

/** @type {State} */
const beginning = {
  network: structuredClone(lesson.network),
  row: 0,
  α: lesson.α,
  at: 0,
  errors: [],
  chosen: null,
};
let state = beginning;
/** @type {State[]} */
const earlier = [];

const quantities = ({ network, row, α }) => quantitiesOf(network, lesson.rows[row], α);

/** The network after a state's step. */
function after({ network, row, α }) {
  const pass = forward(network, lesson.rows[row].x);
  return update(network, backward(network, pass, lesson.rows[row].y), α);
}

/** The parameters that are shown: those whose step is computed are new. */
function current(from) {
  const next = after(from);
  const isNew = (symbol) =>
    equations
      .slice(0, from.at)
      .some(({ phase, result }) => phase === "update" && result === symbol);
  const choose = (name, i) => (isNew(`${name}_${i + 1}`) ? next : from.network)[name][i];
  return {
    ...from.network,
    W: from.network.W.map((_, i) => choose("W", i)),
    b: from.network.b.map((_, i) => choose("b", i)),
  };
}

/** The state at the beginning of the next step of gradient descent. */
function finished(from) {
  return { ...from, network: after(from), at: 0, errors: [...from.errors, quantities(from).E] };
}

/** The state after the next equation. */
function stepped(from) {
  const begun = from.at === equations.length ? finished(from) : from;
  return { ...begun, at: begun.at + 1 };
}

/** The state with a parameter set; a step that has begun to update is finished before. */
function edited(from, { i, j, k }, value) {
  const begun = from.at > UPDATE ? finished(from) : from;
  const W = begun.network.W.map((matrix) => matrix.map((row) => [...row]));
  const b = begun.network.b.map((vector) => [...vector]);
  if (k === null) b[i - 1][j] = value;
  else W[i - 1][j][k] = value;
  return { ...begun, network: { ...begun.network, W, b } };
}

function change(next) {
  earlier.push(state);
  state = next;
  render();
}

function undo() {
  if (earlier.length > 0) state = earlier.pop();
  render();
}

/* ------------------------------------------------------------------------------------- showing */

const figure = new NetworkFigure(part("figure"), beginning.network, (parameter) =>
  change({ ...state, chosen: isSame(parameter, state.chosen) ? null : parameter }),
);

const lines = equations.map((equation, at) => {
  const shape = html("span", { class: "shape" });
  const formula = html("span", { class: "algebra" }, ...symbolsOf(equation));
  const button = html("button", { type: "button", class: "equation" }, formula, shape);
  button.addEventListener("click", () => change({ ...state, at: at + 1 }));
  return { button, shape };
});

/** The equation in symbols. */
function symbolsOf({ phase, result, terms }) {
  const sign = phase === "update" ? " ← " : " = ";
  return [symbolElement(result), sign, ...terms.map(termElement)];
}

/** A symbol, or the text between symbols. */
function termElement(term) {
  return /^[Wbxyzδ∂]|^σ′/.test(term) ? symbolElement(term) : term;
}

/** The equation in numbers: each symbol's matrix, with the operators between them. */
function numbersOf({ phase, result, terms }, found) {
  const operator = (text) => html("span", { class: "operator" }, text.trim());
  const operand = (symbol, value, name = "operand") =>
    html("span", { class: name }, matrixElement(symbol, value), html("small", {}, shapeOf(value)));
  const parts = terms.map((term) => (term in found ? operand(term, found[term]) : operator(term)));
  const left = operand(result, found[resultKey({ phase, result })], "operand result");
  return [left, operator(phase === "update" ? "←" : "="), ...parts];
}

function showEquation(found) {
  const equation = equations[state.at - 1];
  part("phase").textContent = equation
    ? `${PHASES[equation.phase]}: equation ${state.at} of ${equations.length}`
    : `Ready: ${lesson.rows[state.row].x.length} inputs wait at the left`;
  part("formula").replaceChildren(...(equation ? symbolsOf(equation) : ["Press “Next equation”."]));
  part("numbers").replaceChildren(...(equation ? numbersOf(equation, found) : []));
  part("why").textContent = equation
    ? equation.why
    : "Nothing is computed yet. Each press computes one equation, with all its numbers.";
  part("status").textContent = equation ? spoken(equation, found) : "Nothing is computed yet.";
}

/** What a screen reader says of an equation. */
function spoken(equation, found) {
  const value = rowsOf(found[resultKey(equation)]);
  const numbers = value.map((row) => row.map(numeral).join(", ")).join("; ");
  return `${equation.result.replace("_", " ")}: ${numbers}`;
}

function showList(found) {
  lines.forEach(({ button, shape }, at) => {
    const isCurrent = at === state.at - 1;
    if (isCurrent) button.setAttribute("aria-current", "step");
    else button.removeAttribute("aria-current");
    button.classList.toggle("known", at < state.at);
    const value = found[resultKey(equations[at])];
    const result = typeof value === "number" ? numeral(value) : shapeOf(value);
    shape.textContent = at < state.at || typeof value !== "number" ? result : "1 number";
  });
}

function showChosen(found, network) {
  const { chosen } = state;
  part("parameter").value = chosen ? keyOf(chosen) : "";
  part("value").disabled = chosen === null;
  part("value").value = chosen ? Number(parameterValue(network, chosen).toFixed(6)) : "";
  part("prompt").hidden = chosen !== null;
  const items = chosen ? chainOf(found, chosen, L, measured(chosen)) : [];
  part("chain").replaceChildren(...items);
}

/** ∂E/∂w, from E for a slightly larger and a slightly smaller w. */
function measured(parameter) {
  const value = parameterValue(state.network, parameter);
  const errorAt = (w) => {
    const { E } = quantities(edited({ ...state, at: 0 }, parameter, w));
    return E;
  };
  return (errorAt(value + NUDGE) - errorAt(value - NUDGE)) / (2 * NUDGE);
}

/** E of the finished steps, and of this one as soon as it is computed. */
function knownErrors(found) {
  return state.at >= BACK ? [...state.errors, found.E] : state.errors;
}

function showErrors(found) {
  const errors = knownErrors(found).slice(-MOST_STEPS);
  const first = state.errors.length - errors.length + (state.at >= BACK ? 1 : 0);
  const [left, right, top, bottom] = [46, 348, 12, 116];
  const most = Math.max(0.1, ...errors);
  const across = Math.max(errors.length - 1, 9);
  const x = (at) => left + ((right - left) * at) / across;
  const y = (E) => bottom - ((bottom - top) * E) / most;
  const points = errors.map((E, at) => `${x(at).toFixed(1)},${y(E).toFixed(1)}`);
  const dots = errors.length <= 60 ? points.map((p) => dotAt(p.split(","))) : [];
  part("errors").replaceChildren(
    svg("path", { class: "axis", d: `M${left},${top}V${bottom}H${right}` }),
    svg("text", { class: "tick", x: left - 6, y: top + 5, "text-anchor": "end" }, most.toFixed(2)),
    svg("text", { class: "tick", x: left - 6, y: bottom + 4, "text-anchor": "end" }, "0"),
    svg("text", { class: "tick", x: left, y: bottom + 18 }, `step ${first + 1}`),
    svg(
      "text",
      { class: "tick", x: right, y: bottom + 18, "text-anchor": "end" },
      `${first + across + 1}`,
    ),
    svg("polyline", { class: "curve", points: points.join(" ") }),
    ...dots,
  );
  const last = errors.at(-1);
  const text =
    last === undefined
      ? "E is not computed yet"
      : `E ${numeral(last)} at step ${first + errors.length}`;
  part("errors").setAttribute("aria-label", `E over the steps: ${text}`);
  part("error").textContent = text;
}

function dotAt([cx, cy]) {
  return svg("circle", { class: "dot", cx, cy, r: 3 });
}

function render() {
  const found = quantities(state);
  const network = current(state);
  const done = equations.slice(0, state.at);
  figure.show({
    network,
    quantities: found,
    known: new Set(done.map(resultKey)),
    equation: done.at(-1) ?? null,
    chosen: state.chosen,
  });
  showEquation(found);
  showList(found);
  showChosen(found, network);
  showErrors(found);
  part("rate").value = state.α;
  part("row").value = state.row;
  refreshQuestions();
  part("undo").disabled = earlier.length === 0;
}

/* ------------------------------------------------------------------------------------ controls */

/** A parameter as the value of an option. */
const keyOf = ({ i, j, k }) => `${i},${j},${k ?? ""}`;

/** Goes to the end of this step of gradient descent, then of the following ones. */
function descend(count) {
  let next = state;
  for (let n = 0; n < count; n++) {
    next = { ...(next.at === equations.length ? finished(next) : next), at: equations.length };
  }
  return next;
}

/** Reads a number from an input; null if it holds none within its limits. */
function numberIn(input) {
  return input.value !== "" && input.checkValidity() ? input.valueAsNumber : null;
}

function prepareControls() {
  for (const [phase, name] of Object.entries(PHASES)) {
    const buttons = lines.filter((_, at) => equations[at].phase === phase);
    const items = buttons.map(({ button }) => html("li", {}, button));
    const list = html("ol", { "aria-label": name }, ...items);
    part("list").append(html("div", { class: `phase ${phase}` }, html("h4", {}, name), list));
  }
  lesson.rows.forEach(({ x, y }, at) => {
    const label = lesson.classes[indexOfGreatest(y)];
    const text = `row ${at + 1}: ${x.map((v) => v.toFixed(1)).join(", ")} is a ${label}`;
    part("row").append(html("option", { value: at }, text));
  });
  for (const parameter of figure.parameters) {
    part("parameter").append(html("option", { value: keyOf(parameter) }, nameOf(parameter)));
  }
  part("next").addEventListener("click", () => change(stepped(state)));
  part("finish").addEventListener("click", () => change(descend(1)));
  part("many").addEventListener("click", () => change(descend(10)));
  part("undo").addEventListener("click", undo);
  part("restart").addEventListener("click", () => change({ ...beginning, chosen: state.chosen }));
  part("row").addEventListener("change", ({ target }) =>
    change({ ...(state.at > UPDATE ? finished(state) : state), row: Number(target.value), at: 0 }),
  );
  part("parameter").addEventListener("change", ({ target }) => {
    const chosen = figure.parameters.find((each) => keyOf(each) === target.value) ?? null;
    change({ ...state, chosen });
  });
}

function prepareNumbers() {
  part("rate").addEventListener("change", ({ target }) => {
    const α = numberIn(target);
    if (α === null || α === state.α) render();
    else change({ ...(state.at > UPDATE ? finished(state) : state), α });
  });
  part("value").addEventListener("change", ({ target }) => {
    const value = numberIn(target);
    if (value === null) render();
    else change(edited(state, state.chosen, value));
  });
  byId("backpropagation").addEventListener("keydown", (event) => {
    const isUndo = (event.ctrlKey || event.metaKey) && !event.shiftKey && event.key === "z";
    const isTyping =
      event.target.matches("input") && event.target.value !== event.target.dataset.shown;
    if (!isUndo || isTyping) return;
    event.preventDefault();
    undo();
  });
  for (const name of ["rate", "value"]) {
    part(name).addEventListener("focus", ({ target }) => (target.dataset.shown = target.value));
    part(name).addEventListener("change", ({ target }) => (target.dataset.shown = target.value));
  }
}

/* ----------------------------------------------------------------------------------- questions */

const indexOfGreatest = (values) => values.indexOf(Math.max(...values));

/** A symbol as HTML text. */
const written = (symbol) => symbolElement(symbol).outerHTML;

let askedAbout = "";
const sign = question(part("questions"), {
  text: `In this sample, which sign has ${written(`δ_${L}`)} of the first output?`,
  choices: ["negative", "zero", "positive"],
  answer: () => 1 + Math.sign(quantities(state)[`δ_${L}`][0]),
  why: () => {
    const found = quantities(state);
    const [x, slope] = [found[`x_${L}`][0], found[`σ′(z_${L})`][0]].map(numeral);
    const [y, δ] = [found.y[0], found[`δ_${L}`][0]].map(numeral);
    return `The output is ${x}, its target ${y}: δ = (${x} − ${y}) · ${slope} = ${δ}.`;
  },
});
const moves = question(part("questions"), {
  text: `The next step changes ${written("W_1")}. From which input do its weights move most?`,
  choices: lesson.rows[0].x.map((_, k) => `input ${k + 1}`),
  answer: () => indexOfGreatest(columnMoves()),
  why: () => {
    const x = lesson.rows[state.row].x;
    const k = indexOfGreatest(columnMoves());
    const product = `${written("∂E/∂W_1")} = ${written("δ_1")} ${written("x_0ᵀ")}`;
    const column = `column ${k + 1} is ${written("δ_1")} times ${numeral(x[k])}`;
    return `${product}: ${column}. A weight from an input of 0 does not move at all.`;
  },
});

/** Asks again when the sample or the parameters are others; not at each equation of a step. */
function refreshQuestions() {
  const about = JSON.stringify([state.row, state.network.W, state.network.b, state.at > UPDATE]);
  if (about !== askedAbout) for (const each of [sign, moves]) each.refresh();
  askedAbout = about;
}

/** The largest change of W_1 in each of its columns, in the current step. */
function columnMoves() {
  const next = state.at > UPDATE ? finished(state) : state;
  const gradient = quantities(next)["∂E/∂W_1"];
  return gradient[0].map((_, k) => Math.max(...gradient.map((row) => Math.abs(row[k]))));
}

prepareControls();
prepareNumbers();
render();
