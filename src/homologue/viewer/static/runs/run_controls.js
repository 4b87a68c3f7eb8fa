// @ts-check
// The controls in the page's header: run, threshold and alpha.

import { h, set, setText } from "../core/dom.js";
import { pairsOf } from "./run_table.js";

export class RunControls {
  // handlers: { run(name), change(filters, debounced), reload() }
  constructor(runs, handlers) {
    this.runs = runs;
    this.handlers = handlers;
    this.run = h("select", { name: "run" }, ...runs.map(({ name }) => h("option", { value: name }, name)));
    this.threshold = h("select", { name: "threshold" });
    this.alpha = h("input", { type: "range", name: "alpha", min: 0.01, max: 0.3, step: 0.01 });
    this.shown = h("output", { class: "alpha" });
    this.pairs = h("span", {});
    this.reload = h("button", { class: "quiet", onclick: () => handlers.reload(), title: "Read the run's newest results" }, "Reload");
    this.element = h(
      "div", { class: "settings run-tools", role: "group", "aria-label": "Run, threshold and alpha" },
      h("label", { class: "choice", hidden: runs.length < 2 }, h("span", {}, "Run"), this.run),
      h("label", { class: "choice" }, h("span", {}, "Threshold"), this.threshold),
      h("label", { class: "choice" }, h("span", {}, "α ", this.shown), this.alpha),
      h("span", { class: "choice" }, this.pairs, this.reload),
    );
    this.run.addEventListener("change", () => handlers.run(this.run.value));
    this.threshold.addEventListener("change", () => this.#set("threshold", this.threshold.value === this.current.thresholds[0] ? "" : this.threshold.value, false));
    this.alpha.addEventListener("input", () => this.#set("alpha", Number(this.alpha.value) === 0.1 ? "" : this.alpha.value, true));
  }

  // run: as the server describes it, or null.
  show(run, filters) {
    set(this.element, { hidden: !run });
    if (!run) return;
    this.current = run;
    this.filters = filters;
    const names = JSON.stringify(run.thresholds);
    if (this.threshold.dataset.names !== names) {
      this.threshold.dataset.names = names;
      this.threshold.replaceChildren(...run.thresholds.map((name) => h("option", { value: name }, name)));
    }
    this.run.value = run.name;
    this.threshold.value = filters.threshold ?? run.thresholds[0] ?? "";
    this.alpha.value = filters.alpha ?? 0.1;
    setText(this.shown, Number(this.alpha.value).toFixed(2));
    setText(this.pairs, `${pairsOf(run)} pairs`);
    set(/** @type {Element} */ (this.pairs.parentElement), { class: `choice run-state${run.pairs < run.planned ? " unfinished" : ""}` });
  }

  #set(name, value, debounced) {
    const { [name]: before, ...others } = this.filters;
    this.handlers.change(value === "" ? others : { ...others, [name]: value }, debounced);
  }
}
