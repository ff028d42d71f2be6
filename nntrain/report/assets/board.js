// The drawing board: what is drawn becomes a picture as MNIST's are, and the network that is
// embedded in the page answers. Nothing here reaches for anything outside of the page.
(() => {
  "use strict";

  /* ------------------------------------------------------------------------------ the network */

  /**
   * What the page holds of a run.
   *
   * @typedef {object} Portable
   * @property {number} side The pictures are side × side pixels; n_0 of them in all.
   * @property {number} low What pixel 0 becomes in x_0.
   * @property {number} slope By how much x_0 grows with each grey value.
   * @property {number[]} widths n_0 … n_L.
   * @property {string[]} activations The names of σ_1 … σ_L.
   * @property {string} loss The name of E.
   * @property {number[]} labels What the outputs stand for, shape (n_L,).
   * @property {"float32" | "float64"} dtype That of the parameters.
   * @property {string} parameters (W_1, …, W_L, b_1, …, b_L), each W_i row by row: base64 of
   *   little-endian numbers.
   */

  /**
   * @typedef {object} Layer
   * @property {Float32Array | Float64Array} W W_i row by row, shape (n_i · n_{i−1},).
   * @property {Float32Array | Float64Array} b b_i, shape (n_i,).
   * @property {(z: Float64Array) => Float64Array} σ x_i for z_i, both of shape (n_i,).
   */

  const sum = (values) => values.reduce((total, value) => total + value, 0);

  /** σ, as nntrain/nn/activations.py has it: shape (n,) to (n,). */
  const ACTIVATIONS = {
    identity: (z) => z,
    sigmoid: (z) => z.map((v) => 1 / (1 + Math.exp(-v))),
    tanh: (z) => z.map((v) => Math.tanh(v)),
    scaled_tanh: (z) => z.map((v) => 1.7159 * Math.tanh((2 / 3) * v)),
    relu: (z) => z.map((v) => Math.max(0, v)),
    leaky_relu: (z) => z.map((v) => Math.max(v, 0.01 * v)),
    softmax: (z) => {
      const greatest = Math.max(...z);
      const powers = z.map((v) => Math.exp(v - greatest));
      const total = sum(powers);
      return powers.map((v) => v / total);
    },
  };

  /**
   * The embedded parameters, shape (size,).
   *
   * @param {Portable} network
   */
  function parametersOf({ dtype, parameters }) {
    const text = atob(parameters);
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
    // Machines with browsers are little-endian, too.
    return dtype === "float64" ? new Float64Array(bytes.buffer) : new Float32Array(bytes.buffer);
  }

  /**
   * The layers 1 … L, as views into the parameters.
   *
   * @param {Portable} network
   * @returns {Layer[]}
   */
  function layersOf(network) {
    const { widths, activations } = network;
    const vector = parametersOf(network);
    let weightsAt = 0;
    let biasesAt = vector.length - sum(widths.slice(1));
    return activations.map((name, i) => {
      const [before, neurons] = [widths[i], widths[i + 1]];
      const W = vector.subarray(weightsAt, (weightsAt += neurons * before));
      const b = vector.subarray(biasesAt, (biasesAt += neurons));
      return { W, b, σ: ACTIVATIONS[name] };
    });
  }

  /**
   * x_i = σ(W_i x_{i−1} + b_i).
   *
   * @param {Layer} layer
   * @param {Float64Array} x x_{i−1}, shape (n_{i−1},).
   * @returns {Float64Array} Shape (n_i,).
   */
  function forward({ W, b, σ }, x) {
    const z = Float64Array.from(b);
    for (let j = 0, at = 0; j < z.length; j++) {
      for (let k = 0; k < x.length; k++, at++) z[j] += W[at] * x[k];
    }
    return σ(z);
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
   * Outputs as shares of 1, as `as_probabilities` in nntrain/training/inference.py makes them.
   *
   * @param {Portable} network
   * @param {Float64Array} x x_L, shape (n_L,).
   * @returns {Float64Array} Shape (n_L,).
   */
  function asProbabilities({ activations, loss }, x) {
    if (activations.at(-1) !== "sigmoid" && loss !== "squared_error") return x; // a softmax's
    const tiny = 2 ** -126; // all outputs may be zero
    const lift = Math.max(...x) > 0 ? 0 : -Math.min(...x);
    const shares = x.map((v) => Math.max(v + lift, 0) + tiny);
    const total = sum(shares);
    return shares.map((v) => v / total);
  }

  /* ------------------------------------------------------------------------------ the picture */

  /**
   * Where the pen has passed while it was down; x goes to the right and y downwards, in units of
   * the paper's side or, when it is drawn into a picture, in pixels, counted from the first
   * pixel's middle.
   *
   * @typedef {{x: number, y: number}} Point
   * @typedef {Point[]} Stroke
   */

  // Of pictures of 28 × 28: MNIST's digits are fitted into 20 × 20 (LeCun et al. 1998). Their lines
  // are as thick as those of this pen, half of whose width it is.
  const BOX = 20 / 28;
  const PEN = 1.2 / 28;
  const EDGE = 1; // pixels over which a line fades away

  /**
   * Strokes as a picture of MNIST's kind: fitted into the box with their aspect ratio kept, the
   * centre of mass in the middle. The pen does not grow with the digit, so that it does not matter
   * how large the digit was drawn.
   *
   * @param {Stroke[]} strokes
   * @param {number} side
   * @returns {Uint8Array} Grey values, 0 paper to 255 ink, shape (side · side,).
   */
  function pictureOf(strokes, side) {
    const pen = PEN * side;
    const { middle, size } = extentOf(strokes);
    const scale = size > 0 ? Math.max(0, BOX * side - 2 * pen - EDGE) / size : 0;
    const drawAround = ({ x, y }) => {
      const place = (point) => ({
        x: x + scale * (point.x - middle.x),
        y: y + scale * (point.y - middle.y),
      });
      return inkOf(strokes.map((stroke) => stroke.map(place)), side, pen);
    };
    const inside = { x: (side - 1) / 2, y: (side - 1) / 2 };
    const mass = centreOfMass(drawAround(inside), side);
    // The middle of 28 pixels is 13.5, but MNIST's centres of mass are around 14.
    const ink = drawAround({ x: inside.x + side / 2 - mass.x, y: inside.y + side / 2 - mass.y });
    return Uint8Array.from(ink, (share) => Math.round(255 * share));
  }

  /**
   * The middle of the strokes' bounding box, and its longer side.
   *
   * @param {Stroke[]} strokes
   * @returns {{middle: Point, size: number}}
   */
  function extentOf(strokes) {
    const low = { x: Infinity, y: Infinity };
    const high = { x: -Infinity, y: -Infinity };
    for (const { x, y } of strokes.flat()) {
      low.x = Math.min(low.x, x);
      low.y = Math.min(low.y, y);
      high.x = Math.max(high.x, x);
      high.y = Math.max(high.y, y);
    }
    return {
      middle: { x: (low.x + high.x) / 2, y: (low.y + high.y) / 2 },
      size: Math.max(high.x - low.x, high.y - low.y),
    };
  }

  /**
   * Draw with a round pen whose line has soft edges; ink on ink is no blacker.
   *
   * @param {Stroke[]} strokes In pixels.
   * @param {number} side
   * @param {number} pen Half of its width, in pixels.
   * @returns {Float64Array} 0 paper to 1 ink, shape (side · side,).
   */
  function inkOf(strokes, side, pen) {
    const ink = new Float64Array(side * side);
    const reach = pen + EDGE / 2;
    const within = (pixel) => Math.min(side - 1, Math.max(0, Math.round(pixel)));
    for (const [a, b] of strokes.flatMap(segmentsOf)) {
      const right = within(Math.max(a.x, b.x) + reach);
      const bottom = within(Math.max(a.y, b.y) + reach);
      for (let y = within(Math.min(a.y, b.y) - reach); y <= bottom; y++) {
        for (let x = within(Math.min(a.x, b.x) - reach); x <= right; x++) {
          const share = (reach - distance({ x, y }, a, b)) / EDGE;
          const at = y * side + x;
          ink[at] = Math.max(ink[at], Math.min(share, 1));
        }
      }
    }
    return ink;
  }

  /** From each point of a stroke to the next; a dot leads to itself. */
  const segmentsOf = (stroke) => stroke.map((point, i) => [stroke[Math.max(0, i - 1)], point]);

  /** How far a point lies from the line between a and b. */
  function distance(point, a, b) {
    const [along, across] = [b.x - a.x, b.y - a.y];
    const squared = along * along + across * across;
    const projected = (point.x - a.x) * along + (point.y - a.y) * across;
    const t = squared > 0 ? Math.min(1, Math.max(0, projected / squared)) : 0;
    return Math.hypot(point.x - a.x - t * along, point.y - a.y - t * across);
  }

  /**
   * @param {Float64Array} ink Shape (side · side,).
   * @param {number} side
   * @returns {Point} In pixels; that of an empty picture is nowhere.
   */
  function centreOfMass(ink, side) {
    const mass = sum(ink);
    return {
      x: sum(ink.map((share, at) => share * (at % side))) / mass,
      y: sum(ink.map((share, at) => share * Math.floor(at / side))) / mass,
    };
  }

  /* --------------------------------------------------------------------------------- the page */

  const byId = (id) => document.getElementById(`board-${id}`);

  const network = JSON.parse(byId("network").textContent);
  const layers = layersOf(network);
  const paper = byId("paper");
  const rows = [...byId("answer").rows];
  const figures = [...document.querySelectorAll(".board-layer")];

  const LINE = 1 / 15; // the line's width on the paper, as a share of its side
  const NEURONS = 50; // that a strip shows side by side

  /** @type {Stroke[]} */
  let strokes = [];
  /** @type {Stroke | null} The one that is being drawn, the last of them. */
  let stroke = null;
  /** @type {Point} Where the keyboard's pen is. */
  let pen = { x: 0.5, y: 0.5 };
  let penIsShown = false;
  let isDue = false;

  const colour = (name) => getComputedStyle(paper).getPropertyValue(`--board-${name}`);

  /** Show everything anew, now. */
  function show() {
    isDue = false;
    showPaper();
    const pixels = strokes.length > 0 ? pictureOf(strokes, network.side) : null;
    showPicture(pixels ?? new Uint8Array(network.widths[0]));
    const trace = pixels && propagate(network, layers, pixels);
    figures.forEach((figure, i) => showLayer(figure, trace && trace[i + 1]));
    const probabilities = trace && asProbabilities(network, trace.at(-1));
    showAnswer(probabilities);
    return probabilities;
  }

  /** Show everything anew, once, before the screen is next drawn. */
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

  /** White on black, as MNIST is shown; pixels have shape (side · side,). */
  function showPicture(pixels) {
    const image = new ImageData(network.side, network.side);
    pixels.forEach((grey, at) => image.data.set([grey, grey, grey, 255], 4 * at));
    byId("picture").getContext("2d").putImageData(image, 0, 0);
  }

  /**
   * Show each neuron of a layer as a square: the larger |x_j|, the stronger its colour.
   *
   * @param {HTMLElement} figure
   * @param {Float64Array | null} x x_i, shape (n_i,); null where nothing is drawn.
   */
  function showLayer(figure, x) {
    const context = figure.querySelector("canvas").getContext("2d");
    context.clearRect(0, 0, context.canvas.width, context.canvas.height);
    figure.querySelector("span").textContent = x ? `, ${spanOf(x)}` : "";
    if (x === null) return;
    const greatest = x.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const [positive, negative] = [colour("accent"), colour("contrast")];
    x.forEach((value, j) => {
      context.fillStyle = value < 0 ? negative : positive;
      context.globalAlpha = greatest > 0 ? Math.abs(value) / greatest : 0;
      context.fillRect(j % NEURONS, Math.floor(j / NEURONS), 1, 1);
    });
  }

  /** The least and the greatest activation, in words. */
  function spanOf(x) {
    const [least, greatest] = [x.reduce((a, b) => Math.min(a, b)), x.reduce((a, b) => Math.max(a, b))];
    return `${least.toFixed(2)} to ${greatest.toFixed(2)}`.replaceAll("-", "−");
  }

  /** A share in per cent, as bars and sentences say it. */
  function perCent(share) {
    return `${(100 * share).toFixed(1)}\u00a0%`;
  }

  /** A bar and a percentage for each class; probabilities have shape (n_L,), or are null. */
  function showAnswer(probabilities) {
    const greatest = probabilities && Math.max(...probabilities);
    rows.forEach((row, k) => {
      const share = probabilities ? probabilities[k] : 0;
      const data = row.querySelector("data");
      data.value = probabilities ? share : "";
      data.textContent = probabilities ? perCent(share) : "–";
      // What is told as 0.0 % has no bar, for a sliver would contradict it.
      row.querySelector("span").style.width = `${(100 * share).toFixed(1)}%`;
      row.classList.toggle("board-first", probabilities !== null && share === greatest);
    });
  }

  /** The answer in a sentence, such as "4, 97.1 %; next 9, 2.3 %". */
  function say(probabilities) {
    const ranked = Array.from(probabilities, (share, k) => ({ share, label: network.labels[k] }));
    ranked.sort((a, b) => b.share - a.share);
    return ranked
      .slice(0, 2)
      .map(({ share, label }) => `${label}, ${perCent(share)}`)
      .join("; next ");
  }

  /** Show everything anew, and tell the answer also to those who do not see it. */
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

  /* ----------------------------------------------------------------------- mouse, pen and finger */

  const onPaper = (share) => Math.min(1, Math.max(0, share));

  /** Where on the paper the pointer is. */
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
    // A screen is drawn less often than a pointer is asked where it is.
    const passed = event.getCoalescedEvents?.() ?? [];
    stroke.push(...(passed.length > 0 ? passed : [event]).map(pointOf));
    showSoon();
  });

  for (const end of ["pointerup", "pointercancel"]) {
    paper.addEventListener(end, (event) => {
      if (stroke && paper.hasPointerCapture(event.pointerId)) lift();
    });
  }

  /* --------------------------------------------------------------------------------- keyboard */

  const STEP = 1 / 28;
  const LARGE_STEP = 1 / 7;
  /** Where each key moves the pen: the keys of the number pad, around its middle. */
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

  /** What a key does; nothing if it is none of ours. */
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
    event.preventDefault(); // or the page would scroll
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

  /* ------------------------------------------------------------------------------------- start */

  byId("undo").addEventListener("click", undo);
  byId("clear").addEventListener("click", clear);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", showSoon);

  figures.forEach((figure, i) => {
    const canvas = figure.querySelector("canvas");
    const neurons = network.widths[i + 1];
    canvas.width = Math.min(neurons, NEURONS);
    canvas.height = Math.ceil(neurons / NEURONS);
    canvas.style.width = `${(100 * canvas.width) / NEURONS}%`; // all squares are of one size
  });
  show();
})();
