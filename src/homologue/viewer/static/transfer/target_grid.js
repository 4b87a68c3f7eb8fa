// @ts-check
// The grid of targets: which are shown, in which order. Only cards that can be seen have marks, and
// only those that have changed are drawn.

import { find, h, keyed, set, write } from "../core/dom.js";
import { drawCard, makeCard } from "./target_card.js";
import { FILTERS, ORDERS, summarise } from "./summary.js";

const MARGIN = "400px"; // around what can be seen, within which cards are ready

export class Grid {
  #list = h("ol", { class: "targets-grid", "aria-label": "Targets" });
  #none = h("p", { class: "hint", hidden: true }, "No target is like that.");
  #seen = new Set(); // ids as texts
  #drawn = new WeakMap(); // card -> { one, options } that it shows
  #known = new Map(); // id -> { of, one }: what the summary was made of
  #summaries = []; // of those that are shown
  #watch;

  // act: see makeCard. look: has `filter`, `order` and the point that is `hovered`.
  // uploads: knows what can be sent again.
  constructor(session, sheet, look, uploads, act) {
    this.session = session;
    this.sheet = sheet;
    this.look = look;
    this.uploads = uploads;
    this.act = act;
    this.filters = Object.keys(FILTERS).map((name) => this.#makeFilter(name));
    this.order = h("select", { "aria-label": "Sort by" },
      ...Object.entries(ORDERS).map(([value, { label }]) => h("option", { value }, label)));
    this.order.addEventListener("change", () => look.set("order", this.order.value));
    this.tools = h(
      "div", { class: "target-tools" },
      h("div", { class: "segments", role: "group", "aria-label": "Show" }, ...this.filters),
      h("label", { class: "choice" }, h("span", {}, "Sort"), this.order),
    );
    this.element = h("div", { class: "targets-scroll" }, this.#list, this.#none);
    this.#watch = new IntersectionObserver((changes) => this.#notice(changes), { rootMargin: MARGIN });
  }

  close() {
    this.#watch.disconnect();
  }

  // Ids of the targets with pictures, as they are shown.
  get shown() {
    return this.#summaries.filter((one) => one.row.picture).map((one) => one.row.id);
  }

  // The summaries of what is shown, for files.
  get summaries() {
    return this.#summaries;
  }

  draw() {
    const all = this.#summarise();
    const filter = this.look.get("filter");
    for (const button of this.filters) this.#drawFilter(button, all, filter);
    this.order.value = this.look.get("order");
    this.#summaries = all.filter(FILTERS[filter].fits).sort(ORDERS[this.look.get("order")].compare);
    set(this.#none, { hidden: !all.length || this.#summaries.length > 0 });
    set(this.tools, { hidden: !all.length });
    keyed(this.#list, this.#summaries, (one) => one.row.id, (one) => this.#make(one), (card, one) => this.#drawCard(card, one));
  }

  // The summaries of all targets; those are made anew of which anything has changed.
  #summarise() {
    const { state, scene, progress } = this.session;
    const { held, columns } = state.transfer;
    const running = progress.transfer?.picture ?? null;
    const common = JSON.stringify([scene.points, columns, scene.source?.id, held]);
    const known = new Map();
    for (const row of this.sheet.targets) {
      const of = `${this.sheet.changes(row.id)} ${running === row.picture?.id} ${common}`;
      const before = this.#known.get(row.id);
      const one = before?.of === of ? before.one : summarise(this.sheet, row, { running, held });
      known.set(row.id, { of, one });
    }
    this.#known = known;
    return [...known.values()].map(({ one }) => one);
  }

  focus(id) {
    find(this.#list, `[data-key="${id}"] > button`)?.focus();
  }

  #makeFilter(name) {
    const count = h("span", { class: "number" });
    return h("button", { class: "segment", "data-filter": name, onclick: () => this.look.set("filter", name) }, `${FILTERS[name].label} `, count);
  }

  #drawFilter(button, all, filter) {
    const name = button.dataset.filter;
    set(button, { "aria-pressed": String(name === filter) });
    write(button.lastChild, String(all.filter(FILTERS[name].fits).length));
  }

  #make(one) {
    const card = makeCard(one.row.id, this.act);
    this.#watch.observe(card);
    return card;
  }

  #drawCard(card, one) {
    const { row, state } = one;
    const seen = this.#seen.has(String(row.id));
    const focus = seen ? this.look.get("hovered") : null;
    const canRetry = state === "failed" || (state === "refused" && this.uploads.canRetry(row.name));
    const options = `${seen} ${focus} ${canRetry}`;
    const drawn = this.#drawn.get(card);
    if (drawn?.one === one && drawn.options === options) return;
    this.#drawn.set(card, { one, options });
    drawCard(card, one, { seen, focus, canRetry });
  }

  #notice(changes) {
    for (const { target, isIntersecting } of changes) {
      const { key } = target.dataset;
      if (isIntersecting) this.#seen.add(key);
      else this.#seen.delete(key);
      const one = this.#summaries.find((each) => String(each.row.id) === key);
      if (one) this.#drawCard(target, one);
    }
  }
}
