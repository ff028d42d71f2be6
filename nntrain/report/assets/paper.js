// Paper to draw on, with the mouse, a pen, a finger or the keyboard.

const LINE = 1 / 15; // width of a line relative to the paper's side
const STEP = 1 / 28;
const LARGE_STEP = 1 / 7;
/** The direction of each key, as on the number pad. */
const MOVES = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
  Home: [-1, -1],
  PageUp: [1, -1],
  End: [-1, 1],
  PageDown: [1, 1],
};

const onPaper = (share) => Math.min(1, Math.max(0, share));

/** The strokes on a square canvas, and the pen. */
class Paper {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {object} events
   * @param {() => void} events.changed Called while something is drawn.
   * @param {() => void} events.lifted Called after each stroke, and after undo and clear.
   * @param {() => void} events.down Called when the keyboard puts the pen down.
   */
  constructor(canvas, events) {
    this.canvas = canvas;
    this.events = events;
    /** @type {Stroke[]} */
    this.strokes = [];
    /** @type {Stroke | null} The stroke being drawn, the last one. */
    this.stroke = null;
    /** @type {Point} Position of the keyboard's pen. */
    this.pen = { x: 0.5, y: 0.5 };
    this.penIsShown = false;
    this.listenToPointers();
    this.listenToKeys();
  }

  colour(name) {
    return getComputedStyle(this.canvas).getPropertyValue(`--board-${name}`);
  }

  /** Redraws the strokes and the keyboard's pen. */
  draw() {
    const context = this.canvas.getContext("2d");
    const side = this.canvas.width;
    context.clearRect(0, 0, side, side);
    context.strokeStyle = this.colour("ink");
    context.lineWidth = LINE * side;
    context.lineCap = context.lineJoin = "round";
    for (const [first, ...others] of this.strokes) {
      context.beginPath();
      context.moveTo(first.x * side, first.y * side);
      for (const { x, y } of others.length > 0 ? others : [first]) {
        context.lineTo(x * side, y * side);
      }
      context.stroke();
    }
    if (this.penIsShown) {
      const { x, y } = this.pen;
      context.beginPath();
      context.arc(x * side, y * side, (0.7 + 0.3 * !this.stroke) * LINE * side, 0, 2 * Math.PI);
      context.strokeStyle = this.colour("accent");
      context.lineWidth = 0.15 * LINE * side;
      context.stroke();
    }
  }

  begin(point) {
    this.stroke = [point];
    this.strokes.push(this.stroke);
    this.events.changed();
  }

  lift() {
    this.stroke = null;
    this.events.lifted();
  }

  undo() {
    this.strokes.pop();
    this.lift();
  }

  clear() {
    this.strokes = [];
    this.lift();
  }

  /* ---------------------------------------------------------------------- mouse, pen and finger */

  /** The pointer's position on the paper. */
  pointOf(event) {
    const { left, top, width, height } = this.canvas.getBoundingClientRect();
    return {
      x: onPaper((event.clientX - left) / width),
      y: onPaper((event.clientY - top) / height),
    };
  }

  listenToPointers() {
    const { canvas } = this;
    canvas.addEventListener("pointerdown", (event) => {
      if (!event.isPrimary || event.button !== 0) return;
      canvas.setPointerCapture(event.pointerId);
      this.penIsShown = false;
      this.begin(this.pointOf(event));
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!this.stroke || !canvas.hasPointerCapture(event.pointerId)) return;
      // Pointers are sampled more often than events are sent.
      const passed = event.getCoalescedEvents?.() ?? [];
      const points = passed.length > 0 ? passed : [event];
      this.stroke.push(...points.map((each) => this.pointOf(each)));
      this.events.changed();
    });
    for (const end of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(end, (event) => {
        if (this.stroke && canvas.hasPointerCapture(event.pointerId)) this.lift();
      });
    }
  }

  /* ----------------------------------------------------------------------------------- keyboard */

  move([right, down], step) {
    this.pen = { x: onPaper(this.pen.x + step * right), y: onPaper(this.pen.y + step * down) };
    if (this.stroke) this.stroke.push(this.pen);
    this.events.changed();
  }

  putDownOrLift() {
    if (this.stroke) {
      this.lift();
    } else {
      this.begin(this.pen);
      this.events.down();
    }
  }

  /** The action of a key; null if it has none. */
  actionOf({ key, shiftKey, ctrlKey, metaKey, altKey, repeat }) {
    if (altKey) return null;
    if (ctrlKey || metaKey) return key === "z" ? () => this.undo() : null;
    if (key in MOVES) return () => this.move(MOVES[key], shiftKey ? LARGE_STEP : STEP);
    if (key === "Escape") return () => this.clear();
    if (key === " " || key === "Enter") return repeat ? () => {} : () => this.putDownOrLift();
    return null;
  }

  listenToKeys() {
    const { canvas } = this;
    canvas.addEventListener("keydown", (event) => {
      const action = this.actionOf(event);
      if (!action) return;
      event.preventDefault(); // keeps the page from scrolling
      this.penIsShown = true;
      action();
    });
    canvas.addEventListener("focus", () => {
      this.penIsShown = canvas.matches(":focus-visible");
      this.events.changed();
    });
    canvas.addEventListener("blur", () => {
      this.penIsShown = false;
      if (this.stroke) this.lift();
      this.events.changed();
    });
  }
}
