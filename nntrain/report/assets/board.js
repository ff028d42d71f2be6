// The drawing board: shows the strokes, the picture, the layers and the answer. It uses network.js
// and picture.js, and loads nothing from outside the page.

const byId = (id) => document.getElementById(`board-${id}`);

const network = JSON.parse(byId("network").textContent);
const layers = layersOf(network);
const paper = byId("paper");
const rows = [...byId("answer").rows];
const figures = [...document.querySelectorAll(".board-layer")];

const LINE = 1 / 15; // width of a line relative to the paper's side
const NEURONS = 50; // per row of a layer's picture
const MAPS = 8; // feature maps per row

const layouts = network.layers.map(({ output }) => layoutOf(output));

/** @type {Stroke[]} */
let strokes = [];
/** @type {Stroke | null} The stroke being drawn, the last one. */
let stroke = null;
/** @type {Point} Position of the keyboard's pen. */
let pen = { x: 0.5, y: 0.5 };
let penIsShown = false;
let isDue = false;

const colour = (name) => getComputedStyle(paper).getPropertyValue(`--board-${name}`);

/** Redraws everything; returns the probabilities, or null if nothing is drawn. */
function show() {
  isDue = false;
  showPaper();
  const pixels = strokes.length > 0 ? pictureOf(strokes, network.side) : null;
  showPicture(pixels ?? new Uint8Array(network.widths[0]));
  const trace = pixels && propagate(network, layers, pixels);
  figures.forEach((figure, i) => showLayer(figure, layouts[i], trace && trace[i + 1]));
  const probabilities = trace && asProbabilities(network, trace.at(-1));
  showAnswer(probabilities);
  return probabilities;
}

/** Redraws everything once, at the next animation frame. */
function showSoon() {
  if (!isDue) requestAnimationFrame(show);
  isDue = true;
}

function showPaper() {
  const context = paper.getContext("2d");
  const side = paper.width;
  context.clearRect(0, 0, side, side);
  context.strokeStyle = colour("ink");
  context.lineWidth = LINE * side;
  context.lineCap = context.lineJoin = "round";
  for (const [first, ...others] of strokes) {
    context.beginPath();
    context.moveTo(first.x * side, first.y * side);
    for (const { x, y } of others.length > 0 ? others : [first]) {
      context.lineTo(x * side, y * side);
    }
    context.stroke();
  }
  if (penIsShown) {
    context.beginPath();
    context.arc(pen.x * side, pen.y * side, (0.7 + 0.3 * !stroke) * LINE * side, 0, 2 * Math.PI);
    context.strokeStyle = colour("accent");
    context.lineWidth = 0.15 * LINE * side;
    context.stroke();
  }
}

/** Shows pixels, shape (side · side,), white on black. */
function showPicture(pixels) {
  const image = new ImageData(network.side, network.side);
  pixels.forEach((grey, at) => image.data.set([grey, grey, grey, 255], 4 * at));
  byId("picture").getContext("2d").putImageData(image, 0, 0);
}

/**
 * Where a layer's neurons are shown.
 *
 * @typedef {object} Layout
 * @property {number} full The squares of a full row.
 * @property {number} width
 * @property {number} height
 * @property {(j: number) => number[]} place The column and the row of neuron j.
 */

/**
 * The layout of a layer: neurons in rows, or feature maps side by side, a square apart.
 *
 * @param {number[]} shape The shape of x_i.
 * @returns {Layout}
 */
function layoutOf(shape) {
  if (shape.length === 1) {
    const width = Math.min(shape[0], NEURONS);
    const place = (j) => [j % NEURONS, Math.floor(j / NEURONS)];
    return { full: NEURONS, width, height: Math.ceil(shape[0] / NEURONS), place };
  }
  const [rows, columns, maps] = shape;
  const [right, down] = [columns + 1, rows + 1];
  return {
    full: MAPS * right - 1,
    width: Math.min(maps, MAPS) * right - 1,
    height: Math.ceil(maps / MAPS) * down - 1,
    place: (j) => {
      const [pixel, map] = [Math.floor(j / maps), j % maps];
      const [column, row] = [pixel % columns, Math.floor(pixel / columns)];
      return [(map % MAPS) * right + column, Math.floor(map / MAPS) * down + row];
    },
  };
}

/**
 * Shows each neuron of a layer as a square: the larger |x_j|, the stronger its colour.
 *
 * @param {HTMLElement} figure
 * @param {Layout} layout
 * @param {Float64Array | null} x x_i, shape (n_i,); null if nothing is drawn.
 */
function showLayer(figure, { place }, x) {
  const context = figure.querySelector("canvas").getContext("2d");
  context.clearRect(0, 0, context.canvas.width, context.canvas.height);
  figure.querySelector("span").textContent = x ? `, ${spanOf(x)}` : "";
  if (x === null) return;
  const greatest = x.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const [positive, negative] = [colour("accent"), colour("contrast")];
  x.forEach((value, j) => {
    context.fillStyle = value < 0 ? negative : positive;
    context.globalAlpha = greatest > 0 ? Math.abs(value) / greatest : 0;
    context.fillRect(...place(j), 1, 1);
  });
}

