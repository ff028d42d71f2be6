// Trains a network on digits in a worker, so that the page stays responsive. activations.js and
// mathematics.js stand before it.

const SLICE = 40; // milliseconds of training before messages are read
const REPORT = 200; // milliseconds between two reports
const SEED = 1;
const CLASSES = 10;

const training = { isRunning: false, reported: 0, order: [], at: 0, α: 1, size: 10 };
let data = null;
let learner = null;
let random = null;

/** Random numbers from 0 to 1: mulberry32 by Tommy Ettinger (2017). */
function randomNumbers(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A random number of the normal distribution (Box and Muller 1958). */
function normal() {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** A new network; each weight has the variance 1 / n_{i−1}. */
function newNetwork(widths) {
  const weights = (n, inputs) =>
    Array.from({ length: n }, () =>
      Float64Array.from({ length: inputs }, () => normal() / Math.sqrt(inputs)),
    );
  return {
    W: widths.slice(1).map((n, i) => weights(n, widths[i])),
    b: widths.slice(1).map((n) => new Float64Array(n)),
    activations: widths.slice(1).map(() => "sigmoid"),
    loss: "squared_error",
  };
}

/** The digits as inputs from 0 to 1 and targets. */
function prepare({ pixels, labels, heldOut, greys }) {
  const size = pixels.length / labels.length;
  const xs = Array.from(labels, (_, n) =>
    Float64Array.from(pixels.subarray(n * size, (n + 1) * size), (grey) => grey / greys),
  );
  const ys = Array.from(labels, (label) =>
    Float64Array.from({ length: CLASSES }, (_, k) => Number(k === label)),
  );
  const count = labels.length - heldOut;
  return { xs, ys, labels, count, size };
}

function shuffle() {
  const order = Array.from({ length: data.count }, (_, n) => n);
  for (let n = order.length - 1; n > 0; n--) {
    const other = Math.floor(random() * (n + 1));
    [order[n], order[other]] = [order[other], order[n]];
  }
  training.order = order;
  training.at = 0;
}

/** One step of gradient descent on the next batch. */
function descend() {
  if (training.at >= training.order.length) shuffle();
  const batch = training.order.slice(training.at, training.at + training.size);
  const [xs, ys] = [batch.map((n) => data.xs[n]), batch.map((n) => data.ys[n])];
  learner = update(learner, batchGradients(learner, xs, ys), training.α);
  training.at += batch.length;
  training.seen += batch.length;
  training.steps += 1;
}

/** The answers to the held-out digits, and their mean error. */
function evaluate() {
  const answers = [];
  let E = 0;
  let right = 0;
  for (let n = data.count; n < data.xs.length; n++) {
    const x = forward(learner, data.xs[n]).x.at(-1);
    const answer = x.indexOf(Math.max(...x));
    answers.push(answer);
    E += error(learner.loss, x, data.ys[n]);
    right += Number(answer === data.labels[n]);
  }
  return { answers, right, E: E / answers.length };
}

function report() {
  training.reported = performance.now();
  const { attempt, steps, seen, isRunning } = training;
  const epochs = seen / data.count;
  postMessage({ attempt, steps, epochs, isRunning, network: learner, ...evaluate() });
}

/** Trains until it is paused. */
function run() {
  if (!training.isRunning) return;
  const end = performance.now() + SLICE;
  while (performance.now() < end) descend();
  if (performance.now() - training.reported > REPORT) report();
  setTimeout(run, 0);
}

const ACTIONS = {
  begin: ({ digits }) => (data = prepare(digits)),
  reset: ({ attempt, hidden }) => {
    random = randomNumbers(SEED);
    learner = newNetwork([data.size, hidden, CLASSES]);
    Object.assign(training, { isRunning: false, attempt, steps: 0, seen: 0 });
    shuffle();
    report();
  },
  set: ({ α, size }) => Object.assign(training, { α, size }),
  run: () => {
    if (training.isRunning) return;
    training.isRunning = true;
    run();
  },
  pause: () => {
    training.isRunning = false;
    report();
  },
  step: () => {
    training.isRunning = false;
    descend();
    report();
  },
};

onmessage = ({ data: message }) => ACTIONS[message.kind](message);
