// Questions to predict an answer to, which the page then computes.

/**
 * @typedef {object} Question
 * @property {string | (() => string)} text HTML.
 * @property {string[] | (() => string[])} choices HTML.
 * @property {() => number} answer The index of the right choice, from the page's present numbers.
 * @property {() => string} why One sentence, HTML.
 */

let questions = 0;

const resolved = (given) => (typeof given === "function" ? given() : given);

/**
 * Adds a question: the reader chooses, presses a button, and reads the answer and why.
 *
 * @param {HTMLElement} container
 * @param {Question} given
 * @returns {{refresh: () => void}} `refresh` asks again, with the present numbers.
 */
function question(container, { text, choices, answer, why }) {
  const name = `question-${++questions}`;
  const form = document.createElement("form");
  form.className = "question";
  form.innerHTML = `<fieldset><legend></legend><div class="choices"></div></fieldset>
    <button type="submit">Check</button>
    <p class="answer" role="status"></p>`;
  const find = (css) => form.querySelector(css);
  const [legend, list, told] = ["legend", ".choices", ".answer"].map(find);
  const refresh = () => {
    legend.innerHTML = resolved(text);
    const button = (k) => `<input type="radio" name="${name}" value="${k}">`;
    const labels = resolved(choices).map((choice, k) => `<label>${button(k)} ${choice}</label>`);
    list.innerHTML = labels.join("");
    told.replaceChildren();
    form.removeAttribute("data-result");
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const chosen = form.querySelector("input:checked");
    if (!chosen) {
      told.textContent = "Choose an answer first.";
      return;
    }
    const right = answer();
    const isRight = Number(chosen.value) === right;
    form.dataset.result = isRight ? "right" : "wrong";
    const verdict = isRight ? "Right." : `No: ${resolved(choices)[right]}.`;
    told.innerHTML = `<strong>${verdict}</strong> ${why()}`;
  });
  refresh();
  container.append(form);
  return { refresh };
}