/** The range of the activations as text. */
function spanOf(x) {
  const [least, greatest] = [x.reduce((a, b) => Math.min(a, b)), x.reduce((a, b) => Math.max(a, b))];
  return `${least.toFixed(2)} to ${greatest.toFixed(2)}`.replaceAll("-", "−");
}

/** A probability in per cent. */
function perCent(share) {
  return `${(100 * share).toFixed(1)}\u00a0%`;
}

/** Shows a bar and a percentage for each class; probabilities have shape (n_L,), or are null. */
function showAnswer(probabilities) {
  const greatest = probabilities && Math.max(...probabilities);
  rows.forEach((row, k) => {
    const share = probabilities ? probabilities[k] : 0;
    const data = row.querySelector("data");
    data.value = probabilities ? share : "";
    data.textContent = probabilities ? perCent(share) : "–";
    // Rounded like the text, so that 0.0 % has no bar.
    row.querySelector("span").style.width = `${(100 * share).toFixed(1)}%`;
    row.classList.toggle("board-first", probabilities !== null && share === greatest);
  });
}

/** The answer as text, such as "4, 97.1 %; next 9, 2.3 %". */
function say(probabilities) {
  const ranked = Array.from(probabilities, (share, k) => ({ share, label: network.labels[k] }));
  ranked.sort((a, b) => b.share - a.share);
  return ranked
    .slice(0, 2)
    .map(({ share, label }) => `${label}, ${perCent(share)}`)
    .join("; next ");
}

/** Redraws everything, and updates the status for screen readers. */
function answer() {
  const probabilities = show();
  byId("status").textContent = probabilities ? say(probabilities) : "Draw a digit.";
}

function begin(point) {
  stroke = [point];
  strokes.push(stroke);
  showSoon();
}

function lift() {
  stroke = null;
  answer();
}

function undo() {
  strokes.pop();
  lift();
}

function clear() {
  strokes = [];
  lift();
}

/* ------------------------------------------------------------------------ mouse, pen and finger */

const onPaper = (share) => Math.min(1, Math.max(0, share));

/** The pointer's position on the paper. */
function pointOf(event) {
  const { left, top, width, height } = paper.getBoundingClientRect();
  return {
    x: onPaper((event.clientX - left) / width),
    y: onPaper((event.clientY - top) / height),
  };
}

paper.addEventListener("pointerdown", (event) => {
  if (!event.isPrimary || event.button !== 0) return;
  paper.setPointerCapture(event.pointerId);
  penIsShown = false;
  begin(pointOf(event));
});

paper.addEventListener("pointermove", (event) => {
  if (!stroke || !paper.hasPointerCapture(event.pointerId)) return;
  // Pointers are sampled more often than events are sent.
  const passed = event.getCoalescedEvents?.() ?? [];
  stroke.push(...(passed.length > 0 ? passed : [event]).map(pointOf));
  showSoon();
});

for (const end of ["pointerup", "pointercancel"]) {
  paper.addEventListener(end, (event) => {
    if (stroke && paper.hasPointerCapture(event.pointerId)) lift();
  });
}

/* ------------------------------------------------------------------------------------- keyboard */

const STEP = 1 / 28;
const LARGE_STEP = 1 / 7;
/** The direction of each key, as on the number pad. */
const MOVES = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
  Home: [-1, -1],
  PageUp: [1, -1],
  End: [-1, 1],
  PageDown: [1, 1],
};

function move([right, down], step) {
  pen = { x: onPaper(pen.x + step * right), y: onPaper(pen.y + step * down) };
  if (stroke) stroke.push(pen);
  showSoon();
}

function putDownOrLift() {
  if (stroke) {
    lift();
  } else {
    begin(pen);
    byId("status").textContent = "The pen is down.";
  }
}

/** The action of a key; null if it has none. */
function actionOf({ key, shiftKey, ctrlKey, metaKey, altKey, repeat }) {
  if (altKey) return null;
  if (ctrlKey || metaKey) return key === "z" ? undo : null;
  if (key in MOVES) return () => move(MOVES[key], shiftKey ? LARGE_STEP : STEP);
  if (key === "Escape") return clear;
  if (key === " " || key === "Enter") return repeat ? () => {} : putDownOrLift;
  return null;
}

paper.addEventListener("keydown", (event) => {
  const action = actionOf(event);
  if (!action) return;
  event.preventDefault(); // keeps the page from scrolling
  penIsShown = true;
  action();
});

paper.addEventListener("focus", () => {
  penIsShown = paper.matches(":focus-visible");
  showSoon();
});

paper.addEventListener("blur", () => {
  penIsShown = false;
  if (stroke) lift();
  showSoon();
});

/* ---------------------------------------------------------------------------------------- start */

byId("undo").addEventListener("click", undo);
byId("clear").addEventListener("click", clear);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", showSoon);

figures.forEach((figure, i) => {
  const canvas = figure.querySelector("canvas");
  const { full, width, height } = layouts[i];
  [canvas.width, canvas.height] = [width, height];
  canvas.style.width = `${(100 * width) / full}%`; // all squares, or maps, have one size
});
show();
