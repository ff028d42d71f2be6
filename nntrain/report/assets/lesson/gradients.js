// Section 3: the lecture's f(x, y) = 2x² + 3xy + y³, its gradient and its tangent plane.

const FIELD = {
  f: (x, y) => 2 * x ** 2 + 3 * x * y + y ** 3,
  gradient: (x, y) => [4 * x + 3 * y, 3 * x + 3 * y ** 2],
  curvature: (x, y) => [4, 3, 6 * y], // ∂²f/∂x², ∂²f/∂x∂y, ∂²f/∂y²
  xs: [-1.5, 1.5],
  ys: [-1.5, 1.5],
};
const LEVELS = [-5, -3.5, -2, -1, -0.4, -0.15, 0, 0.3, 1, 2, 3.5, 5.5, 8, 11];
const LABELLED = [-3.5, -2, -1, 0, 1, 2, 3.5, 5.5, 8];
const LABELS_AT = 1.2; // x of their labels
const ARROW = 0.13; // its length, for a gradient of length 1
const LONGEST_ARROW = 1;
const BARB = 9; // in units of the drawing
const NEARLY_ZERO = 0.12;
const START = { x: 0.7, y: 0.6 };

let at = START;
const map = drawMap();
const surface = svg("svg", {
  viewBox: `0 0 ${SURFACE.width} ${SURFACE.height}`,
  role: "img",
  "aria-label": "The surface z = f(x, y) with the tangent plane at the point",
});
byId("gradients-surface").append(surface);
let mesh = drawMesh(surface, FIELD, Number(byId("gradients-angle").value));
const rate = slider("gradients-rate", (α) => α.toFixed(2), () => show());
const angle = slider("gradients-angle", (degrees) => `${degrees}°`, () => {
  mesh = drawMesh(surface, FIELD, angle.value);
  show();
});

/** The contour lines and what lies on them. */
function drawMap() {
  const made = plot(byId("gradients-map"), {
    xs: FIELD.xs,
    ys: FIELD.ys,
    names: ["x", "y"],
    height: 322,
    label: "Contour lines of f(x, y)",
  });
  contours(made, FIELD.f, LEVELS, 60).forEach((d, k) => {
    const kind = LEVELS[k] === 0 ? "contour level-zero" : "contour";
    made.area.append(svg("path", { class: kind, d }));
  });
  made.area.append(...LABELLED.map((level) => levelLabel(made, level)));
  const arrows = svg("g");
  made.area.append(arrows);
  const act = (point) => {
    at = point;
    show();
  };
  const point = handle(made, { label: "The point (x, y)", at, step: 0.02, act });
  return { plot: made, arrows, point };
}

/** The number of a contour line, where it crosses x = LABELS_AT; f rises with y there. */
function levelLabel({ X, Y, ys }, level) {
  let [low, high] = ys;
  for (let k = 0; k < 40; k++) {
    const middle = (low + high) / 2;
    if (FIELD.f(LABELS_AT, middle) < level) low = middle;
    else high = middle;
  }
  const place = { x: X(LABELS_AT), y: Y(low) + 4, "text-anchor": "middle", class: "level" };
  return svg("text", place, tickText(level));
}

/** The way of steepest descent from a point, to the edge or to flat ground. */
function wayDown({ x, y }) {
  const points = [[x, y]];
  for (let k = 0; k < 1500; k++) {
    const [fx, fy] = FIELD.gradient(x, y);
    const length = Math.hypot(fx, fy);
    if (length < 0.02 || Math.max(Math.abs(x), Math.abs(y)) > 1.6) break;
    const pace = Math.min(0.01, 0.02 / length);
    [x, y] = [x - pace * fx, y - pace * fy];
    points.push([x, y]);
  }
  return points;
}

/** An arrow from a point along a vector, as a path attribute. */
function arrow({ X, Y }, { x, y }, [right, up]) {
  const [x1, y1, x2, y2] = [X(x), Y(y), X(x + right), Y(y + up)];
  const direction = Math.atan2(y2 - y1, x2 - x1);
  const barb = (turn) => {
    const [across, down] = [Math.cos(direction + turn), Math.sin(direction + turn)];
    return `L${x2 - BARB * across},${y2 - BARB * down}`;
  };
  return `M${x1},${y1}L${x2},${y2}${barb(0.45)}M${x2},${y2}${barb(-0.45)}`;
}

