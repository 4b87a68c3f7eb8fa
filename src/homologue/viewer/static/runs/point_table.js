// @ts-check
// The points of a pair as a table: name, error, score.

import { h, keyed, set, write } from "../core/dom.js";
import { COLOURS, verdictOf } from "./verdicts.js";

const SIGNS = { right: "✓", wrong: "✕", unknown: "–" };
const SAID = { right: "right", wrong: "wrong", unknown: "not scored" };

export class PointTable {
  #body = h("tbody", {});
  #unit = h("th", { scope: "col" }, "Error");

  constructor(look, choose) {
    this.look = look;
    this.choose = choose;
    this.facts = h("dl", { class: "pair-table-facts" });
    const head = h("tr", {}, h("th", { scope: "col", colspan: "2" }, "Point"), this.#unit, h("th", { scope: "col" }, "Score"), h("th", {}));
    this.element = h(
      "section", { class: "card point-table", "aria-label": "Points" },
      h("div", { class: "table-scroll" }, h("table", { class: "facts" }, h("thead", {}, head), this.#body)),
      this.facts,
    );
    this.#body.addEventListener("pointerleave", () => look.set("hovered", null));
  }

  show(pair) {
    set(this.#unit, { title: `shares of the threshold ${pair.threshold}` });
    keyed(this.#body, pair.points, (point) => point.number, (point) => this.#make(String(point.number)), (row, point) => this.#draw(row, point));
    keyed(this.facts, factsOf(pair), ([name]) => name, ([name]) => h("div", {}, h("dt", {}, name), h("dd", {})), (node, [, value]) => write(node.children[1], value));
  }

  #make(id) {
    const row = h(
      "tr", {},
      h("td", {}, h("button", { class: "disc", onclick: () => this.choose(id) })),
      h("th", { scope: "row" }), h("td", { class: "number" }), h("td", { class: "number" }), h("td", { class: "sign" }),
    );
    row.addEventListener("pointerenter", () => this.look.set("hovered", id));
    row.addEventListener("click", (event) => {
      if (!/** @type {Element} */ (event.target).closest("button")) this.choose(id);
    });
    return row;
  }

  #draw(row, point) {
    const [disc, name, error, score, sign] = row.children;
    const verdict = verdictOf(point.right);
    const id = String(point.number);
    write(disc.firstChild, id);
    disc.firstChild.style.background = COLOURS[verdict];
    set(disc.firstChild, { "aria-label": `Point ${id}, ${point.name}: maps`, "aria-pressed": String(this.look.get("selected") === id) });
    write(name, point.name);
    write(error, errorOf(point));
    write(score, point.score === null ? "–" : point.score.toFixed(2));
    write(sign, SIGNS[verdict]);
    set(sign, { "data-verdict": verdict, title: SAID[verdict] });
    set(row, { class: [this.look.get("selected") === id && "selected", this.look.point === id && "focus", verdict].filter(Boolean).join(" ") });
  }
}

function errorOf({ found, target, error, distance }) {
  if (!target) return "–";
  if (!found) return "lost";
  return error === null ? `${distance.toFixed(1)} px` : error.toFixed(2);
}

function factsOf(pair) {
  const length = pair.length === null ? "none" : `${pair.length.toFixed(1)} px`;
  return [
    ["Category", pair.category],
    ["Group", pair.group],
    ...Object.entries(pair.tags).map(([name, value]) => [name.replaceAll("_", " "), value]),
    ["Threshold", `${pair.threshold}, ${length}`],
    ["Took", `${pair.seconds.toFixed(2)} s`],
  ];
}
