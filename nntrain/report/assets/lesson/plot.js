// Plots as SVG: axes, curves, and points that a pointer or the arrow keys move.

/**
 * A drawing with two linear scales.
 *
 * @typedef {object} Plot
 * @property {SVGSVGElement} root
 * @property {SVGGElement} area What is drawn into it is cut at the plot's edges.
 * @property {SVGGElement} above What is drawn into it is not.
 * @property {number[]} xs The least and the greatest x.
 * @property {number[]} ys The least and the greatest y.
 * @property {(x: number) => number} X From x to units of the drawing.
 * @property {(y: number) => number} Y From y to units of the drawing.
 * @property {(event: PointerEvent) => {x: number, y: number}} at Where a pointer is.
 */

const MARGIN = { left: 38, right: 12, top: 12, bottom: 30 };
let plots = 0;

/**
 * Adds a plot with axes to a container.
 *
 * @param {HTMLElement} container
 * @param {object} options
 * @param {number[]} options.xs The least and the greatest x.
 * @param {number[]} options.ys The least and the greatest y.
 * @param {string} options.label What it shows, for screen readers.
 * @param {string[]} [options.names] The names of the axes.
 * @param {number} [options.width] In units of the drawing; a phone shows 340 in their size.
 * @param {number} [options.height]
 * @param {boolean} [options.isBare] Whether the x axis has no numbers.
 * @returns {Plot}
 */
function plot(container, options) {
  const { xs, ys, label, names = ["", ""], width = 340, height = 250, isBare = false } = options;
  const [right, bottom] = [width - MARGIN.right, height - MARGIN.bottom];
  const X = (x) => MARGIN.left + ((x - xs[0]) / (xs[1] - xs[0])) * (right - MARGIN.left);
  const Y = (y) => bottom - ((y - ys[0]) / (ys[1] - ys[0])) * (bottom - MARGIN.top);
  const viewBox = `0 0 ${width} ${height}`;
  const root = svg("svg", { viewBox, role: "group", "aria-label": label });
  const clip = `plot-${++plots}`;
  const [inner, tall] = [right - MARGIN.left, bottom - MARGIN.top];
  const frame = { x: MARGIN.left, y: MARGIN.top, width: inner, height: tall };
  const area = svg("g", { "clip-path": `url(#${clip})` });
  const above = svg("g");
  const cut = svg("clipPath", { id: clip }, svg("rect", frame));
  const grid = axes({ xs: isBare ? null : xs, ys, X, Y, right, bottom, names });
  root.append(svg("defs", {}, cut), grid, area, above);
  container.append(root);
  const at = (event) => {
    const place = new DOMPoint(event.clientX, event.clientY);
    const { x, y } = place.matrixTransform(root.getScreenCTM().inverse());
    return {
      x: xs[0] + ((x - MARGIN.left) / frame.width) * (xs[1] - xs[0]),
      y: ys[0] + ((bottom - y) / frame.height) * (ys[1] - ys[0]),
    };
  };
  return { root, area, above, xs, ys, X, Y, at };
}

/** The grid, the numbers at it and the names of the axes. */
function axes({ xs, ys, X, Y, right, bottom, names }) {
  const group = svg("g", { class: "axes", "aria-hidden": "true" });
  const line = (x1, y1, x2, y2, isZero) => {
    group.append(svg("line", { x1, y1, x2, y2, class: isZero ? "zero" : "grid" }));
  };
  for (const x of xs ? ticks(xs) : []) {
    line(X(x), MARGIN.top, X(x), bottom, x === 0);
    const below = { x: X(x), y: bottom + 14, "text-anchor": "middle" };
    group.append(svg("text", below, tickText(x)));
  }
  for (const y of ticks(ys)) {
    line(MARGIN.left, Y(y), right, Y(y), y === 0);
    const beside = { x: MARGIN.left - 5, y: Y(y) + 4, "text-anchor": "end" };
    group.append(svg("text", beside, tickText(y)));
  }
  const end = { x: right, y: bottom + 27, "text-anchor": "end", class: "name" };
  group.append(svg("text", end, names[0]));
  group.append(svg("text", { x: 2, y: MARGIN.top - 1, class: "name" }, names[1]));
  return group;
}

const tickText = (value) => String(value).replace("-", "−");

