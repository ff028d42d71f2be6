// Contour lines of a function of x and y, by marching squares.

// For each edge of a cell, its two corners; corners count from bottom left, anticlockwise.
const CELL_EDGES = [
  [0, 1],
  [1, 2],
  [2, 3],
  [3, 0],
];

/**
 * The contour lines f(x, y) = level, each as the attribute of a path.
 *
 * @param {Plot} plot
 * @param {(x: number, y: number) => number} f
 * @param {number[]} levels
 * @param {number} [cells] Of the grid, along each axis.
 * @returns {string[]}
 */
function contours(plot, f, levels, cells = 48) {
  const [[left, right], [low, high]] = [plot.xs, plot.ys];
  const place = (column, row) => [
    left + ((right - left) * column) / cells,
    low + ((high - low) * row) / cells,
  ];
  const grid = Array.from({ length: cells + 1 }, (_, row) =>
    Float64Array.from({ length: cells + 1 }, (_, column) => f(...place(column, row))),
  );
  const lines = levels.map(() => []);
  for (let row = 0; row < cells; row++) {
    for (let column = 0; column < cells; column++) {
      const [below, above] = [grid[row], grid[row + 1]];
      const values = [below[column], below[column + 1], above[column + 1], above[column]];
      const [least, greatest] = [Math.min(...values), Math.max(...values)];
      levels.forEach((level, k) => {
        if (level <= least || level > greatest) return;
        const offsets = [[0, 0], [1, 0], [1, 1], [0, 1]];
        const corners = offsets.map(([right, up]) => place(column + right, row + up));
        lines[k].push(...cellSegments(corners, values, level));
      });
    }
  }
  return lines.map((segments) => segments.map((ends) => pathThrough(plot, ends)).join(""));
}

/** The pieces of a contour line in a cell, from its corners and f at them. */
function cellSegments(corners, values, level) {
  const isBelow = (corner) => values[corner] < level;
  const crossings = CELL_EDGES.filter(([a, b]) => isBelow(a) !== isBelow(b)).map(([a, b]) => {
    const t = (level - values[a]) / (values[b] - values[a]);
    return [0, 1].map((axis) => corners[a][axis] + t * (corners[b][axis] - corners[a][axis]));
  });
  // Four crossings: a saddle lies in the cell; either way to connect them is right at this size.
  return crossings.length === 4 ? [crossings.slice(0, 2), crossings.slice(2)] : [crossings];
}
