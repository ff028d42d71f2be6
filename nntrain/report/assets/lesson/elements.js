// Elements of the page: HTML, SVG, and the lecture's symbols and matrices.

/**
 * An HTML element.
 *
 * @param {string} tag
 * @param {Object<string, string>} attributes
 * @param {...(Node | string)} children
 */
function html(tag, attributes = {}, ...children) {
  return withContent(document.createElement(tag), attributes, children);
}

/** An SVG element; the arguments are those of `html`. */
function svg(tag, attributes = {}, ...children) {
  return withContent(
    document.createElementNS("http://www.w3.org/2000/svg", tag),
    attributes,
    children,
  );
}

function withContent(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** A number as `nntrain trace` prints it: four decimals, or two digits of small and large ones. */
function numeral(value) {
  const size = Math.abs(value);
  const isPlain = size === 0 || (size >= 0.0005 && size < 1e5);
  if (!isPlain)
    return value
      .toExponential(1)
      .replace(/e([+-])(\d)$/, "e$10$2")
      .replaceAll("-", "−");
  const text = value.toFixed(4).replace("-", "−");
  return Number(value.toFixed(4)) === 0 ? text.replace("−", "") : text;
}

/** A number with few decimals, where there is little room. */
function shortNumeral(value) {
  const rounded = value.toFixed(2);
  return (Number(rounded) === 0 ? "0.00" : rounded).replaceAll("-", "−");
}

/** The quantity that a symbol belongs to, whose colour it has: "x", "weight", "delta", "target". */
function quantityOf(symbol) {
  if (/^(δ|∂)/.test(symbol)) return "delta";
  if (/^[Wb]/.test(symbol)) return "weight";
  if (symbol === "y") return "target";
  return /^[xzσ]/.test(symbol) ? "x" : "plain";
}

/** A symbol such as "∂E/∂W_2", with its index as a subscript. */
function symbolElement(symbol) {
  const parts = symbol.split(/_(\w+)/);
  const nodes = parts.map((part, at) => (at % 2 ? html("sub", {}, part) : part));
  return html("span", { class: `symbol ${quantityOf(symbol)}` }, ...nodes);
}

/** The rows of a matrix, a column or a number. */
function rowsOf(value) {
  if (typeof value === "number") return [[value]];
  return typeof value[0] === "number" ? value.map((v) => [v]) : value;
}

/** The shape of a matrix or a column, such as "4×3"; "" for a number. */
function shapeOf(value) {
  return typeof value === "number" ? "" : `${rowsOf(value).length}×${rowsOf(value)[0].length}`;
}

/** A matrix, a column or a number with its brackets; screen readers read it row by row. */
function matrixElement(symbol, value) {
  const rows = rowsOf(value);
  const quantity = quantityOf(symbol);
  if (typeof value === "number")
    return html("span", { class: `scalar ${quantity}` }, numeral(value));
  const spoken = rows.map((row) => row.map(numeral).join(", ")).join("; ");
  const cells = rows.flat().map((v) => html("span", {}, numeral(v)));
  const label = `${symbol.replace("_", " ")}, ${shapeOf(value)}: ${spoken}`;
  const attributes = { class: `matrix ${quantity}`, role: "img", "aria-label": label };
  const element = html("span", attributes, ...cells);
  element.style.setProperty("--columns", rows[0].length);
  return element;
}
