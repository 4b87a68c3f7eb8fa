// @ts-check
// The points of the enlarged target, which can be dragged, moved by keys, confirmed, hidden and reset.

import { find, keyed, s, set } from "../core/dom.js";
import { beforeFrame } from "../core/scheduling.js";
import { Dragging } from "../match/dragging.js";
import { formatPoint } from "../match/progress_text.js";
import { drawMark, makeMark } from "./marks.js";

const RADIUS = 11; // pixels, at a font size of 15 pixels

export class TargetPoints {
  #marks = s("g");
  #points = [];
  /** @type {any} */
  #row = null; // the target
  #selected = null;
  drawSoon = beforeFrame(() => this.draw());

  // select(id): called with the id of the point that gets the keyboard focus.
  constructor(stage, session, store, select) {
    this.stage = stage;
    this.session = session;
    this.store = store;
    const find = (id) => this.#find(id);
    const commit = ({ id, x, y }) => store.correct(this.#row.id, id, [x, y]);
    this.dragging = new Dragging(stage, { end: "target", find, commit }, () => this.draw());
    stage.overlay.append(this.#marks);
    stage.overlay.addEventListener("pointerdown", (event) => {
      const id = event.target.closest(".carried")?.dataset.key;
      if (!id || event.button !== 0 || this.#find(id).own) return;
      this.dragging.begin(id, event);
    });
    stage.overlay.addEventListener("focusin", (event) => select(event.target.dataset.key));
    stage.overlay.addEventListener("keydown", (event) => this.#press(event));
  }

  // points: see TargetStore.points.
  show(row, points, selected) {
    if (this.#row && this.#row.id !== row.id) this.dragging.commit();
    this.#row = row;
    this.#points = points;
    this.#selected = selected;
    this.draw();
  }

  draw() {
    const placer = this.stage.placer("target");
    const radius = (this.stage.fontSize / 15) * RADIUS;
    const visible = this.#located
      .map((point) => this.dragging.moved(point))
      .map((point) => ({ ...point, at: placer([point.x, point.y]) }))
      .filter((point) => point.at.visible);
    const focused = this.#marks.contains(document.activeElement);
    const stop = visible.find((point) => point.id === this.#selected) ?? visible[0];
    keyed(this.#marks, visible, (point) => point.id, make, (node, point) => {
      drawMark(node, { ...point, ...point.at }, radius);
      set(node, { tabindex: point === stop ? "0" : "-1", "aria-label": label(point) });
      node.classList.toggle("focus", point.id === this.#selected);
    });
    // Removing the focused mark would drop the focus from the dialog, and with it the dialog's shortcuts.
    if (focused && !this.#marks.contains(document.activeElement)) this.#focusPicture();
  }

  // Move the keyboard focus to a point, if it is visible.
  focus(id) {
    find(this.#marks, `[data-key="${CSS.escape(id)}"]`)?.focus();
  }

  // Move the keyboard focus to the next (1) or the previous (-1) point.
  step(by, from) {
    const points = this.#located;
    if (!points.length) return;
    const index = points.findIndex((point) => point.id === from);
    this.focus(points[index < 0 ? 0 : (index + by + points.length) % points.length].id);
  }

  get #located() {
    return this.#points.filter((point) => point.x !== undefined);
  }

  #find(id) {
    return this.#located.find((point) => point.id === id);
  }

  #press(event) {
    const point = this.#find(event.target.closest(".carried")?.dataset.key);
    if (!point || point.own || event.ctrlKey || event.metaKey || event.altKey) return;
    const target = this.#row.id;
    if (event.key === "Delete" || event.key === "Backspace") this.#hide(target, point.id);
    else if (event.key === "Enter") this.store.correct(target, point.id, [point.x, point.y]);
    else if (event.key.toLowerCase() === "r") this.store.reset(target, point.id);
    else if (!this.dragging.press(point.id, event)) return;
    event.preventDefault();
  }

  #hide(target, id) {
    const points = this.#located;
    const index = points.findIndex((point) => point.id === id);
    const next = points[index + 1] ?? points[index - 1];
    this.store.correct(target, id, null);
    if (next) this.focus(next.id);
    else this.#focusPicture();
  }

  #focusPicture() {
    this.stage.panes.target.well.focus();
  }
}

function make() {
  return set(makeMark(), { role: "button" });
}

function label(point) {
  const parts = [`Point ${point.name} at ${formatPoint(point)}`];
  if (typeof point.score === "number") parts.push(`score ${point.score.toFixed(2)}${point.low ? ", low" : ""}`);
  if (point.corrected) parts.push(point.stale ? "corrected, outdated" : "corrected");
  return parts.join(", ");
}
