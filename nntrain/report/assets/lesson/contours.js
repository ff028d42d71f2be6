// Contour lines of a function of x and y, by marching squares.

// For each edge of a cell, its two corners; corners count from bottom left, anticlockwise.
const CELL_EDGES = [
  [0, 1],
  [1, 2],
  [2, 3],
  [3, 0],
];

/**
 * The contour line f(x, y) = level, as the attribute of a path.
 *
 * @param {Plot} plot
 * @param {(x: number, y: number) => number} f
 * @param {number} level
 * @param {number} [cells] Of the grid, along each axis.
 */
function contour(plot, f, level, cells = 48) {
  const [[left, right], [low, high]] = [plot.xs, plot.ys];
  const [width, height] = [(right - left) / cells, (high - low) / cells];
  const segments = [];
  for (let row = 0; row < cells; row++) {
    for (let column = 0; column < cells; column++) {
      const [x, y] = [left + column * width, low + row * height];
      const corners = [[x, y], [x + width, y], [x + width, y + height], [x, y + height]];
      segments.push(...cellSegments(corners, corners.map(([a, b]) => f(a, b) - level)));
    }
  }
  return segments.map((ends) => pathThrough(plot, ends)).join("");
}

/** The pieces of the line in a cell, from its corners and f − level at them. */
function cellSegments(corners, values) {
  const crossings = CELL_EDGES.filter(([a, b]) => values[a] < 0 !== values[b] < 0).map(([a, b]) => {
    const t = values[a] / (values[a] - values[b]);
    return [0, 1].map((axis) => corners[a][axis] + t * (corners[b][axis] - corners[a][axis]));
  });
  // Four crossings: a saddle lies in the cell; either way to connect them is right at this size.
  return crossings.length === 4 ? [crossings.slice(0, 2), crossings.slice(2)] : crossings.length ? [crossings] : [];
}
