// @ts-check
// The pairs of a run: filters, PCK charts and the grid.

import { get } from "../core/api.js";
import { h, set, setText } from "../core/dom.js";
import { exportMenu } from "../export/menu.js";
import { saveResponse } from "../export/save.js";
import { runsPath } from "./address.js";
import { Charts, count } from "./charts.js";
import { Filters } from "./filters.js";
import { PairGrid } from "./pair_grid.js";
import { LatestRequest } from "./latest_request.js";
import { PairWindows } from "./pair_windows.js";

export class PairBrowser {
  #latest = new LatestRequest();
  #loaded = ""; // parameters of the loaded pairs and numbers
  #pendingFocus = null; // index of a pair to focus once the pairs are loaded
  #scrollTop = 0; // of the grid when it was last hidden

  // run: as the server describes it. handlers: { change(filters, debounced), open(pair), hrefOf(pair),
  // scrolled(at), fail(error) }.
  constructor(run, handlers, toasts) {
    this.run = run;
    this.handlers = handlers;
    this.filters = new Filters(run, (filters, debounced) => handlers.change(this.#withMeasure(filters), debounced));
    this.charts = new Charts({
      choose: (alpha) => handlers.change({ ...this.state.filters, alpha }, false),
      chooseCategory: (name) => this.#toggleCategory(name),
    });
    this.grid = new PairGrid({ hrefOf: handlers.hrefOf, open: handlers.open, scrolled: () => handlers.scrolled(this.grid.at) });
    this.count = h("strong", { class: "total", role: "status" });
    this.note = h("p", { class: "note", hidden: true });
    const list = (suffix, type) => () => saveResponse(runsPath(`pairs.${suffix}`, this.#parameters()), `pairs.${suffix}`, type);
    const save = exportMenu([["List (CSV)", list("csv", "text/csv")], ["List (JSON)", list("json")]], toasts);
    this.scroller = h(
      "div", { class: "grid-scroll" },
      h("div", { class: "grid-head" }, this.count, save),
      this.note,
      this.grid.element,
    );
    const side = h("div", { class: "side" }, this.filters.element, ...this.charts.elements);
    this.element = h("div", { class: "browse" }, side, this.scroller);
  }

  // state: see address.js.
  show(state) {
    this.state = state;
    this.filters.show(state.filters);
    const wanted = JSON.stringify(this.#parameters());
    if (wanted === this.#loaded) return this.#restore();
    this.#latest.request(() => this.#load(wanted), (error) => this.handlers.fail(error));
    return undefined;
  }

  leave() {
    this.#scrollTop = this.#scrollBox().scrollTop;
  }

  close() {
    this.grid.close();
  }

  // Scroll to a pair and focus it, as soon as the pairs are loaded.
  focus(index) {
    if (index === null) return;
    if (this.#loaded === JSON.stringify(this.#parameters())) this.grid.focus(index);
    else this.#pendingFocus = index;
  }

  async #load(wanted) {
    const parameters = this.#parameters();
    const windows = new PairWindows(parameters, () => this.grid.drawSoon(), (error) => this.handlers.fail(error));
    const { at } = this.state;
    const [numbers] = await Promise.all([get(runsPath("numbers", parameters)), windows.open(at)]);
    if (this.#latest.stale) return;
    this.#loaded = wanted;
    this.grid.show(windows, at < windows.total ? at : 0);
    if (this.#pendingFocus !== null) this.grid.focus(this.#pendingFocus);
    this.#pendingFocus = null;
    this.#drawNumbers(numbers);
  }

  #drawNumbers(numbers) {
    const { filters } = this.state;
    const all = numbers.pairs === this.run.pairs;
    setText(this.count, all ? count(numbers.pairs, "pair") : `${numbers.pairs.toLocaleString("en")} of ${count(this.run.pairs, "pair")}`);
    set(this.note, { hidden: numbers.pairs > 0 });
    setText(this.note, this.run.pairs ? "No pairs match these filters." : "No pairs yet. Press Reload to check for new results.");
    this.charts.show(numbers, {
      alpha: Number(filters.alpha ?? 0.1),
      threshold: filters.threshold ?? this.run.thresholds[0],
      category: filters["by.category"] ?? null,
    });
  }

  // Add the measure, which is not a filter: clearing the filters keeps it.
  #withMeasure(filters) {
    const { alpha, threshold } = this.state.filters;
    return { ...(alpha && { alpha }), ...(threshold && { threshold }), ...filters };
  }

  #toggleCategory(name) {
    const { "by.category": before, ...others } = this.state.filters;
    this.handlers.change(before === name ? others : { ...others, "by.category": name }, false);
  }

  #parameters() {
    return { run: this.run.name, version: this.run.version, ...this.state.filters };
  }

  // The element that scrolls: the grid's box, or the page on a small screen.
  #scrollBox() {
    const own = getComputedStyle(this.scroller).overflowY === "auto";
    return own ? this.scroller : document.scrollingElement ?? document.documentElement;
  }

  #restore() {
    this.#scrollBox().scrollTop = this.#scrollTop;
    this.grid.drawSoon();
  }
}
