// From strokes to a picture like MNIST's.

/**
 * A stroke is the path of the pen between pressing and lifting it. x points to the right and y
 * downwards, in units of the paper's side, or in pixels from the centre of the first pixel.
 *
 * @typedef {object} Point
 * @property {number} x
 * @property {number} y
 * @typedef {Point[]} Stroke
 */

// MNIST's digits fit into 20 × 20 of 28 × 28 pixels (LeCun et al. 1998). PEN is half the width of
// their lines. Both are relative to the picture's side.
const BOX = 20 / 28;
const PEN = 1.2 / 28;
const EDGE = 1; // width of a line's soft edge, in pixels

/**
 * Draws strokes as a picture like MNIST's: scaled to the box with their aspect ratio kept, the
 * centre of mass in the middle. The pen is not scaled, so the size of the drawing has no effect.
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
 * @returns {object} `middle`, a Point, and `size`.
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
 * Draws with a round pen with soft edges; overlapping lines are no darker.
 *
 * @param {Stroke[]} strokes In pixels.
 * @param {number} side
 * @param {number} pen Half its width, in pixels.
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

/** The line segments between successive points; for a dot, a segment of length 0. */
const segmentsOf = (stroke) => stroke.map((point, i) => [stroke[Math.max(0, i - 1)], point]);

/** The distance of a point from the segment between a and b. */
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
 * @returns {Point} In pixels; NaN for an empty picture.
 */
function centreOfMass(ink, side) {
  const mass = sum(ink);
  return {
    x: sum(ink.map((share, at) => share * (at % side))) / mass,
    y: sum(ink.map((share, at) => share * Math.floor(at / side))) / mass,
  };
}
