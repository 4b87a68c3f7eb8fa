// @ts-check
// The points of the enlarged target: dragged, moved by keys, confirmed, hidden, reset.

import { find, keyed, s, set } from "../core/dom.js";
import { beforeFrame } from "../core/scheduling.js";
import { Dragging } from "../match/dragging.js";
import { place } from "../match/progress_text.js";
import { drawMark, makeMark } from "./marks.js";

const RADIUS = 11; // pixels, with type of 15 pixels

export class LargePoints {
  #marks = s("g");
  #points = [];
  /** @type {any} */
  #row = null; // see Sheet
  #selected = null;
  ask = beforeFrame(() => this.draw());

  // select: is called with the id of a point that a person turns to.
  constructor(stage, session, sheet, select) {
    this.stage = stage;
    this.session = session;
    this.sheet = sheet;
    const find = (id) => this.#find(id);
    const commit = ({ id, x, y }) => sheet.correct(this.#row.id, id, [x, y]);
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

  // points: see Sheet.points.
  show(row, points, selected) {
    if (this.#row && this.#row.id !== row.id) this.dragging.settle();
    this.#row = row;
    this.#points = points;
    this.#selected = selected;
    this.draw();
  }

  draw() {
    const placer = this.stage.placer("target");
    const radius = (this.stage.type / 15) * RADIUS;
    const seen = this.#points
      .filter((point) => point.x !== undefined)
      .map((point) => this.dragging.place(point))
      .map((point) => ({ ...point, at: placer([point.x, point.y]) }))
      .filter((point) => point.at.seen);
    const focused = this.#marks.contains(document.activeElement);
    const stop = seen.find((point) => point.id === this.#selected) ?? seen[0];
    keyed(this.#marks, seen, (point) => point.id, make, (node, point) => {
      drawMark(node, { ...point, ...point.at }, radius);
      set(node, { tabindex: point === stop ? "0" : "-1", "aria-label": label(point) });
      node.classList.toggle("focus", point.id === this.#selected);
    });
    // The dialog's keys are heard where the focus is: it goes nowhere with a mark that goes.
    if (focused && !this.#marks.contains(document.activeElement)) this.#focusPicture();
  }

  // Moves the keyboard's focus to a point, if it is seen.
  focus(id) {
    find(this.#marks, `[data-key="${CSS.escape(id)}"]`)?.focus();
  }

  // To the next or the previous point that is seen.
  step(by, from) {
    const there = this.#points.filter((point) => point.x !== undefined);
    if (!there.length) return;
    const at = there.findIndex((point) => point.id === from);
    const next = at < 0 ? 0 : (at + by + there.length) % there.length;
    this.focus(there[next].id);
  }

  #find(id) {
    return this.#points.find((point) => point.id === id && point.x !== undefined);
  }

  #press(event) {
    const point = this.#find(event.target.closest(".carried")?.dataset.key);
    if (!point || point.own || event.ctrlKey || event.metaKey || event.altKey) return;
    const target = this.#row.id;
    if (event.key === "Delete" || event.key === "Backspace") this.#hide(target, point.id);
    else if (event.key === "Enter") this.sheet.correct(target, point.id, [point.x, point.y]);
    else if (event.key.toLowerCase() === "r") this.sheet.reset(target, point.id);
    else if (!this.dragging.press(point.id, event)) return;
    event.preventDefault();
  }

  #hide(target, id) {
    const there = this.#points.filter((point) => point.x !== undefined);
    const at = there.findIndex((point) => point.id === id);
    const next = there[at + 1] ?? there[at - 1];
    this.sheet.correct(target, id, null);
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
  const parts = [`Point ${point.name} at ${place(point)}`];
  if (typeof point.score === "number") parts.push(`score ${point.score.toFixed(2)}${point.low ? ", low" : ""}`);
  if (point.corrected) parts.push(point.stale ? "corrected, outdated" : "corrected");
  return parts.join(", ");
}
