// @ts-check
// One pair of a run, large: points, lines, maps.

import { get } from "../core/api.js";
import { h, keyed, on, set, write } from "../core/dom.js";
import { beforeFrame } from "../core/scheduling.js";
import { exportMenu } from "../export/menu.js";
import { drawStage } from "../export/stage_drawing.js";
import { saveAnswer, savePng, saveSvg } from "../export/save.js";
import { Heat } from "../maps/heat_overlay.js";
import { Pane } from "../match/pane.js";
import { Stage } from "../match/stage.js";
import { asking } from "./address.js";
import { frameOf } from "./pair_card.js";
import { Latest } from "./latest_request.js";
import { PairLook } from "./view_state.js";
import { MapStrip } from "./pair_map_strip.js";
import { Marks } from "./pair_marks.js";
import { PointTable } from "./point_table.js";
import { factsOf, makeBadge, showBadge } from "./verdicts.js";

const ENDS = ["source", "target"];

export class PairView {
  /** @type {number | null} */
  place = null; // in the list, of what is shown
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
  #latest = new Latest();
  #shown = ""; // what the server was asked
  /** @type {any} */
  #pair = null; // as the server describes it
  drawSoon = beforeFrame(() => this.#draw());
  #loading = false;
  #owed = 0; // steps to be gone

  // to: { go(changes, lingering), hrefOf(changes), back(), fail(error) }, where changes are of the state.
  constructor(to, options, toasts) {
    this.to = to;
    this.toasts = toasts;
    this.look = new PairLook();
    this.gaps = Object.fromEntries(ENDS.map((end) => [end, h("div", { class: "empty" }, h("p", {}))]));
    this.panes = {
      source: new Pane("source", "Source", { empty: this.gaps.source, placing: false }),
      target: new Pane("target", "Target", { empty: this.gaps.target, placing: false }),
    };
    this.stage = new Stage(this.panes);
    const choose = (id) => this.#choose(id);
    this.marks = new Marks(this.stage, this.look, choose);
    this.table = new PointTable(this.look, choose);
    const mapsOf = (end) => this.#mapsOf(end);
    this.heat = new Heat(mapsOf, this.look, this.panes, options.colours);
    this.strip = new MapStrip(this.look, options.colours, mapsOf);
    for (const pane of Object.values(this.panes)) {
      pane.tools.append(
        h("button", { class: "icon zoom", "aria-label": `Zoom the ${pane.end} out`, onclick: () => pane.zoom(1 / 1.5) }, "−"),
        h("button", { class: "icon zoom", "aria-label": `Zoom the ${pane.end} in`, onclick: () => pane.zoom(1.5) }, "+"),
      );
      pane.addEventListener("view", () => this.marks.ask());
    }
    on(this.look, "change", (event) => this.#looked(event.detail));
    this.#build();
  }

  #build() {
    this.back = h("a", { class: "button quiet", title: "Escape" }, "‹ All pairs");
    this.before = h("button", { class: "icon quiet", "aria-label": "Previous pair", title: "P or ←", onclick: () => this.step(-1) }, "‹");
    this.after = h("button", { class: "icon quiet", "aria-label": "Next pair", title: "N or →", onclick: () => this.step(1) }, "›");
    this.counter = h("span", { class: "pair-place" });
    this.badge = makeBadge();
    this.title = h("h2", { class: "pair-title" });
    this.facts = h("span", { class: "pair-facts", role: "status" });
    this.others = h("div", { class: "segments other-runs", role: "group", "aria-label": "The same pair in" });
    const file = (suffix) => `pair.${suffix}`;
    const save = exportMenu([
      ["Picture (PNG)", async () => savePng(await drawStage(this.stage), file("png"))],
      ["Drawing (SVG)", async () => saveSvg(await drawStage(this.stage), file("svg"))],
      ["Points (JSON)", () => saveAnswer(this.#shown, file("json"))],
    ], this.toasts);
    this.element = h(
      "div", { class: "run-pair" },
      h("div", { class: "pair-bar" },
        this.back,
        h("span", { class: "pair-steps" }, this.before, this.counter, this.after),
        h("span", { class: "pair-said" }, this.badge, this.title, this.facts),
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
      this.to.back();
    });
  }

  // run: as the server describes it. state: see address.js.
  show(run, state) {
    this.run = run;
    this.state = state;
    this.look.choose(state.point, state.map);
    const wanted = asking("pair", { ...this.#parameters(), pair: state.pair });
    set(this.back, { href: this.to.hrefOf({ pair: null, point: null, map: 0 }) });
    if (wanted === this.#shown) return this.marks.ask();
    this.#loading = true;
    this.#latest.ask(() => this.#load(wanted), (error) => this.#fail(error));
    return undefined;
  }

  // Goes so many pairs on in the list; steps that are made while one is loaded add up.
  step(by) {
    this.#owed += by;
    if (!this.#loading) this.#walk();
  }

  // Whether a run of that name has the pair, too.
  has(run) {
    return Boolean(this.#pair?.runs.includes(run));
  }

  // The same pair in the next of the runs that have it.
  turn() {
    const { runs } = this.#pair ?? { runs: [] };
    if (runs.length > 1) this.#show(runs[(runs.indexOf(this.run.name) + 1) % runs.length]);
  }

  stepPoint(by) {
    const { points } = this.#pair ?? { points: [] };
    if (!points.length) return;
    const at = points.findIndex((point) => String(point.number) === this.look.get("selected"));
    const next = at < 0 ? (by > 0 ? 0 : points.length - 1) : (at + by + points.length) % points.length;
    this.#choose(String(points[next].number));
    this.marks.focus(String(points[next].number));
  }

  #show(run) {
    this.to.go({ run }, false);
  }

  #fail(error) {
    this.#loading = false;
    this.#owed = 0;
    this.to.fail(error);
  }

  async #walk() {
    const { place, total, previous, next } = this.#pair ?? { place: null };
    const wanted = Math.min(Math.max(place + this.#owed, 0), total - 1);
    const by = wanted - place;
    this.#owed = 0;
    if (place === null || !by) return;
    let name = by > 0 ? next : previous;
    if (Math.abs(by) > 1) {
      this.#loading = true;
      try {
        name = (await get(asking("pairs", { ...this.#parameters(), offset: wanted, limit: 1 }))).pairs[0].pair;
      } catch (error) {
        return this.#fail(error);
      }
    }
    return this.to.go({ pair: name, point: null, map: 0 }, true);
  }

  #parameters() {
    return { run: this.run.name, version: this.run.version, ...this.state.filters };
  }

  async #load(wanted) {
    const pair = await get(wanted);
    if (this.#latest.stale) return;
    this.#shown = wanted;
    this.#loading = false;
    this.#pair = pair;
    this.place = pair.place;
    this.#drawBar();
    for (const end of ENDS) this.#showPicture(end);
    this.marks.show(pair, Number(this.state.filters.alpha ?? 0.1));
    this.table.show(pair);
    this.strip.show(pair, this.run);
    this.heat.draw();
    if (this.#owed) this.#walk();
    else this.#ready(pair);
  }

  #drawBar() {
    const pair = this.#pair;
    const { place, total, runs } = pair;
    write(this.counter, place === null ? "not in the list" : `${(place + 1).toLocaleString("en")} of ${total.toLocaleString("en")}`);
    this.before.disabled = !pair.previous;
    this.after.disabled = !pair.next;
    showBadge(this.badge, pair.verdict);
    write(this.title, pair.pair);
    set(this.title, { title: pair.pair });
    write(this.facts, factsOf(pair));
    set(this.others, { hidden: runs.length < 2 });
    const names = runs.length < 2 ? [] : runs;
    keyed(this.others, names, (name) => name, (name) => h("button", { class: "segment", title: "R: next run", onclick: () => this.#show(name) }, name), (node, name) =>
      set(node, { "aria-pressed": String(name === this.run.name) }));
  }

  #showPicture(end) {
    const pair = this.#pair;
    const { problem } = pair[end];
    const points = pair.points.flatMap((point) => (end === "source" ? [point.source] : [point.target, point.found]));
    const missing = { id: `missing ${pair.pair} ${end}`, name: pair[`${end}_name`], missing: true, ...frameOf(points) };
    write(this.gaps[end].children[0], problem ?? "");
    this.panes[end].show(problem ? missing : pair[end]);
  }

  // Readies the neighbours' pictures, so that they are there at once.
  async #ready(pair) {
    for (const name of [pair.next, pair.previous]) {
      if (!name || this.#latest.stale || this.#pair !== pair) return;
      const neighbour = await get(asking("pair", { ...this.#parameters(), pair: name })).catch(() => null);
      for (const end of ENDS) if (neighbour && !neighbour[end].problem) new Image().src = `api/pictures/${neighbour[end].id}`;
    }
  }

  #choose(id) {
    const same = this.look.get("selected") === id;
    this.to.go({ point: same ? null : Number(id), map: same ? 0 : this.look.get("chosen") }, true);
  }

  #mapsOf(end) {
    const { point } = this.look;
    if (!point || !this.run.maps || this.#pair.error) return null;
    return asking("maps", { run: this.run.name, pair: this.#pair.pair, end, point: Number(point) - 1, version: this.run.version });
  }

  #looked(what) {
    if (what === "chosen" && this.look.get("chosen") !== this.state?.map) this.to.go({ map: this.look.get("chosen") }, true);
    if (this.#pair) this.drawSoon();
  }

  #draw() {
    this.marks.ask();
    this.table.show(this.#pair);
    this.strip.draw();
    this.heat.draw();
  }
}