function show() {
  const [fx, fy] = FIELD.gradient(at.x, at.y);
  const length = Math.hypot(fx, fy);
  const factor = Math.min(ARROW, LONGEST_ARROW / length);
  map.arrows.replaceChildren(
    svg("path", { class: "curve dashed plain", d: pathThrough(map.plot, wayDown(at)) }),
  );
  if (length > 0.05) {
    const d = arrow(map.plot, at, [factor * fx, factor * fy]);
    map.arrows.append(svg("path", { class: "curve delta", d }));
  }
  const text = `x ${numeral(at.x)}, y ${numeral(at.y)}; gradient ${numeral(fx)}, ${numeral(fy)}`;
  map.point.place(at, text);
  drawPlane(mesh, FIELD, at);
  showNumbers(fx, fy);
  byId("gradients-remark").innerHTML = remark(length);
  for (const each of asked) each.refresh();
}

function showNumbers(fx, fy) {
  const [x, y] = [at.x, at.y].map(bracketed);
  const f = FIELD.f(at.x, at.y);
  const [slope, other] = [coloured("delta", fx), coloured("delta", fy)];
  const plane = `${numeral(f)} + ${slope} (x − ${x}) + ${other} (y − ${y})`;
  byId("gradients-numbers").innerHTML = `
    <p>f(x, y) = 2x² + 3xy + y³ = <strong>${numeral(f)}</strong></p>
    <p>∂f/∂x = 4x + 3y = 4 · ${x} + 3 · ${y} = ${outcome("delta", fx)}</p>
    <p>∂f/∂y = 3x + 3y² = 3 · ${x} + 3 · ${y}² = ${outcome("delta", fy)}</p>
    <p>Tangent <span class="weight">plane</span>: ${plane}</p>`;
}

/** What is special about the point. */
function remark(length) {
  if (length > NEARLY_ZERO) {
    return `The length of the gradient, ${numeral(length)}, says how steep f is in its direction.`;
  }
  const [xx, xy, yy] = FIELD.curvature(at.x, at.y);
  const isSaddle = xx * yy - xy ** 2 < 0;
  return isSaddle
    ? "<strong>A saddle</strong> is here or near: the plane is level, but f falls to two sides."
    : "<strong>A minimum</strong> is here or near: the plane is level, and f rises to all sides.";
}

/* ------------------------------------------------------------------------------------ questions */

/** The next step of gradient descent, and f before and after it. */
function nextStep() {
  const gradient = FIELD.gradient(at.x, at.y);
  const [x, y] = [at.x, at.y].map((value, k) => value - rate.value * gradient[k]);
  return { x, y, gradient, before: FIELD.f(at.x, at.y), after: FIELD.f(x, y) };
}

/** The changes of f to choose from; the first is what the tangent plane says. */
function guesses() {
  const length = Math.hypot(...FIELD.gradient(at.x, at.y));
  return [-rate.value * length ** 2, rate.value * length ** 2, -rate.value * length ** 2 * 5];
}

const asked = [
  question(byId("gradients-questions"), {
    text: "You press <em>Step</em>. Which coordinate moves farther?",
    choices: ["x", "y"],
    answer: () => {
      const { gradient } = nextStep();
      return Math.abs(gradient[0]) >= Math.abs(gradient[1]) ? 0 : 1;
    },
    why: () => {
      const { x, y } = nextStep();
      const [right, up] = [x - at.x, y - at.y].map(numeral);
      return `x moves by ${right} and y by ${up}: each by −α times its partial derivative.`;
    },
  }),
  question(byId("gradients-questions"), {
    text: () => `f is ${numeral(FIELD.f(at.x, at.y))}. By about how much does the step change it?`,
    choices: () => guesses().map((guess) => numeral(guess)),
    answer: () => {
      const { before, after } = nextStep();
      const misses = guesses().map((guess) => Math.abs(guess - (after - before)));
      return misses.indexOf(Math.min(...misses));
    },
    why: () => {
      const { before, after } = nextStep();
      const onPlane = `on the tangent plane by −α‖∇f‖² = ${numeral(guesses()[0])}`;
      return `It changes by ${numeral(after - before)}, ${onPlane}; but the surface is curved.`;
    },
  }),
];

/* ---------------------------------------------------------------------------------------- start */

byId("gradients-step").addEventListener("click", () => {
  const within = (value, [low, high]) => Math.min(high, Math.max(low, value));
  const { x, y } = nextStep();
  at = { x: within(x, FIELD.xs), y: within(y, FIELD.ys) };
  show();
});
byId("gradients-reset").addEventListener("click", () => {
  at = START;
  show();
});
show();