/** Round numbers within bounds, about five. */
function ticks([low, high]) {
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough);
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++) {
    found.push(Number((k * step).toPrecision(12)));
  }
  return found;
}

/** A path through points [x, y], as an attribute. */
function pathThrough({ X, Y }, points) {
  const place = ([x, y]) => `${X(x).toFixed(2)},${Y(y).toFixed(2)}`;
  return points.map((point, k) => `${k ? "L" : "M"}${place(point)}`).join("");
}

/** The graph of f as a path attribute. */
function graph(plot, f, samples = 160) {
  const [low, high] = plot.xs;
  const span = Math.abs(plot.ys[1] - plot.ys[0]);
  const points = Array.from({ length: samples + 1 }, (_, k) => {
    const x = low + ((high - low) * k) / samples;
    // Far outside, so that it is cut there.
    return [x, Math.min(plot.ys[1] + span, Math.max(plot.ys[0] - span, f(x)))];
  });
  return pathThrough(plot, points);
}

const DIRECTIONS = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};
const LARGE_STEPS = 5; // with Shift

/**
 * Adds a point that the reader can move: with a pointer, or with the arrow keys.
 *
 * @param {Plot} plot
 * @param {object} options
 * @param {string} options.label Its name, for screen readers.
 * @param {{x: number, y: number}} options.at
 * @param {number} options.step Of an arrow key, in the plot's numbers.
 * @param {string} [options.kind] The class of its colour.
 * @param {"x" | "y" | "xy"} [options.along] Where it can be moved to.
 * @param {(point: {x: number, y: number}) => void} options.act Called when the reader has moved it.
 * @returns {{place: (point: {x: number, y: number}, text: string) => void, element: SVGGElement}}
 *   `place` moves it without calling `act`; `text` is read out.
 */
function handle(plot, { label, at, step, kind = "plain", along = "xy", act }) {
  const element = svg(
    "g",
    { class: `handle ${kind}`, tabindex: 0, role: "slider", "aria-label": label },
    svg("circle", { class: "reach", r: 22 }),
    svg("circle", { class: "halo", r: 13 }),
    svg("circle", { class: "knob", r: 7.5 }),
  );
  const [low, high] = along === "y" ? plot.ys : plot.xs;
  element.setAttribute("aria-valuemin", low);
  element.setAttribute("aria-valuemax", high);
  const orientation = { x: "horizontal", y: "vertical" }[along];
  if (orientation) element.setAttribute("aria-orientation", orientation);
  let point = at;
  const place = (to, text) => {
    point = to;
    element.setAttribute("transform", `translate(${plot.X(to.x)} ${plot.Y(to.y)})`);
    element.setAttribute("aria-valuenow", Number((along === "y" ? to.y : to.x).toFixed(4)));
    element.setAttribute("aria-valuetext", text);
  };
  const within = (value, [least, most]) => Math.min(most, Math.max(least, value));
  const move = ({ x, y }) => {
    const to = { x: within(x, plot.xs), y: within(y, plot.ys) };
    act({ x: along === "y" ? point.x : to.x, y: along === "x" ? point.y : to.y });
  };
  place(at, "");
  dragging(element, (event) => move(plot.at(event)));
  element.addEventListener("keydown", (event) => {
    if (!(event.key in DIRECTIONS) || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault(); // keeps the page from scrolling
    const length = step * (event.shiftKey ? LARGE_STEPS : 1);
    const [right, up] = DIRECTIONS[event.key].map((direction) => direction * length);
    // Along a line, either pair of keys moves it.
    if (along === "x") move({ x: point.x + right + up, y: point.y });
    else if (along === "y") move({ x: point.x, y: point.y + right + up });
    else move({ x: point.x + right, y: point.y + up });
  });
  plot.above.append(element);
  return { place, element };
}

/** Calls `move` for each event of a pointer that drags an element. */
function dragging(element, move) {
  element.addEventListener("pointerdown", (event) => {
    if (!event.isPrimary || event.button !== 0) return;
    element.setPointerCapture(event.pointerId);
    element.focus({ preventScroll: true });
    event.preventDefault(); // keeps text from being selected
  });
  element.addEventListener("pointermove", (event) => {
    if (element.hasPointerCapture(event.pointerId)) move(event);
  });
}
