// Section 6: trains a network in a worker, and shows what changes.

const tag = (name) => byId(`training-${name}`);

const HIDDEN = [5, 10, 20, 30, 50, 100];
const SIZES = [1, 5, 10, 20, 50, 100];
const EPOCHS = [2, 5, 10, 20, 50, 100, 200, 500, 1000, 10000]; // where the curve may end
const MOST_MISTAKES = 24;
const MOST_ATTEMPTS = 4;
const MOST_POINTS = 600; // of a curve

const { side, labels: labelText, heldOut, greys } = lesson.digits;
const labels = Uint8Array.from(labelText, Number);
const count = labels.length - heldOut;
let pixels = null;
let latest = null;
let initiallyRight = null;
/** The curves of all attempts, points [epochs, share]; the last one grows. */
const attempts = [[]];
let attempt = 0;
let axesOfCurve = null;
let board = null;

/* --------------------------------------------------------------------------------------- worker */

function startWorker() {
  const source = new Blob([byId("training-worker").textContent], { type: "text/javascript" });
  const address = URL.createObjectURL(source);
  const started = new Worker(address);
  URL.revokeObjectURL(address);
  started.addEventListener("message", ({ data }) => show(data));
  started.addEventListener("error", ({ message }) => fail(message));
  return started;
}

function fail(reason) {
  tag("failure").hidden = false;
  tag("failure").textContent = `This browser does not train here: ${reason}.`;
}

/** The grey values of all digits, a byte each. */
async function unpack(text) {
  const packed = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const pairs = new Uint8Array(await new Response(stream).arrayBuffer());
  const values = new Uint8Array(2 * pairs.length);
  pairs.forEach((pair, at) => values.set([pair >> 4, pair & 15], 2 * at));
  return values;
}

/* -------------------------------------------------------------------------------------- showing */

/** The red, green and blue of a CSS variable that is a hexadecimal colour. */
function colourOf(name) {
  const text = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  return [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));
}

/** A canvas for a picture of side × side pixels, which screen readers call by a name. */
function pictureCanvas(name) {
  return html("canvas", { width: side, height: side, role: "img", "aria-label": name });
}

/** Paints a number from −1 to 1 for each pixel: 0 is paper, with one colour for each sign. */
function paint(canvas, values, [paper, positive, negative]) {
  const image = new ImageData(side, side);
  values.forEach((value, at) => {
    const ink = value < 0 ? negative : positive;
    const share = Math.min(1, Math.abs(value));
    for (let c = 0; c < 3; c++) image.data[4 * at + c] = paper[c] + share * (ink[c] - paper[c]);
    image.data[4 * at + 3] = 255;
  });
  canvas.getContext("2d").putImageData(image, 0, 0);
}

function showWeights({ W }) {
  const list = tag("weights");
  const rows = W[0];
  if (list.children.length !== rows.length) {
    const tiles = rows.map((_, j) =>
      html("li", {}, pictureCanvas(`weights of hidden neuron ${j + 1}`)),
    );
    list.replaceChildren(...tiles);
  }
  const colours = [colourOf("--card"), colourOf("--delta"), colourOf("--x")];
  rows.forEach((row, j) => {
    const greatest = row.reduce((most, w) => Math.max(most, Math.abs(w)), 1e-12);
    paint(
      list.children[j].firstChild,
      row.map((w) => w / greatest),
      colours,
    );
  });
}

function showMistakes({ answers }) {
  const wrong = answers
    .map((answer, n) => ({ answer, n }))
    .filter(({ answer, n }) => answer !== labels[count + n]);
  const list = tag("mistakes");
  const shown = wrong.slice(0, MOST_MISTAKES);
  const known = new Map([...list.children].map((tile) => [tile.dataset.key, tile]));
  list.replaceChildren(
    ...shown.map(({ answer, n }) => known.get(`${n}-${answer}`) ?? mistakeTile(answer, n)),
  );
  tag("wrong").textContent = `${wrong.length} of ${heldOut}`;
}

function mistakeTile(answer, n) {
  const truth = labels[count + n];
  const canvas = pictureCanvas(`a ${truth}, taken for a ${answer}`);
  paintDigit(canvas, n);
  const text = html(
    "p",
    { "aria-hidden": "true" },
    html("b", {}, String(truth)),
    " → ",
    html("b", { class: "wrong" }, String(answer)),
  );
  return html("li", { "data-key": `${n}-${answer}` }, canvas, text);
}

function paintDigit(canvas, n) {
  const size = side * side;
  const digit = pixels.subarray((count + n) * size, (count + n + 1) * size);
  const ink = colourOf("--ink");
  paint(
    canvas,
    Array.from(digit, (grey) => grey / greys),
    [colourOf("--card"), ink, ink],
  );
}

/** The curves of right answers, the last attempt above the others. */
function showCurve() {
  const last = Math.max(...attempts.flat().map(([epochs]) => epochs));
  const end = EPOCHS.find((each) => each >= last) ?? last;
  if (axesOfCurve?.xs[1] !== end) {
    tag("curve").replaceChildren();
    axesOfCurve = plot(tag("curve"), {
      xs: [0, end],
      ys: [0, 1],
      label: "Share of right answers over the epochs",
      names: ["epochs", ""],
    });
  }
  const curves = attempts.map((points, at) =>
    svg("path", {
      class: at === attempts.length - 1 ? "curve x" : "curve thin earlier",
      d: pathThrough(axesOfCurve, points),
    }),
  );
  axesOfCurve.area.replaceChildren(...curves);
}

