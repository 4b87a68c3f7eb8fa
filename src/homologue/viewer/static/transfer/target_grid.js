// @ts-check
// The grid of targets, with its filter and order. Only cards in or near the window have marks, and only
// cards that have changed are drawn.

import { find, h, keyed, set, setText } from "../core/dom.js";
import { drawCard, makeCard } from "./target_card.js";
import { FILTERS, ORDERS, summarise } from "./summary.js";

const MARGIN = "400px"; // around the window, within which cards have marks

export class TargetGrid {
  #list = h("ol", { class: "targets-grid", "aria-label": "Targets" });
  #none = h("p", { class: "hint", hidden: true }, "No targets match this filter.");
  #visible = new Set(); // ids, as strings, of the cards in or near the window
  #drawn = new WeakMap(); // card -> { summary, options } as drawn
  #cache = new Map(); // id -> { inputs, summary }
  #summaries = []; // of the targets that pass the filter, in their order
  #observer;

  // handlers: see makeCard.
  constructor(session, store, viewState, uploads, handlers) {
    this.session = session;
    this.store = store;
    this.viewState = viewState;
    this.uploads = uploads;
    this.handlers = handlers;
    this.filters = Object.keys(FILTERS).map((name) => this.#makeFilter(name));
    this.order = h("select", { "aria-label": "Sort by" },
      ...Object.entries(ORDERS).map(([value, { label }]) => h("option", { value }, label)));
    this.order.addEventListener("change", () => viewState.set("order", this.order.value));
    this.tools = h(
      "div", { class: "target-tools" },
      h("div", { class: "segments", role: "group", "aria-label": "Show" }, ...this.filters),
      h("label", { class: "choice" }, h("span", {}, "Sort"), this.order),
    );
    this.element = h("div", { class: "targets-scroll" }, this.#list, this.#none);
    this.#observer = new IntersectionObserver((changes) => this.#onIntersection(changes), { rootMargin: MARGIN });
  }

  close() {
    this.#observer.disconnect();
  }

  // The ids of the shown targets that have an image.
  get shown() {
    return this.#summaries.filter(({ row }) => row.picture).map(({ row }) => row.id);
  }

  // The summaries of the shown targets, for exports.
  get summaries() {
    return this.#summaries;
  }

  draw() {
    const all = this.#summarise();
    const filter = this.viewState.get("filter");
    for (const button of this.filters) this.#drawFilter(button, all, filter);
    this.order.value = this.viewState.get("order");
    this.#summaries = all.filter(FILTERS[filter].fits).sort(ORDERS[this.viewState.get("order")].compare);
    set(this.#none, { hidden: !all.length || this.#summaries.length > 0 });
    set(this.tools, { hidden: !all.length });
    keyed(this.#list, this.#summaries, ({ row }) => row.id, (summary) => this.#make(summary), (card, summary) => this.#drawCard(card, summary));
  }

  // Return the summaries of all targets. Those of unchanged targets are cached.
  #summarise() {
    const { state, scene, progress } = this.session;
    const { held, columns } = state.transfer;
    const running = progress.transfer?.picture ?? null;
    const common = JSON.stringify([scene.points, columns, scene.source?.id, held]);
    const cache = new Map();
    for (const row of this.store.targets) {
      const inputs = `${this.store.changes(row.id)} ${running === row.picture?.id} ${common}`;
      const cached = this.#cache.get(row.id);
      const summary = cached?.inputs === inputs ? cached.summary : summarise(this.store, row, { running, held });
      cache.set(row.id, { inputs, summary });
    }
    this.#cache = cache;
    return [...cache.values()].map(({ summary }) => summary);
  }

  focus(id) {
    find(this.#list, `[data-key="${id}"] > button`)?.focus();
  }

  #makeFilter(name) {
    const count = h("span", { class: "number" });
    return h("button", { class: "segment", "data-filter": name, onclick: () => this.viewState.set("filter", name) }, `${FILTERS[name].label} `, count);
  }

  #drawFilter(button, all, filter) {
    const name = button.dataset.filter;
    set(button, { "aria-pressed": String(name === filter) });
    setText(button.lastChild, String(all.filter(FILTERS[name].fits).length));
  }

  #make(summary) {
    const card = makeCard(summary.row.id, this.handlers);
    this.#observer.observe(card);
    return card;
  }

  #drawCard(card, summary) {
    const { row, state } = summary;
    const visible = this.#visible.has(String(row.id));
    const focus = visible ? this.viewState.get("hovered") : null;
    const canRetry = state === "failed" || (state === "refused" && this.uploads.canRetry(row.name));
    const options = `${visible} ${focus} ${canRetry}`;
    const drawn = this.#drawn.get(card);
    if (drawn?.summary === summary && drawn.options === options) return;
    this.#drawn.set(card, { summary, options });
    drawCard(card, summary, { visible, focus, canRetry });
  }

  #onIntersection(changes) {
    for (const { target, isIntersecting } of changes) {
      const { key } = target.dataset;
      if (isIntersecting) this.#visible.add(key);
      else this.#visible.delete(key);
      const summary = this.#summaries.find(({ row }) => String(row.id) === key);
      if (summary) this.#drawCard(target, summary);
    }
  }
}
