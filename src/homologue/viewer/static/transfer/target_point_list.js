// @ts-check
// The list of the enlarged target's points: their states, and buttons to hide or reset them.

import { colourOf, inkOn } from "../core/colours.js";
import { h, keyed, set, setText } from "../core/dom.js";

export class TargetPointList {
  element = h("ol", { class: "enlarged-points", "aria-label": "Points" });
  /** @type {any} */
  #row = null; // the target

  // select(id), focus(id): called with the id of a point.
  constructor(store, select, focus) {
    this.store = store;
    this.select = select;
    this.focus = focus;
  }

  show(row, points, selected) {
    this.#row = row;
    keyed(this.element, points, (point) => point.id, (point) => this.#make(point), (item, point) => update(item, point, selected));
  }

  #make({ id, number }) {
    const { store } = this;
    const disc = h("span", { class: "disc" }, String(number));
    disc.style.background = colourOf(number);
    disc.style.color = inkOn(number);
    const item = h(
      "li", { class: "row" },
      h("button", { class: "row-main", onclick: () => this.focus(id) },
        disc,
        h("span", { class: "row-text" }, h("span", { class: "row-places" }), h("span", { class: "row-state" }))),
      h("button", { class: "quiet hide", onclick: () => store.correct(this.#row.id, id, null) }, "Not visible"),
      h("button", { class: "quiet reset", onclick: () => store.reset(this.#row.id, id) }, "Reset"),
    );
    item.addEventListener("pointerenter", () => this.select(id));
    return item;
  }
}

function update(item, point, selected) {
  const [main, hide, reset] = item.children;
  const [name, state] = main.lastChild.children;
  item.classList.toggle("selected", point.id === selected);
  setText(name, point.name === String(point.number) ? `Point ${point.number}` : point.name);
  setText(state, stateOf(point));
  state.classList.toggle("problem", Boolean(point.low || point.stale));
  set(hide, { hidden: Boolean(point.hidden || point.own), "aria-label": `Not visible: point ${point.name}` });
  set(reset, { hidden: !point.corrected, "aria-label": `Reset: point ${point.name}` });
}

function stateOf(point) {
  if (point.own) return "As in the source";
  if (point.missing) return "Not located yet";
  if (point.corrected) {
    const state = point.hidden ? "Not visible" : "Corrected";
    return point.stale ? `${state}, but the source point has moved since` : state;
  }
  return point.low ? `Low score ${point.score.toFixed(2)}` : `Found, score ${point.score.toFixed(2)}`;
}