function addPoint({ epochs, right }) {
  const points = attempts.at(-1);
  points.push([epochs, right / heldOut]);
  if (points.length > MOST_POINTS) {
    attempts[attempts.length - 1] = points.filter(
      (_, at) => at % 2 === 0 || at === points.length - 1,
    );
  }
}

function show(report) {
  if (report.attempt !== attempt) return; // of the network before
  latest = report;
  if (report.steps === 0) initiallyRight = report.right;
  addPoint(report);
  showCurve();
  showWeights(report.network);
  showMistakes(report);
  const share = `${((100 * report.right) / heldOut).toFixed(1)} %`;
  tag("right").textContent = share;
  tag("steps").textContent = report.steps.toLocaleString("en");
  tag("epochs").textContent = report.epochs.toFixed(2);
  tag("error").textContent = numeral(report.E);
  tag("run").textContent = report.isRunning ? "Pause" : "Train";
  if (!report.isRunning) tag("status").textContent = `${share} right after ${report.steps} steps`;
  const drawn = drawable(report.network);
  if (board) {
    board.use(...drawn);
    if (!report.isRunning) board.answer();
  } else {
    board = new Board(byId("drawn-parts"), ...drawn);
    tag("questions").inert = false; // they need a network
  }
}

/** A network of the worker as the drawing board takes it. */
function drawable({ W, b, activations, loss }) {
  const layers = W.map((matrix, i) => ({
    shape: { kind: "dense", output: [matrix.length] },
    W: Float64Array.from(matrix.flatMap((row) => [...row])),
    b: b[i],
    σ: ACTIVATIONS[activations[i]].σ,
  }));
  const network = { side, low: 0, slope: 1 / 255, activations, loss, labels: DIGITS };
  return [network, layers];
}

const DIGITS = Array.from({ length: 10 }, (_, k) => String(k));

/* ------------------------------------------------------------------------------------- controls */

const rate = slider("training-rate", (power) => shortNumeral(10 ** power), sendSettings);
const hidden = slider("training-hidden", (at) => String(HIDDEN[at]), reset);
const size = slider("training-batch", (at) => String(SIZES[at]), sendSettings);
let worker = null;

function sendSettings() {
  worker.postMessage({ kind: "set", α: 10 ** rate.value, size: SIZES[size.value] });
}

/** Begins a new attempt; the curves of the last ones stay. */
function reset() {
  if (attempts.at(-1).length > 1) attempts.push([]);
  else attempts[attempts.length - 1] = [];
  if (attempts.length > MOST_ATTEMPTS) attempts.shift();
  attempt += 1;
  worker.postMessage({ kind: "reset", attempt, hidden: HIDDEN[hidden.value] });
}

function prepareButtons() {
  tag("run").addEventListener("click", () => {
    const isRunning = tag("run").textContent === "Pause";
    tag("run").textContent = isRunning ? "Train" : "Pause";
    worker.postMessage({ kind: isRunning ? "pause" : "run" });
  });
  tag("step").addEventListener("click", () => worker.postMessage({ kind: "step" }));
  tag("reset").addEventListener("click", reset);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    if (latest === null) return; // nothing is shown yet
    tag("mistakes").replaceChildren();
    showWeights(latest.network);
    showMistakes(latest);
  });
}

/* ------------------------------------------------------------------------------------ questions */

/** ∂E/∂W_1 of the middle pixel and of one in the corner, the largest of all hidden neurons. */
function moves() {
  const xs = Array.from({ length: 50 }, (_, n) =>
    Float64Array.from(pixels.subarray(n * side ** 2, (n + 1) * side ** 2), (grey) => grey / greys),
  );
  const ys = xs.map((_, n) => DIGITS.map((_, k) => Number(k === labels[n])));
  const { dW } = batchGradients(latest.network, xs, ys);
  const middle = (side / 2) * side + side / 2;
  return [middle, 0].map((k) => Math.max(...dW[0].map((row) => Math.abs(row[k]))));
}

function askQuestions() {
  const shares = [0.1, 0.5, 0.9];
  question(tag("questions"), {
    text: `Before the first step the weights are random: how many of ${heldOut} digits are right?`,
    choices: ["about one in ten", "about half", "about nine in ten"],
    answer: () => {
      const distances = shares.map((share) => Math.abs(share - initiallyRight / heldOut));
      return distances.indexOf(Math.min(...distances));
    },
    why: () =>
      `${initiallyRight} are right: with ten digits to choose from, random weights can only guess.`,
  });
  question(tag("questions"), {
    text: `Which weights of ${symbol("W_1")} move most in the next step?`,
    choices: ["those from a pixel in the middle", "those from a pixel in the corner", "both alike"],
    answer: () => {
      const [middle, corner] = moves();
      return middle === corner ? 2 : Number(corner > middle);
    },
    why: () => {
      const [middle, corner] = moves().map(numeral);
      const product = `${symbol("∂E/∂W_1")} = ${symbol("δ_1")} ${symbol("x_0ᵀ")}`;
      return `${product} reaches ${middle} in the middle, and ${corner} where there is never ink.`;
    },
  });
}

/* ---------------------------------------------------------------------------------------- start */

async function start() {
  pixels = await unpack(lesson.digits.pixels);
  worker = startWorker();
  worker.postMessage({ kind: "begin", digits: { pixels, labels, heldOut, greys } });
  sendSettings();
  reset();
  prepareButtons();
}

askQuestions();
tag("questions").inert = true;
start().catch(({ message }) => fail(message));
