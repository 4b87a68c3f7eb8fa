// @ts-check
// Moving a point with the pointer or the arrow keys.

import { ARROWS } from "../core/keys.js";

const COMMIT_DELAY = 350; // milliseconds after the last arrow key
const CLICK_TOLERANCE = 3; // pixels that the pointer may move in a click

export class Dragging {
  /** @type {{ id: string, x: number, y: number } | null} */
  #moved = null; // the uncommitted position of a point
  #timer = 0;

  // points: { end, find(id), commit({ id, x, y }) }, the points of one pane; commit() stores a new
  // position. redraw(): called whenever a point has moved.
  constructor(stage, points, redraw) {
    this.stage = stage;
    this.points = points;
    this.redraw = redraw;
  }

  // Return the point at its current position: the same object unless it is being moved.
  moved(point) {
    return this.#moved?.id === point.id ? { ...point, ...this.#moved } : point;
  }

  begin(id, event) {
    event.preventDefault();
    this.commit();
    const disc = event.target.closest(".point");
    disc.focus({ preventScroll: true });
    disc.setPointerCapture(event.pointerId);
    const start = this.points.find(id);
    const [x, y] = this.stage.pointAt(this.points.end, event.clientX, event.clientY);
    const grip = [start.x - x, start.y - y]; // offset of the point from the pointer
    const move = (moved) => this.#follow(id, moved, grip, event);
    const end = (ended) => {
      disc.removeEventListener("pointermove", move);
      disc.removeEventListener("pointerup", end);
      disc.removeEventListener("pointercancel", end);
      if (ended.type === "pointercancel") this.#moved = null;
      this.commit();
      this.redraw();
    };
    disc.addEventListener("pointermove", move);
    disc.addEventListener("pointerup", end);
    disc.addEventListener("pointercancel", end);
  }

  #follow(id, event, grip, start) {
    const distance = Math.hypot(event.clientX - start.clientX, event.clientY - start.clientY);
    if (!this.#moved && distance <= CLICK_TOLERANCE) return;
    const [x, y] = this.stage.pointAt(this.points.end, event.clientX, event.clientY);
    const [inX, inY] = this.#viewport.inside([x + grip[0], y + grip[1]]);
    this.#moved = { id, x: inX, y: inY };
    this.redraw();
  }

  // Move a point by an arrow key: by one screen pixel, by ten with Shift. Return false for other keys.
  press(id, event) {
    const direction = ARROWS[event.key];
    if (!direction || event.ctrlKey || event.metaKey || event.altKey) return false;
    if (this.#moved?.id !== id) this.commit();
    const point = this.moved(this.points.find(id));
    const step = (event.shiftKey ? 10 : 1) / this.#viewport.scale;
    const [x, y] = this.#viewport.inside([point.x + direction[0] * step, point.y + direction[1] * step]);
    this.#moved = { id, x, y };
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.commit(), COMMIT_DELAY);
    this.redraw();
    return true;
  }

  get #viewport() {
    return this.stage.panes[this.points.end].viewport;
  }

  // Commit the position of the point that is being moved, if any.
  commit() {
    clearTimeout(this.#timer);
    const moved = this.#moved;
    this.#moved = null;
    if (moved && this.points.find(moved.id)) this.points.commit(moved);
  }
}
