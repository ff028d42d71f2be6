// Section 2: balls that go down a landscape.

// What `judge` can find, and how the question calls it.
const VERDICTS = {
  small: "too small: it crawls",
  right: "about right",
  overshoots: "overshoots, but arrives",
  never: "never settles",
  diverges: "diverges",
};
const PACE = 220; // ms for a step
const LONGEST = 60; // steps of a run
const VALLEY_LEVELS = [0.15, 0.3, 0.55, 1, 2, 3.8, 7, 13];
const COLOURS = ["weight", "other"];

let landscape = LANDSCAPES.bowl;
let start = landscape.start;
/** @type {Ball[]} Without and, if it is switched on, with momentum. */
let balls = [ballAt(start)];
let drawing = draw();
let timer = null;

const rate = slider("descent-rate", (α) => α.toFixed(2), reset);
const share = slider("descent-share", (μ) => μ.toFixed(2), reset);
const momentum = byId("descent-momentum");

const isFlat = () => landscape.start.length === 1;
const shares = () => (momentum.checked ? [0, share.value] : [0]);

/** Draws the landscape: a curve, or seen from above. */
function draw() {
  const { xs, ys, f, formula } = landscape;
  byId("descent-plot").replaceChildren();
  const names = isFlatLandscape(landscape) ? ["w", "f(w)"] : ["u", "v"];
  const label = `The landscape ${formula}`;
  const made = plot(byId("descent-plot"), { xs, ys, names, height: 240, label });
  if (isFlatLandscape(landscape)) {
    made.area.append(svg("path", { class: "curve plain", d: graph(made, (w) => f([w])) }));
  } else {
    const lines = contours(made, (u, v) => f([u, v]), VALLEY_LEVELS);
    made.area.append(...lines.map((d) => svg("path", { class: "contour", d })));
  }
  const paths = svg("g");
  made.area.append(paths);
  const act = (point) => {
    start = isFlatLandscape(landscape) ? [point.x] : [point.x, point.y];
    reset();
  };
  const along = isFlatLandscape(landscape) ? "x" : "xy";
  const step = (xs[1] - xs[0]) / 60;
  const at = { x: 0, y: 0 };
  const ball = handle(made, { label: "The ball", at, step, kind: "weight", along, act });
  return { plot: made, paths, ball };
}

function isFlatLandscape({ start: w }) {
  return w.length === 1;
}

/** Where a point is drawn. */
function placeOf(w) {
  return isFlat() ? { x: w[0], y: landscape.f(w) } : { x: w[0], y: w[1] };
}

/** Puts the balls back to the start. */
function reset() {
  stop();
  balls = shares().map(() => ballAt(start));
  show();
}

/** Moves each ball that is still on its way by a step. */
function advance() {
  balls = balls.map((ball, k) =>
    isGone(ball.path.at(-1)) ? ball : rolled(landscape, ball, rate.value, shares()[k]),
  );
  show();
}

/** Whether all balls have arrived, or are gone. */
function isOver() {
  return balls.every((ball) => {
    const isAtRest = ball.path.length > 1 && hasArrived(landscape, ball);
    return isAtRest || isGone(ball.path.at(-1)) || ball.path.length > LONGEST;
  });
}

function run() {
  if (timer !== null) {
    stop();
    return;
  }
  if (isOver()) reset();
  if (isStill()) {
    while (!isOver()) advance();
    return;
  }
  byId("descent-run").textContent = "Pause";
  timer = setInterval(() => {
    advance();
    if (isOver()) stop();
  }, PACE);
}

function stop() {
  clearInterval(timer);
  timer = null;
  byId("descent-run").textContent = "Run";
}

function show() {
  const { plot, paths, ball } = drawing;
  const trails = balls.flatMap((each, k) => trail(plot, each.path, COLOURS[k]));
  paths.replaceChildren(...trails.reverse());
  const at = balls[0].path.at(-1);
  const coordinates = `${isFlat() ? "w" : "u, v"} = ${at.map(numeral).join(", ")}`;
  ball.place(placeOf(at), `${coordinates}; f = ${numeral(landscape.f(at))}`);
  showHistory();
  showNumbers();
  showVerdict();
  for (const each of asked) each.refresh();
}

/** The path of a ball: its steps as lines, its places as dots. */
function trail(plot, path, colour) {
  const shown = path.filter((w) => !isGone(w)).map(placeOf);
  const d = pathThrough(plot, shown.map(({ x, y }) => [x, y]));
  const line = svg("path", { class: `curve thin ${colour}`, d });
  const dots = shown.map(({ x, y }, k) => {
    const r = k === shown.length - 1 ? 6 : 3.2;
    return svg("circle", { class: `dot ${colour}`, cx: plot.X(x), cy: plot.Y(y), r });
  });
  return [line, ...dots];
}

/** f after each step, of each ball. */
function showHistory() {
  const values = balls.map(({ path }) => path.map(landscape.f));
  const steps = Math.max(20, ...values.map((each) => each.length - 1));
  const greatest = 1.3 * Math.max(landscape.f(start), landscape.f(landscape.start));
  const label = `f after each step: ${values[0].map((value) => numeral(value)).join(", ")}`;
  byId("descent-history").replaceChildren();
  const made = plot(byId("descent-history"), {
    xs: [0, steps],
    ys: [Math.min(0, landscape.ys[0]), greatest],
    names: ["step", "f"],
    height: 150,
    label,
  });
  made.root.setAttribute("role", "img");
  values.forEach((each, k) => {
    const points = each.map((value, step) => [step, Math.min(value, 3 * greatest)]);
    made.area.append(svg("path", { class: `curve ${COLOURS[k]}`, d: pathThrough(made, points) }));
  });
}

