// @ts-check
// One pair of a run: images with points and lines, table of points, heat maps.

import { get } from "../core/api.js";
import { h, keyed, on, set, setText } from "../core/dom.js";
import { beforeFrame } from "../core/scheduling.js";
import { exportMenu } from "../export/menu.js";
import { drawStage } from "../export/stage_drawing.js";
import { saveResponse, savePng, saveSvg } from "../export/save.js";
import { HeatOverlay } from "../maps/heat_overlay.js";
import { Pane } from "../match/pane.js";
import { Stage } from "../match/stage.js";
import { runsPath } from "./address.js";
import { frameOf } from "./pair_card.js";
import { LatestRequest } from "./latest_request.js";
import { PairViewState } from "./view_state.js";
import { PairMapStrip } from "./pair_map_strip.js";
import { PairMarks } from "./pair_marks.js";
import { PointTable } from "./point_table.js";
import { factsOf, makeBadge, showBadge } from "./verdicts.js";

const ENDS = ["source", "target"];

export class PairView {
  /** @type {number | null} */
  place = null; // index of the pair in the filtered list
  /** @type {HTMLAnchorElement} */
  back;
  /** @type {HTMLButtonElement} */
  before;
  /** @type {HTMLButtonElement} */
  after;
  /** @type {HTMLElement} */
  counter;
  /** @type {HTMLElement} */
  badge;
  /** @type {HTMLElement} */
  title;
  /** @type {HTMLElement} */
  facts;
  /** @type {HTMLElement} */
  others;
  /** @type {HTMLElement} */
  element;
  #latest = new LatestRequest();
  #loaded = ""; // address of the loaded pair
  /** @type {any} */
  #pair = null; // as the server describes it
  drawSoon = beforeFrame(() => this.#draw());
  #loading = false;
  #pendingSteps = 0; // through the list

  // handlers: { go(changes, debounced), hrefOf(changes), back(), fail(error) }; changes: of the state, see
  // address.js.
  constructor(handlers, options, toasts) {
    this.handlers = handlers;
    this.toasts = toasts;
    this.viewState = new PairViewState();
    this.panes = {
      source: new Pane("source", "Source", { placing: false }),
      target: new Pane("target", "Target", { placing: false }),
    };
    this.stage = new Stage(this.panes);
    const choose = (id) => this.#choose(id);
    this.marks = new PairMarks(this.stage, this.viewState, choose);
    this.table = new PointTable(this.viewState, choose);
    const mapsOf = (end) => this.#mapsOf(end);
    this.heat = new HeatOverlay(mapsOf, this.viewState, this.panes, options.colours);
    this.strip = new PairMapStrip(this.viewState, options.colours, mapsOf);
    for (const pane of Object.values(this.panes)) {
      pane.addEventListener("view", () => this.marks.drawSoon());
    }
    on(this.viewState, "change", (event) => this.#onViewChange(event.detail));
    this.#build();
  }

  #build() {
    this.back = h("a", { class: "button quiet", title: "Back to all pairs (Escape)" }, "‹ All pairs");
    this.before = h("button", { class: "icon quiet", "aria-label": "Previous pair", title: "Previous pair (P or ←)", onclick: () => this.step(-1) }, "‹");
    this.after = h("button", { class: "icon quiet", "aria-label": "Next pair", title: "Next pair (N or →)", onclick: () => this.step(1) }, "›");
    this.counter = h("span", { class: "pair-place" });
    this.badge = makeBadge();
    this.title = h("h2", { class: "pair-title" });
    this.facts = h("span", { class: "pair-facts", role: "status" });
    this.others = h("div", { class: "segments other-runs", role: "group", "aria-label": "This pair in run" });
    const file = (suffix) => `pair.${suffix}`;
    const save = exportMenu([
      ["Image (PNG)", async () => savePng(await drawStage(this.stage), file("png"))],
      ["Image (SVG)", async () => saveSvg(await drawStage(this.stage), file("svg"))],
      ["Points (JSON)", () => saveResponse(this.#loaded, file("json"))],
    ], this.toasts);
    this.element = h(
      "div", { class: "run-pair" },
      h("div", { class: "pair-bar" },
        this.back,
        h("span", { class: "pair-steps" }, this.before, this.counter, this.after),
        h("span", { class: "pair-heading" }, this.badge, this.title, this.facts),
        this.others,
        save,
      ),
      h("div", { class: "pair-stage" }, this.stage.element),
      this.table.element,
      this.strip.element,
    );
    this.back.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.handlers.back();
    });
  }

  // run: as the server describes it. state: see address.js.
  show(run, state) {
    this.run = run;
    this.state = state;
    this.viewState.choose(state.point, state.map);
    const wanted = runsPath("pair", { ...this.#parameters(), pair: state.pair });
    set(this.back, { href: this.handlers.hrefOf({ pair: null, point: null, map: 0 }) });
    if (wanted === this.#loaded) return this.marks.drawSoon();
    this.#loading = true;
    this.#latest.request(() => this.#load(wanted), (error) => this.#fail(error));
    return undefined;
  }

  // Go to another pair of the list. Steps made while a pair is loading add up.
  step(by) {
    this.#pendingSteps += by;
    if (!this.#loading) this.#walk();
  }

  // Return whether another run has this pair.
  has(run) {
    return Boolean(this.#pair?.runs.includes(run));
  }

  // Show this pair in the next run that has it.
  nextRun() {
    const { runs } = this.#pair ?? { runs: [] };
    if (runs.length > 1) this.#show(runs[(runs.indexOf(this.run.name) + 1) % runs.length]);
  }

  stepPoint(by) {
    const { points } = this.#pair ?? { points: [] };
    if (!points.length) return;
    const index = points.findIndex((point) => String(point.number) === this.viewState.get("selected"));
    const next = index < 0 ? (by > 0 ? 0 : points.length - 1) : (index + by + points.length) % points.length;
    const id = String(points[next].number);
    this.#choose(id);
    this.marks.focus(id);
  }

  #show(run) {
    this.handlers.go({ run }, false);
  }

  #fail(error) {
    this.#loading = false;
    this.#pendingSteps = 0;
    this.handlers.fail(error);
  }

  async #walk() {
    const { place, total, previous, next } = this.#pair ?? { place: null };
    const wanted = Math.min(Math.max(place + this.#pendingSteps, 0), total - 1);
    const by = wanted - place;
    this.#pendingSteps = 0;
    if (place === null || !by) return;
    let name = by > 0 ? next : previous;
    if (Math.abs(by) > 1) {
      this.#loading = true;
      try {
        name = (await get(runsPath("pairs", { ...this.#parameters(), offset: wanted, limit: 1 }))).pairs[0].pair;
      } catch (error) {
        return this.#fail(error);
      }
    }
    return this.handlers.go({ pair: name, point: null, map: 0 }, true);
  }

  #parameters() {
    return { run: this.run.name, version: this.run.version, ...this.state.filters };
  }

  async #load(wanted) {
    const pair = await get(wanted);
    if (this.#latest.stale) return;
    this.#loaded = wanted;
    this.#loading = false;
    this.#pair = pair;
    this.place = pair.place;
    this.#drawBar();
    for (const end of ENDS) this.#showPicture(end);
    this.marks.show(pair, Number(this.state.filters.alpha ?? 0.1));
    this.table.show(pair);
    this.strip.show(pair, this.run);
    this.heat.draw();
    if (this.#pendingSteps) this.#walk();
    else this.#preload(pair);
  }

  #drawBar() {
    const pair = this.#pair;
    const { place, total, runs } = pair;
    setText(this.counter, place === null ? "not in the filtered list" : `${(place + 1).toLocaleString("en")} of ${total.toLocaleString("en")}`);
    this.before.disabled = !pair.previous;
    this.after.disabled = !pair.next;
    showBadge(this.badge, pair.verdict);
    setText(this.title, pair.pair);
    set(this.title, { title: pair.pair });
    setText(this.facts, factsOf(pair));
    set(this.others, { hidden: runs.length < 2 });
    const names = runs.length < 2 ? [] : runs;
    keyed(this.others, names, (name) => name, (name) => h("button", { class: "segment", title: "Show this pair in this run (R: next run)", onclick: () => this.#show(name) }, name), (node, name) =>
      set(node, { "aria-pressed": String(name === this.run.name) }));
  }

  #showPicture(end) {
    const pair = this.#pair;
    const { problem } = pair[end];
    const points = pair.points.flatMap((point) => (end === "source" ? [point.source] : [point.target, point.found]));
    const missing = { id: `missing ${pair.pair} ${end}`, name: pair[`${end}_name`], missing: true, ...frameOf(points) };
    this.panes[end].empty.replaceChildren(h("p", {}, problem ?? ""));
    this.panes[end].show(problem ? missing : pair[end]);
  }

  // Load the images of the next and the previous pair, so that the browser has them cached.
  async #preload(pair) {
    for (const name of [pair.next, pair.previous]) {
      if (!name || this.#latest.stale || this.#pair !== pair) return;
      const neighbour = await get(runsPath("pair", { ...this.#parameters(), pair: name })).catch(() => null);
      for (const end of ENDS) if (neighbour && !neighbour[end].problem) new Image().src = `api/pictures/${neighbour[end].id}`;
    }
  }

  #choose(id) {
    const same = this.viewState.get("selected") === id;
    this.handlers.go({ point: same ? null : Number(id), map: same ? 0 : this.viewState.get("chosen") }, true);
  }

  #mapsOf(end) {
    const { point } = this.viewState;
    if (!point || !this.run.maps || this.#pair.error) return null;
    return runsPath("maps", { run: this.run.name, pair: this.#pair.pair, end, point: Number(point) - 1, version: this.run.version });
  }

  #onViewChange(name) {
    if (name === "chosen" && this.viewState.get("chosen") !== this.state?.map) this.handlers.go({ map: this.viewState.get("chosen") }, true);
    if (this.#pair) this.drawSoon();
  }

  #draw() {
    this.marks.drawSoon();
    this.table.show(this.#pair);
    this.strip.draw();
    this.heat.draw();
  }
}
