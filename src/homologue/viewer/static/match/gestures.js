// @ts-check
// Taps, drags, pinches and turns of the wheel on an element; places are from its top left corner.

const SLACK = 4; // pixels that a tap may move

export class Gestures {
  #pointers = new Map(); // id -> [x, y]
  #moved = false;

  // to: { tap(place), drag(right, down), zoom(place, factor) }
  constructor(element, to) {
    this.element = element;
    this.to = to;
    element.addEventListener("pointerdown", (event) => this.#down(event));
    element.addEventListener("pointermove", (event) => this.#move(event));
    element.addEventListener("pointerup", (event) => this.#up(event));
    element.addEventListener("pointercancel", (event) => this.#pointers.delete(event.pointerId));
    element.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
  }

  #place(event) {
    const box = this.element.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  #down(event) {
    if (event.button !== 0 || event.target.closest("button, a")) return;
    if (!this.#pointers.size) this.#moved = false;
    this.#pointers.set(event.pointerId, this.#place(event));
    this.start = this.#place(event);
  }

  #move(event) {
    const before = this.#pointers.get(event.pointerId);
    if (!before) return;
    const place = this.#place(event);
    if (this.#pointers.size === 2) this.#pinch(event.pointerId, before, place);
    else if (this.#moved || distance(place, this.start) > SLACK) {
      if (!this.#moved) this.element.setPointerCapture(event.pointerId);
      this.#moved = true;
      this.to.drag(place[0] - before[0], place[1] - before[1]);
    } else return; // still may be a tap
    this.#pointers.set(event.pointerId, place);
  }

  #pinch(id, before, place) {
    this.#moved = true;
    const [other] = [...this.#pointers].filter(([key]) => key !== id).map(([, at]) => at);
    const apart = distance(before, other);
    const middle = [(place[0] + other[0]) / 2, (place[1] + other[1]) / 2];
    if (apart > 1) this.to.zoom(middle, distance(place, other) / apart);
    this.to.drag((place[0] - before[0]) / 2, (place[1] - before[1]) / 2);
  }

  #up(event) {
    const known = this.#pointers.delete(event.pointerId);
    if (known && !this.#moved && !this.#pointers.size) this.to.tap(this.#place(event));
  }

  #wheel(event) {
    // Where the page scrolls, the wheel scrolls it, unless Ctrl says otherwise (as a pinch does).
    const page = document.scrollingElement ?? document.documentElement;
    if (!event.ctrlKey && page.scrollHeight > page.clientHeight + 1) return;
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    const turn = Math.max(-60, Math.min(60, event.deltaY * lines));
    this.to.zoom(this.#place(event), Math.exp(-turn * (event.ctrlKey ? 0.02 : 0.004)));
  }
}

function distance(one, other) {
  return Math.hypot(one[0] - other[0], one[1] - other[1]);
}
