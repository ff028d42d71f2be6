// What all sections of the lesson share: the page's data, and how numbers and symbols are written.

/**
 * The data that are embedded in the page; see `_data` in lesson.py.
 *
 * @typedef {object} Lesson
 * @property {Network} network
 * @property {{x: number[], y: number[]}[]} rows The first rows: x_0 and y.
 * @property {number} α The learning rate.
 * @property {string[]} classes The name of each output.
 * @property {string} command Prints the numbers that the page opens with.
 * @property {object} digits See `demo_set` in lesson_digits.py.
 */

const byId = (id) => document.getElementById(id);

/** @type {Lesson} */
const lesson = JSON.parse(byId("lesson-data").textContent);

/** Whether the reader wants nothing to move by itself. */
const isStill = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** A number as a factor or summand: in parentheses if it is negative. */
const bracketed = (value) => (value < 0 ? `(${numeral(value)})` : numeral(value));

/** A number in the colour of its quantity, as HTML. */
const coloured = (quantity, value) => `<span class="${quantity}">${bracketed(value)}</span>`;

/** The number that a calculation ends with, as HTML. */
const outcome = (quantity, value) => `<strong class="${quantity}">${numeral(value)}</strong>`;

/** A symbol of the lecture in its colour, as HTML; `symbol("W_2", 1, 3)` is an entry of it. */
function symbol(name, ...entry) {
  const element = symbolElement(name);
  if (name === "y") element.classList.replace("x", "target");
  if (entry.length && name.includes("_")) {
    element.prepend("(");
    element.append(")");
  }
  if (entry.length) element.append(html("sub", {}, entry.join("")));
  return element.outerHTML;
}

/** The symbol of a weight or a bias, as HTML. */
function parameterSymbol({ i, j, k }) {
  return k === null ? symbol(`b_${i}`, j + 1) : symbol(`W_${i}`, j + 1, k + 1);
}

/**
 * Connects a slider of a template with its output and an action.
 *
 * @param {string} id
 * @param {(value: number) => string} format
 * @param {(value: number) => void} act Called after each change by the reader.
 * @returns {{value: number, set: (value: number) => void}} `set` does not act, and keeps a
 *   value between two steps.
 */
function slider(id, format, act) {
  const [input, output] = [byId(id), byId(`${id}-value`)];
  let current;
  const show = (value) => {
    current = value;
    output.textContent = format(value);
    input.setAttribute("aria-valuetext", output.textContent);
  };
  input.addEventListener("input", () => {
    show(Number(input.value));
    act(current);
  });
  show(Number(input.value));
  return {
    get value() {
      return current;
    },
    set(value) {
      input.value = value; // rounded to a step
      show(value);
    },
  };
}

/**
 * Connects radio buttons of a template with an action.
 *
 * @param {string} name
 * @param {(value: string) => void} act
 */
function onChoice(name, act) {
  for (const input of document.querySelectorAll(`input[name="${name}"]`)) {
    input.addEventListener("change", () => act(input.value));
  }
}
