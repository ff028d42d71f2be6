// The drawing board: shows the strokes, the picture, the layers and the answer. It uses network.js,
// picture.js and paper.js, and loads nothing from outside the page.

const NEURONS = 50; // per row of a layer's picture
const MAPS = 8; // feature maps per row

/** A board in an element with the parts of board_parts.html. */
class Board {
  /**
   * @param {HTMLElement} root
   * @param {Portable} network
   * @param {Layer[]} layers
   * @param {object[]} others Other networks, each with its `layers`, that vote with this one.
   */
  constructor(root, network, layers, others = []) {
    this.others = others;
    const find = (name) => root.querySelector(`.board-${name}`);
    this.picture = find("picture");
    this.status = find("status");
    this.rows = [...find("answer").tBodies[0].rows];
    this.figures = [...root.querySelectorAll(".board-layer")];
    this.isDue = false;
    this.paper = new Paper(find("paper"), {
      changed: () => this.showSoon(),
      lifted: () => this.answer(),
      down: () => (this.status.textContent = "The pen is down."),
    });
    find("undo").addEventListener("click", () => this.paper.undo());
    find("clear").addEventListener("click", () => this.paper.clear());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.showSoon());
    this.use(network, layers);
  }

  /** Lets another network, with as many layers and outputs, answer from now on. */
  use(network, layers) {
    this.network = network;
    this.layers = layers;
    this.layouts = layers.map(({ shape }) => layoutOf(shape.output));
    this.figures.forEach((figure, i) => {
      const canvas = figure.querySelector("canvas");
      const { full, width, height } = this.layouts[i];
      [canvas.width, canvas.height] = [width, height];
      canvas.style.width = `${(100 * width) / full}%`; // all squares, or maps, have one size
      figure.querySelector(".board-count").textContent = layers[i].shape.output
        .at(-1)
        .toLocaleString("en");
    });
    this.show();
  }

  /** Redraws everything; returns the probabilities, or null if nothing is drawn. */
  show() {
    this.isDue = false;
    this.paper.draw();
    const { network, layers } = this;
    const { strokes } = this.paper;
    const pixels = strokes.length > 0 ? pictureOf(strokes, network.side) : null;
    this.showPicture(pixels ?? new Uint8Array(network.side ** 2));
    const trace = pixels && propagate(network, layers, pixels);
    this.figures.forEach((_, i) => this.showLayer(i, trace && trace[i + 1]));
    const probabilities = trace && this.vote(asProbabilities(network, trace.at(-1)), pixels);
    this.showAnswer(probabilities);
    return probabilities;
  }

  /** The mean of a network's probabilities and those of the others, shape (n_L,). */
  vote(own, pixels) {
    const all = this.others.map(({ network, layers }) =>
      asProbabilities(network, propagate(network, layers, pixels).at(-1)),
    );
    return own.map((share, k) => sum([share, ...all.map((shares) => shares[k])]) / (all.length + 1));
  }

  /** Redraws everything once, at the next animation frame. */
  showSoon() {
    if (!this.isDue) requestAnimationFrame(() => this.show());
    this.isDue = true;
  }

  /** Shows pixels, shape (side · side,), white on black. */
  showPicture(pixels) {
    const { side } = this.network;
    const image = new ImageData(side, side);
    pixels.forEach((grey, at) => image.data.set([grey, grey, grey, 255], 4 * at));
    this.picture.getContext("2d").putImageData(image, 0, 0);
  }

  /**
   * Shows each neuron of layer i + 1 as a square: the larger |x_j|, the stronger its colour.
   *
   * @param {number} i
   * @param {Float64Array | null} x Shape (n,); null if nothing is drawn.
   */
  showLayer(i, x) {
    const context = this.figures[i].querySelector("canvas").getContext("2d");
    context.clearRect(0, 0, context.canvas.width, context.canvas.height);
    this.figures[i].querySelector("span").textContent = x ? `, ${spanOf(x)}` : "";
    if (x === null) return;
    const greatest = x.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const [positive, negative] = [this.paper.colour("accent"), this.paper.colour("contrast")];
    x.forEach((value, j) => {
      context.fillStyle = value < 0 ? negative : positive;
      context.globalAlpha = greatest > 0 ? Math.abs(value) / greatest : 0;
      context.fillRect(...this.layouts[i].place(j), 1, 1);
    });
  }

  /** Shows a bar and a percentage for each class; probabilities have shape (n_L,), or are null. */
  showAnswer(probabilities) {
    const greatest = probabilities && Math.max(...probabilities);
    this.rows.forEach((row, k) => {
      const share = probabilities ? probabilities[k] : 0;
      const data = row.querySelector("data");
      data.value = probabilities ? share : "";
      data.textContent = probabilities ? perCent(share) : "–";
      // Rounded like the text, so that 0.0 % has no bar.
      row.querySelector("span").style.width = `${(100 * share).toFixed(1)}%`;
      row.classList.toggle("board-first", probabilities !== null && share === greatest);
    });
  }

  /** Redraws everything, and updates the status for screen readers. */
  answer() {
    const probabilities = this.show();
    const { labels } = this.network;
    this.status.textContent = probabilities ? say(probabilities, labels) : "Draw a digit.";
  }
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

/** The range of the activations as text. */
function spanOf(x) {
  const [least, greatest] = [
    x.reduce((a, b) => Math.min(a, b)),
    x.reduce((a, b) => Math.max(a, b)),
  ];
  return `${least.toFixed(2)} to ${greatest.toFixed(2)}`.replaceAll("-", "−");
}

/** A probability in per cent. */
function perCent(share) {
  return `${(100 * share).toFixed(1)}\u00a0%`;
}

/** The answer as text, such as "4, 97.1 %; next 9, 2.3 %". */
function say(probabilities, labels) {
  const ranked = Array.from(probabilities, (share, k) => ({ share, label: labels[k] }));
  ranked.sort((a, b) => b.share - a.share);
  return ranked
    .slice(0, 2)
    .map(({ share, label }) => `${label}, ${perCent(share)}`)
    .join("; next ");
}