/** The last step of the ball without momentum in numbers, or the next one. */
function showNumbers() {
  const { path } = balls[0];
  const isNew = path.length === 1;
  const w = isNew ? path[0] : path.at(-2);
  const slope = landscape.gradient(w);
  const names = isFlat() ? ["w"] : ["u", "v"];
  const lines = names.map((name, k) => {
    const after = outcome("weight", w[k] - rate.value * slope[k]);
    const letter = `<span class="symbol weight">${name}</span>`;
    const derivative = isFlat() ? "f′(w)" : `∂f/∂${name}`;
    const [from, gradient] = [coloured("weight", w[k]), coloured("delta", slope[k])];
    const numbers = `${from} − ${rate.value} · ${gradient} = ${after}`;
    return `<p>${letter} ← ${letter} − α ${derivative} = ${numbers}</p>`;
  });
  const count = isNew ? "The next step" : `Step ${path.length - 1}`;
  byId("descent-numbers").innerHTML = `<p>${count}</p>${lines.join("")}`;
}

/** A verdict as a sentence. */
function verdict({ kind, steps, end }) {
  const where = `f = ${numeral(landscape.f(end))}`;
  return {
    small: `too small. The ball crawls: after ${steps} steps ${where}.`,
    right: `about right. The ball arrives in ${steps} steps, at ${where}.`,
    overshoots: `rather large. The ball jumps to and fro, and arrives after ${steps} steps.`,
    never: `too large. The ball jumps to and fro and has not settled after ${steps} steps.`,
    diverges: `far too large. The jumps grow, and the ball is lost after ${steps} steps.`,
  }[kind];
}

function showVerdict() {
  if (!isOver()) {
    byId("descent-verdict").textContent =
      "Run it to the end, and the page says whether α is too small, right or too large.";
    return;
  }
  const found = shares().map((μ) => judge(landscape, start, rate.value, μ));
  const first = `α = ${rate.value.toFixed(2)} is ${verdict(found[0])}`;
  const lines = [`<strong>${first}</strong>${whichMinimum(found[0])}`];
  if (found.length > 1) {
    const { kind, steps } = found[1];
    const end = { diverges: "is lost", never: "has not settled" }[kind] ?? "arrives";
    lines.push(`<span class="other">With momentum it ${end} after ${steps} steps.</span>`);
  }
  byId("descent-verdict").innerHTML = lines.join("<br>");
}

/** In a landscape with two minima: whether the ball ends in the deeper one. */
function whichMinimum({ kind, end }) {
  if (landscape !== LANDSCAPES.two || kind === "diverges" || kind === "never") return "";
  const [low, high] = landscape.xs;
  const places = Array.from({ length: 500 }, (_, k) => low + ((high - low) * k) / 499);
  const everywhere = places.map((w) => landscape.f([w]));
  const isDeepest = landscape.f(end) < Math.min(...everywhere) + 0.1;
  const which = isDeepest ? "the deeper minimum" : "a minimum, but the other one is deeper";
  return ` It ends in ${which}.`;
}

/* ------------------------------------------------------------------------------------ questions */

/** f before and after the next step of the ball without momentum. */
function nextStep() {
  const w = balls[0].path.at(-1);
  const next = rolled(landscape, balls[0], rate.value, 0).path.at(-1);
  return { w, next, before: landscape.f(w), after: landscape.f(next) };
}

const asked = [
  question(byId("descent-questions"), {
    text: () => {
      const place = balls[0].path.at(-1).map(numeral).join(", ");
      const ball = `The ball is at ${isFlat() ? "w" : "(u, v)"} = ${place}`;
      return `${ball}, and α is ${rate.value.toFixed(2)}. In the next step, f …`;
    },
    choices: ["falls", "rises", "stays the same"],
    answer: () => {
      const { before, after } = nextStep();
      return after < before ? 0 : after > before ? 1 : 2;
    },
    why: () => {
      const { next, before, after } = nextStep();
      const place = next.map(numeral).join(", ");
      return `The step leads to ${place}, where f is ${numeral(after)}; it was ${numeral(before)}.`;
    },
  }),
  question(byId("descent-questions"), {
    text: () => `Before you press <em>Run</em>: from the start, α = ${rate.value.toFixed(2)} is …`,
    choices: Object.values(VERDICTS),
    answer: () => Object.keys(VERDICTS).indexOf(judge(landscape, start, rate.value).kind),
    why: () => `It is ${verdict(judge(landscape, start, rate.value))}`,
  }),
];

/* ---------------------------------------------------------------------------------------- start */

onChoice("descent-landscape", (name) => {
  landscape = LANDSCAPES[name];
  start = landscape.start;
  const input = byId("descent-rate");
  const [first, greatest] = landscape.α;
  input.max = greatest;
  rate.set(first);
  drawing = draw();
  showCaption();
  reset();
});

function showCaption() {
  const seen = isFlat()
    ? "The ball starts where you drag it."
    : "Seen from above: on a line, f is the same everywhere.";
  byId("descent-caption").textContent = `${landscape.formula}. ${seen}`;
}

momentum.addEventListener("change", () => {
  byId("descent-memory").hidden = !momentum.checked;
  reset();
});
byId("descent-step").addEventListener("click", () => {
  stop();
  advance();
});
byId("descent-run").addEventListener("click", run);
byId("descent-reset").addEventListener("click", reset);
showCaption();
show();
