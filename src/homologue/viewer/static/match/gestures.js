// @ts-check
// Taps, drags, pinches and wheel turns on an element. Positions are in CSS pixels from its top left
// corner.

const TAP_TOLERANCE = 4; // pixels that the pointer may move in a tap

export class Gestures {
  #pointers = new Map(); // id -> [x, y]
  #moved = false;

  // handlers: { tap(position), drag(right, down), zoom(position, factor) }
  constructor(element, handlers) {
    this.element = element;
    this.handlers = handlers;
    element.addEventListener("pointerdown", (event) => this.#down(event));
    element.addEventListener("pointermove", (event) => this.#move(event));
    element.addEventListener("pointerup", (event) => this.#up(event));
    element.addEventListener("pointercancel", (event) => this.#pointers.delete(event.pointerId));
    element.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
  }

  #position(event) {
    const box = this.element.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  #down(event) {
    if (event.button !== 0 || event.target.closest("button, a")) return;
    if (!this.#pointers.size) this.#moved = false;
    this.#pointers.set(event.pointerId, this.#position(event));
    this.start = this.#position(event);
  }

  #move(event) {
    const before = this.#pointers.get(event.pointerId);
    if (!before) return;
    const position = this.#position(event);
    if (this.#pointers.size === 2) this.#pinch(event.pointerId, before, position);
    else if (this.#moved || distance(position, this.start) > TAP_TOLERANCE) {
      if (!this.#moved) this.element.setPointerCapture(event.pointerId);
      this.#moved = true;
      this.handlers.drag(position[0] - before[0], position[1] - before[1]);
    } else return; // may still become a tap
    this.#pointers.set(event.pointerId, position);
  }

  #pinch(id, before, position) {
    this.#moved = true;
    const [other] = [...this.#pointers].filter(([key]) => key !== id).map(([, at]) => at);
    const apart = distance(before, other);
    const middle = [(position[0] + other[0]) / 2, (position[1] + other[1]) / 2];
    if (apart > 1) this.handlers.zoom(middle, distance(position, other) / apart);
    this.handlers.drag((position[0] - before[0]) / 2, (position[1] - before[1]) / 2);
  }

  #up(event) {
    const known = this.#pointers.delete(event.pointerId);
    if (known && !this.#moved && !this.#pointers.size) this.handlers.tap(this.#position(event));
  }

  #wheel(event) {
    // On a page that scrolls, the wheel zooms only with Ctrl, which browsers also report for a pinch.
    const page = document.scrollingElement ?? document.documentElement;
    if (!event.ctrlKey && page.scrollHeight > page.clientHeight + 1) return;
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    const turn = Math.max(-60, Math.min(60, event.deltaY * lines));
    this.handlers.zoom(this.#position(event), Math.exp(-turn * (event.ctrlKey ? 0.02 : 0.004)));
  }
}

function distance(a, b) {
  return Math.hypot(a[0] - b[0], a[1] - b[1]);
}
