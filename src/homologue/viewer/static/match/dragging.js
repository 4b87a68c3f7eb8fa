// @ts-check
// Moving a point: with the pointer, or with the arrow keys.

const PAUSE = 350; // milliseconds after the last arrow key until the move counts
const SLACK = 3; // pixels that a click may move
const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Dragging {
  /** @type {{ id: string, x: number, y: number } | null} */
  #moved = null; // { id, x, y } of the point that is on its way
  #timer = 0;

  // of: { end, find(id), commit({ id, x, y }) }, the points that are moved: those at an end of the
  // stage; `commit` is called when one has been moved. changed: is called when a point is somewhere
  // else.
  constructor(stage, of, changed) {
    this.stage = stage;
    this.of = of;
    this.changed = changed;
  }

  // The point where it is now; another object while it is on its way.
  place(point) {
    return this.#moved?.id === point.id ? { ...point, ...this.#moved } : point;
  }

  begin(id, event) {
    event.preventDefault();
    this.settle();
    const disc = event.target.closest(".point");
    disc.focus({ preventScroll: true });
    disc.setPointerCapture(event.pointerId);
    const start = this.of.find(id);
    const [x, y] = this.stage.under(this.of.end, event.clientX, event.clientY);
    const grip = [start.x - x, start.y - y]; // the disc is not taken at its very middle
    const move = (moved) => this.#follow(id, moved, grip, event);
    const end = (ended) => {
      disc.removeEventListener("pointermove", move);
      disc.removeEventListener("pointerup", end);
      disc.removeEventListener("pointercancel", end);
      if (ended.type === "pointercancel") this.#moved = null;
      this.settle();
      this.changed();
    };
    disc.addEventListener("pointermove", move);
    disc.addEventListener("pointerup", end);
    disc.addEventListener("pointercancel", end);
  }

  #follow(id, event, grip, began) {
    const far = Math.hypot(event.clientX - began.clientX, event.clientY - began.clientY);
    if (!this.#moved && far <= SLACK) return;
    const [x, y] = this.stage.under(this.of.end, event.clientX, event.clientY);
    const [inX, inY] = this.#viewport.inside([x + grip[0], y + grip[1]]);
    this.#moved = { id, x: inX, y: inY };
    this.changed();
  }

  // Moves a point by an arrow key: a pixel of the screen, with Shift ten. False for other keys.
  press(id, event) {
    const way = WAYS[event.key];
    if (!way || event.ctrlKey || event.metaKey || event.altKey) return false;
    if (this.#moved?.id !== id) this.settle();
    const point = this.place(this.of.find(id));
    const step = (event.shiftKey ? 10 : 1) / this.#viewport.scale;
    const [x, y] = this.#viewport.inside([point.x + way[0] * step, point.y + way[1] * step]);
    this.#moved = { id, x, y };
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.settle(), PAUSE);
    this.changed();
    return true;
  }

  get #viewport() {
    return this.stage.panes[this.of.end].viewport;
  }

  // What is on its way has arrived.
  settle() {
    clearTimeout(this.#timer);
    const moved = this.#moved;
    this.#moved = null;
    if (moved && this.of.find(moved.id)) this.of.commit(moved);
  }
}
