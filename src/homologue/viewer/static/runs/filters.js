// @ts-check
// The filters of the pairs, and their order.

import { h, set, setText } from "../core/dom.js";
import { collapsible } from "./charts.js";
import { VERDICTS } from "./verdicts.js";

const SORTS = {
  position: "Position",
  name: "Name",
  worst: "Worst error",
  mean: "Mean error",
  score: "Score",
  pck: "PCK of the pair",
};
const ANY = ["", "any"];
const MEASURES = ["alpha", "threshold"]; // set by the run controls

export class Filters {
  /** @type {Record<string, string>} */
  filters = {}; // as shown
  /** @type {Record<string, HTMLInputElement | HTMLSelectElement>} */
  #fields = {}; // parameter -> field

  /**
   * run: as the server describes it. change(filters, debounced): called with the new filters; debounced:
   * the user is typing, so that more changes may follow.
   * @param {any} run
   * @param {(filters: Record<string, string>, debounced: boolean) => void} change
   */
  constructor(run, change) {
    this.run = run;
    this.change = change;
    this.count = h("span", { class: "count" });
    this.clear = h("button", { class: "quiet", onclick: () => change({}, false) }, "Clear");
    this.order = h("button", { class: "icon quiet", onclick: () => this.#reverse() });
    const labels = Object.keys(run.labels).map((by) => this.#select(`by.${by}`, labelOf(by), [ANY, ...run.labels[by].map((/** @type {string} */ value) => [value, value])]));
    this.element = collapsible(
      "Filters",
      [h("h2", {}, "Filters"), this.count, this.clear],
      h(
        "div", { class: "filter-fields" },
        this.#text("text", "Name contains", "search"),
        this.#select("verdict", "Points", [ANY, ...VERDICTS]),
        ...labels,
        this.#range("error", "Worst error", "in thresholds"),
        run.scored ? this.#range("score", "Score", "mean of the points") : null,
        h("div", { class: "field sort" }, this.#select("sort", "Sort by", this.#sorts()), this.order),
      ),
    );
    this.clear.addEventListener("click", (event) => event.preventDefault()); // does not collapse the card
  }

  /** @param {Record<string, string>} filters */
  show(filters) {
    this.filters = filters;
    for (const [name, field] of Object.entries(this.#fields)) {
      const value = filters[name] ?? (name === "sort" ? "position" : "");
      if (document.activeElement !== field || field.localName === "select") field.value = value;
    }
    const own = Object.keys(filters).filter((name) => !MEASURES.includes(name));
    const count = own.filter((name) => !["sort", "order"].includes(name)).length;
    setText(this.count, count ? `${count} active` : "");
    set(this.clear, { hidden: !own.length });
    const descending = filters.order === "down";
    setText(this.order, descending ? "↓" : "↑");
    const label = `${descending ? "Descending" : "Ascending"} order: click to reverse`;
    set(this.order, { "aria-label": label, title: label });
  }

  #sorts() {
    const { score, ...others } = SORTS;
    return Object.entries(this.run.scored ? SORTS : others);
  }

  #reverse() {
    this.#set("order", this.filters.order === "down" ? "" : "down", false);
  }

  /**
   * @param {string} name
   * @param {string} value
   * @param {boolean} debounced
   */
  #set(name, value, debounced) {
    const { [name]: before, ...others } = this.filters;
    this.change(value === "" ? others : { ...others, [name]: value }, debounced);
  }

  /**
   * @param {string} name
   * @param {string} label
   * @param {string[][]} choices
   */
  #select(name, label, choices) {
    const field = h("select", { name }, ...choices.map(([value, shown]) => h("option", { value }, shown)));
    field.addEventListener("change", () => this.#set(name, name === "sort" && field.value === "position" ? "" : field.value, false));
    this.#fields[name] = field;
    return h("label", { class: "field" }, h("span", {}, label), field);
  }

  /**
   * @param {string} name
   * @param {string} label
   * @param {string} type
   */
  #text(name, label, type) {
    const field = this.#typed(name, { type, maxlength: 200, spellcheck: "false" });
    return h("label", { class: "field" }, h("span", {}, label), field);
  }

  /**
   * @param {string} name
   * @param {string} label
   * @param {string} unit
   */
  #range(name, label, unit) {
    const ends = ["from", "to"].map((end) =>
      this.#typed(`${name}_${end}`, { type: "number", step: "any", min: 0, placeholder: end, "aria-label": `${label} ${end}, ${unit}` }),
    );
    return h("div", { class: "field", role: "group", "aria-label": label, title: unit }, h("span", {}, label), h("span", { class: "range" }, ...ends));
  }

  /**
   * @param {string} name
   * @param {Record<string, any>} properties
   */
  #typed(name, properties) {
    const field = h("input", { name, ...properties });
    field.addEventListener("input", () => {
      if (field.validity.valid) this.#set(name, field.value, true);
    });
    this.#fields[name] = field;
    return field;
  }
}

/**
 * Return the label of a field: source_style -> Source style.
 * @param {string} by
 */
function labelOf(by) {
  const text = by.replaceAll("_", " ");
  return text[0].toUpperCase() + text.slice(1);
}
