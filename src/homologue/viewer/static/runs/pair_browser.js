// @ts-check
// The pairs of a run: filters and numbers beside the grid.

import { get } from "../core/api.js";
import { h, set, write } from "../core/dom.js";
import { exportMenu } from "../export/menu.js";
import { saveAnswer } from "../export/save.js";
import { asking } from "./address.js";
import { Charts, count } from "./charts.js";
import { Filters } from "./filters.js";
import { Grid } from "./pair_grid.js";
import { Latest } from "./latest_request.js";
import { Windows } from "./pair_windows.js";

export class Browse {
  #latest = new Latest();
  #shown = ""; // what the grid and the numbers are of
  #sought = null; // place of a pair that is to be brought into the window
  #left = 0; // how far down the grid was when it was left

  // run: as the server describes it. to: { change(filters, lingering), open(pair), hrefOf(pair),
  // scrolled(at), fail(error) }.
  constructor(run, to, toasts) {
    this.run = run;
    this.to = to;
    this.filters = new Filters(run, (filters, lingering) => to.change(this.#kept(filters), lingering));
    this.charts = new Charts({
      choose: (alpha) => to.change({ ...this.state.filters, alpha }, false),
      chooseCategory: (name) => this.#turnCategory(name),
    });
    this.grid = new Grid({ hrefOf: to.hrefOf, open: to.open, scrolled: () => to.scrolled(this.grid.at) });
    this.count = h("strong", { class: "total", role: "status" });
    this.note = h("p", { class: "note", hidden: true });
    const list = (suffix, type) => () => saveAnswer(asking(`pairs.${suffix}`, this.#parameters()), `pairs.${suffix}`, type);
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

  // state: see address.js. Gives whether the grid is as it was when it was left.
  show(state) {
    this.state = state;
    this.filters.show(state.filters);
    const wanted = JSON.stringify(this.#parameters());
    if (wanted === this.#shown) return this.#return();
    this.#latest.ask(() => this.#load(wanted), (error) => this.to.fail(error));
    return undefined;
  }

  leave() {
    this.#left = this.#scrolls().scrollTop;
  }

  close() {
    this.grid.close();
  }

  // Brings a pair into the window that was looked at; as soon as there is a grid.
  focus(place) {
    if (place === null) return;
    if (this.#shown === JSON.stringify(this.#parameters())) this.grid.focus(place);
    else this.#sought = place;
  }

  async #load(wanted) {
    const parameters = this.#parameters();
    const windows = new Windows(parameters, () => this.grid.ask(), (error) => this.to.fail(error));
    const { at } = this.state;
    const [numbers] = await Promise.all([get(asking("numbers", parameters)), windows.open(at)]);
    if (this.#latest.stale) return;
    this.#shown = wanted;
    this.grid.show(windows, at < windows.total ? at : 0);
    if (this.#sought !== null) this.grid.focus(this.#sought);
    this.#sought = null;
    this.#say(numbers);
  }

  #say(numbers) {
    const { filters } = this.state;
    const all = numbers.pairs === this.run.pairs;
    write(this.count, all ? count(numbers.pairs, "pair") : `${numbers.pairs.toLocaleString("en")} of ${count(this.run.pairs, "pair")}`);
    set(this.note, { hidden: numbers.pairs > 0 });
    write(this.note, this.run.pairs ? "No pair passes these filters." : "No pair is done yet. Reload to see those that are done meanwhile.");
    this.charts.show(numbers, {
      alpha: Number(filters.alpha ?? 0.1),
      threshold: filters.threshold ?? this.run.thresholds[0],
      category: filters["by.category"] ?? null,
    });
  }

  // By which measure somebody looks is no filter, and stays when the filters are cleared.
  #kept(filters) {
    const { alpha, threshold } = this.state.filters;
    return { ...(alpha && { alpha }), ...(threshold && { threshold }), ...filters };
  }

  #turnCategory(name) {
    const { "by.category": before, ...others } = this.state.filters;
    this.to.change(before === name ? others : { ...others, "by.category": name }, false);
  }

  #parameters() {
    return { run: this.run.name, version: this.run.version, ...this.state.filters };
  }

  #scrolls() {
    const own = getComputedStyle(this.scroller).overflowY === "auto";
    return own ? this.scroller : document.scrollingElement ?? document.documentElement;
  }

  #return() {
    this.#scrolls().scrollTop = this.#left;
    this.grid.ask();
  }
}
