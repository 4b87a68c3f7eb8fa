// @ts-check
// The points of the enlarged target as a list: what is known of each, and what can be done to it.

import { colourOf, inkOn } from "../core/colours.js";
import { h, keyed, set, write } from "../core/dom.js";

export class LargeList {
  element = h("ol", { class: "enlarged-points", "aria-label": "Points" });
  /** @type {any} */
  #row = null; // see Sheet

  // select, focus: are called with the id of a point.
  constructor(sheet, select, focus) {
    this.sheet = sheet;
    this.select = select;
    this.focus = focus;
  }

  show(row, points, selected) {
    this.#row = row;
    keyed(this.element, points, (point) => point.id, (point) => this.#make(point), (item, point) => update(item, point, selected));
  }

  #make({ id, number }) {
    const { sheet } = this;
    const disc = h("span", { class: "disc" }, String(number));
    disc.style.background = colourOf(number);
    disc.style.color = inkOn(number);
    const item = h(
      "li", { class: "row" },
      h("button", { class: "row-main", onclick: () => this.focus(id) },
        disc,
        h("span", { class: "row-text" }, h("span", { class: "row-places" }), h("span", { class: "row-state" }))),
      h("button", { class: "quiet hide", onclick: () => sheet.correct(this.#row.id, id, null) }, "Not visible"),
      h("button", { class: "quiet reset", onclick: () => sheet.reset(this.#row.id, id) }, "Reset"),
    );
    item.addEventListener("pointerenter", () => this.select(id));
    return item;
  }
}

function update(item, point, selected) {
  const [main, hide, reset] = item.children;
  const [name, state] = main.lastChild.children;
  item.classList.toggle("selected", point.id === selected);
  write(name, point.name === String(point.number) ? `Point ${point.number}` : point.name);
  write(state, stateOf(point));
  state.classList.toggle("problem", Boolean(point.low || point.stale));
  set(hide, { hidden: Boolean(point.hidden || point.own), "aria-label": `Not visible: point ${point.name}` });
  set(reset, { hidden: !point.corrected, "aria-label": `Reset: point ${point.name}` });
}

function stateOf(point) {
  if (point.own) return "As in the source";
  if (point.missing) return "Not found yet";
  if (point.corrected) {
    const what = point.hidden ? "Not visible" : "Corrected";
    return point.stale ? `${what}; moved in the source since` : what;
  }
  const score = `score ${point.score.toFixed(2)}`;
  return point.low ? `Unsure, ${score}` : `Found, ${score}`;
}
