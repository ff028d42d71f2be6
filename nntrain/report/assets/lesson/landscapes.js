// The landscapes of gradient descent, and what a learning rate does in them.

/**
 * A function to go down. Points are arrays of one or two coordinates.
 *
 * @typedef {object} Landscape
 * @property {string} formula
 * @property {(w: number[]) => number} f
 * @property {(w: number[]) => number[]} gradient
 * @property {number[]} start
 * @property {number[]} α The first and the greatest learning rate of the slider.
 * @property {number[]} xs The plot's bounds.
 * @property {number[]} ys
 */

/** @type {Object<string, Landscape>} */
const LANDSCAPES = {
  bowl: {
    formula: "f(w) = ½ w²",
    f: ([w]) => w ** 2 / 2,
    gradient: ([w]) => [w],
    start: [-2.2],
    α: [0.1, 2.4],
    xs: [-3, 3],
    ys: [-0.3, 4.5],
  },
  two: {
    formula: "f(w) = ¼ w⁴ − w² + ¼ w + 1.3",
    f: ([w]) => w ** 4 / 4 - w ** 2 + w / 4 + 1.3,
    gradient: ([w]) => [w ** 3 - 2 * w + 1 / 4],
    start: [0.3],
    α: [0.05, 0.8],
    xs: [-2.4, 2.4],
    ys: [-0.3, 3.2],
  },
  valley: {
    formula: "f(u, v) = ½ (u² + 12 v²)",
    f: ([u, v]) => (u ** 2 + 12 * v ** 2) / 2,
    gradient: ([u, v]) => [u, 12 * v],
    start: [-2.6, 0.9],
    α: [0.02, 0.2],
    xs: [-3, 3],
    ys: [-1.6, 1.6],
  },
};

const FLAT = 0.02; // the length of a gradient at which the ball has arrived
const FAR = 1e3;
const PATIENCE = 200; // steps
const SLOW = 25; // steps from which a learning rate counts as too small

/**
 * A ball on its way.
 *
 * @typedef {object} Ball
 * @property {number[][]} path Where it has been; the last is where it is.
 * @property {number[]} velocity Its last step.
 */

/** A ball at rest. */
const ballAt = (w) => ({ path: [w], velocity: w.map(() => 0) });

/** A ball after a step v ← μ v − α f′(w), w ← w + v; without momentum, μ is 0. */
function rolled({ gradient }, { path, velocity }, α, μ) {
  const w = path.at(-1);
  const slope = gradient(w);
  const v = velocity.map((before, k) => μ * before - α * slope[k]);
  return { path: [...path, w.map((value, k) => value + v[k])], velocity: v };
}

const lengthOf = (vector) => Math.hypot(...vector);
const isGone = (w) => !(lengthOf(w) < FAR);

/** Whether a ball lies still on flat ground. */
function hasArrived({ gradient }, { path, velocity }) {
  return lengthOf(gradient(path.at(-1))) < FLAT && lengthOf(velocity) < FLAT;
}

/**
 * What a learning rate does from here on, found by trying.
 *
 * @returns {object} `kind`: "small", "right", "overshoots", "never" or "diverges"; the number of
 *   `steps` that this takes, and where the ball is at their `end`.
 */
function judge(landscape, start, α, μ = 0) {
  let ball = ballAt(start);
  let turns = 0;
  for (let steps = 1; steps <= PATIENCE; steps++) {
    const before = landscape.gradient(ball.path.at(-1));
    ball = rolled(landscape, ball, α, μ);
    const end = ball.path.at(-1);
    if (isGone(end)) return { kind: "diverges", steps, end };
    const after = landscape.gradient(end);
    // A coordinate whose slope changes its sign has been carried across the minimum.
    if (before.some((slope, k) => slope * after[k] < 0 && Math.abs(after[k]) > FLAT)) turns++;
    if (hasArrived(landscape, ball)) {
      if (turns > 1) return { kind: "overshoots", steps, end };
      return { kind: steps > SLOW ? "small" : "right", steps, end };
    }
  }
  return { kind: turns > PATIENCE / 4 ? "never" : "small", steps: PATIENCE, end: ball.path.at(-1) };
}
