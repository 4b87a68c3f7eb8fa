// @ts-check
// The table of a pair's points: name, error, score, verdict.

import { h, keyed, set, setText } from "../core/dom.js";
import { COLOURS, verdictOf } from "./verdicts.js";

const SIGNS = { right: "✓", wrong: "✕", unknown: "–" };
const LABELS = { right: "correct", wrong: "wrong", unknown: "not scored" };

export class PointTable {
  #body = h("tbody", {});
  #unit = h("th", { scope: "col" }, "Error");

  constructor(viewState, choose) {
    this.viewState = viewState;
    this.choose = choose;
    this.facts = h("dl", { class: "pair-table-facts" });
    const head = h("tr", {}, h("th", { scope: "col", colspan: "2" }, "Point"), this.#unit, h("th", { scope: "col" }, "Score"), h("th", {}));
    this.element = h(
      "section", { class: "card point-table", "aria-label": "Points" },
      h("div", { class: "table-scroll" }, h("table", { class: "facts" }, h("thead", {}, head), this.#body)),
      this.facts,
    );
    this.#body.addEventListener("pointerleave", () => viewState.set("hovered", null));
  }

  show(pair) {
    set(this.#unit, { title: `In units of the threshold (${pair.threshold})` });
    keyed(this.#body, pair.points, (point) => point.number, (point) => this.#make(String(point.number)), (row, point) => this.#draw(row, point));
    keyed(this.facts, factsOf(pair), ([name]) => name, ([name]) => h("div", {}, h("dt", {}, name), h("dd", {})), (node, [, value]) => setText(node.children[1], value));
  }

  #make(id) {
    const row = h(
      "tr", {},
      h("td", {}, h("button", { class: "disc", onclick: () => this.choose(id) })),
      h("th", { scope: "row" }), h("td", { class: "number" }), h("td", { class: "number" }), h("td", { class: "sign" }),
    );
    row.addEventListener("pointerenter", () => this.viewState.set("hovered", id));
    row.addEventListener("click", (event) => {
      if (!/** @type {Element} */ (event.target).closest("button")) this.choose(id);
    });
    return row;
  }

  #draw(row, point) {
    const [disc, name, error, score, sign] = row.children;
    const verdict = verdictOf(point.right);
    const id = String(point.number);
    setText(disc.firstChild, id);
    disc.firstChild.style.background = COLOURS[verdict];
    set(disc.firstChild, { "aria-label": `Point ${id}, ${point.name}: show heat maps`, "aria-pressed": String(this.viewState.get("selected") === id) });
    setText(name, point.name);
    setText(error, errorOf(point));
    setText(score, point.score === null ? "–" : point.score.toFixed(2));
    setText(sign, SIGNS[verdict]);
    set(sign, { "data-verdict": verdict, title: LABELS[verdict] });
    set(row, { class: [this.viewState.get("selected") === id && "selected", this.viewState.point === id && "focus", verdict].filter(Boolean).join(" ") });
  }
}

function errorOf({ found, target, error, distance }) {
  if (!target) return "–";
  if (!found) return "not found";
  return error === null ? `${distance.toFixed(1)} px` : error.toFixed(2);
}

function factsOf(pair) {
  const length = pair.length === null ? "none" : `${pair.length.toFixed(1)} px`;
  return [
    ["Category", pair.category],
    ["Group", pair.group],
    ...Object.entries(pair.tags).map(([name, value]) => [name.replaceAll("_", " "), value]),
    ["Threshold", `${pair.threshold}, ${length}`],
    ["Time", `${pair.seconds.toFixed(2)} s`],
  ];
}
