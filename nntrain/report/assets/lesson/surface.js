// A surface z = f(x, y) in parallel projection, with a tangent plane.

const SURFACE = { width: 340, height: 290, cells: 20, scale: 64, lift: 0.11, elevation: 0.55 };
const PLANE = 0.75; // half its side, in the units of x and y

/**
 * A surface that is drawn.
 *
 * @typedef {object} Mesh
 * @property {(x: number, y: number, z: number) => object} project See `projection`.
 * @property {SVGPolygonElement} plane The tangent plane.
 * @property {SVGCircleElement} point
 */

/**
 * Draws the surface; `drawPlane` adds the tangent plane.
 *
 * @param {SVGSVGElement} root Its content is replaced.
 * @param {object} field `f`, `gradient`, and the bounds `xs` and `ys`.
 * @param {number} angle How far it is turned around the vertical axis, in degrees.
 * @returns {Mesh}
 */
function drawMesh(root, { f, xs, ys }, angle) {
  const cells = meshOf(xs, ys).map((cell) => ({ ...cell, height: f(...cell.middle) }));
  const heights = cells.map(({ height }) => height);
  const [least, most] = [Math.min(...heights), Math.max(...heights)];
  const project = projection((least + most) / 2, angle);
  const depthOf = ({ middle }) => project(...middle, 0).depth;
  cells.sort((a, b) => depthOf(b) - depthOf(a)); // what is nearer hides what is behind
  const faces = cells.map(({ corners, height }) => {
    const share = (100 * (height - least)) / (most - least);
    const points = corners.map(([x, y]) => project(x, y, f(x, y)).text).join(" ");
    return svg("polygon", { class: "face", points, style: `--share: ${share.toFixed(0)}%` });
  });
  const plane = svg("polygon", { class: "plane weight" });
  const point = svg("circle", { class: "dot plain", r: 5 });
  root.replaceChildren(...faces, ...axisNames(project, f, xs, ys), plane, point);
  return { project, plane, point };
}

/** Draws a piece of the tangent plane at a point: the steeper, the shorter its sides from above. */
function drawPlane({ project, plane, point }, { f, gradient }, at) {
  const [f0, [fx, fy]] = [f(at.x, at.y), gradient(at.x, at.y)];
  const half = PLANE / Math.hypot(1, SURFACE.lift * 3 * Math.hypot(fx, fy));
  const corners = [[-1, -1], [1, -1], [1, 1], [-1, 1]].map(([right, up]) => {
    const [dx, dy] = [right * half, up * half];
    return project(at.x + dx, at.y + dy, f0 + fx * dx + fy * dy).text;
  });
  plane.setAttribute("points", corners.join(" "));
  const { X, Y } = project(at.x, at.y, f0);
  point.setAttribute("cx", X);
  point.setAttribute("cy", Y);
}

/** From x, y and z to units of the drawing, with z = level at half its height, and the depth. */
function projection(level, angle) {
  const { width, height, scale, lift, elevation } = SURFACE;
  const [cos, sin] = [Math.cos((angle * Math.PI) / 180), Math.sin((angle * Math.PI) / 180)];
  return (x, y, z) => {
    const [right, depth] = [x * cos - y * sin, x * sin + y * cos];
    const up = depth * Math.sin(elevation) + lift * (z - level) * Math.cos(elevation);
    const [X, Y] = [width / 2 + scale * right, height / 2 - scale * up];
    return { X, Y, depth, text: `${X.toFixed(1)},${Y.toFixed(1)}` };
  };
}

/** The cells of a grid, each with its four corners [x, y] and its middle. */
function meshOf(xs, ys) {
  const { cells } = SURFACE;
  const [width, height] = [(xs[1] - xs[0]) / cells, (ys[1] - ys[0]) / cells];
  return Array.from({ length: cells * cells }, (_, k) => {
    const [x, y] = [xs[0] + (k % cells) * width, ys[0] + Math.floor(k / cells) * height];
    const corners = [[x, y], [x + width, y], [x + width, y + height], [x, y + height]];
    return { corners, middle: [x + width / 2, y + height / 2] };
  });
}

/** The names x and y at the ends of two edges. */
function axisNames(project, f, xs, ys) {
  return [
    ["x", xs[1] + 0.12, ys[0]],
    ["y", xs[0], ys[1] + 0.12],
  ].map(([name, x, y]) => {
    const { X, Y } = project(x, y, f(x, y));
    return svg("text", { class: "axis-name", x: X, y: Y, "text-anchor": "middle" }, name);
  });
}
