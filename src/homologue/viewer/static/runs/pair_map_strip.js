// @ts-check
// The strip of the chosen point's heat maps: of all layers together, then of each layer.

import { h, keyed, set, setText } from "../core/dom.js";
import { enlarge } from "../maps/map_dialog.js";
import { nameOf } from "../maps/paint.js";
import { MapControls } from "../maps/map_controls.js";
import { fetchMaps } from "../maps/map_cache.js";
import { makeThumb, showThumb } from "../maps/map_thumbnail.js";
import { COLOURS, verdictOf } from "./verdicts.js";

const ENDS = ["source", "target"];

export class PairMapStrip {
  #maps = h("div", { class: "maps" });
  #hint = h("p", { class: "hint" });
  #disc = h("span", { class: "disc" });
  #name = h("span", { class: "map-point" });
  #drawn = "";
  #count = 0;

  // viewState: a PairViewState. addressOf(end): return the address of the current point's maps, or null.
  constructor(viewState, colours, addressOf) {
    this.viewState = viewState;
    this.colours = colours;
    this.addressOf = addressOf;
    this.controls = new MapControls(viewState, colours);
    this.heat = h("input", { type: "checkbox" });
    this.heat.addEventListener("change", () => viewState.set("heat", this.heat.checked));
    this.ends = ENDS.map((end) => h("button", { class: "segment", onclick: () => viewState.set("end", end) }, end));
    this.large = h("button", { class: "quiet", onclick: () => this.enlarge() }, "Enlarge");
    this.tools = h(
      "div", { class: "strip-tools" },
      this.large,
      h("label", { class: "check", title: "Show heat maps on the images (H)" }, this.heat, "Show on images"),
      this.controls.element,
    );
    this.segments = h("div", { class: "segments", role: "group", "aria-label": "Heat maps of" }, ...this.ends);
    this.element = h(
      "section", { class: "card strip", "aria-label": "Heat maps" },
      h("div", { class: "card-head" }, h("h2", {}, "Heat maps"), this.#disc, this.#name, this.segments, this.tools),
      h("div", { class: "strip-body" }, this.#hint, this.#maps),
    );
    this.#maps.addEventListener("pointerleave", () => viewState.set("map", viewState.get("chosen")));
  }

  // pair, run: as the server describes them.
  show(pair, run) {
    this.pair = pair;
    this.run = run;
    this.draw();
  }

  draw() {
    const { viewState } = this;
    const hasMaps = this.run.maps && !this.pair.error;
    const point = this.#point;
    set(this.element, { class: `card strip${hasMaps ? "" : " no-maps"}` });
    for (const node of [this.tools, this.segments]) set(node, { hidden: !hasMaps || !point });
    this.heat.checked = viewState.get("heat");
    this.controls.draw();
    for (const button of this.ends) set(button, { "aria-pressed": String(button.textContent === viewState.get("end")) });
    set(this.#disc, { hidden: !point || !hasMaps });
    setText(this.#name, point && hasMaps ? point.name : "");
    if (point) {
      setText(this.#disc, String(point.number));
      Object.assign(this.#disc.style, { background: COLOURS[verdictOf(point.right)], color: "#fff" });
    }
    setText(this.#hint, this.#hintFor(point));
    set(this.#hint, { hidden: Boolean(hasMaps && point) });
    this.#fill(hasMaps && point ? point : null);
  }

  // Choose the next (1) or the previous (-1) map.
  step(by) {
    if (this.#count) this.#choose((this.viewState.get("chosen") + by + this.#count) % this.#count);
  }

  enlarge() {
    const { viewState, pair } = this;
    const point = this.#point;
    if (!point || !this.#count) return;
    const addresses = Object.fromEntries(ENDS.map((end) => [end, this.addressOf(end)]));
    const views = ENDS.filter((end) => !pair[end].problem).map((name) => ({ name, picture: () => pair[name], address: () => addresses[name] }));
    if (!views.length) return;
    enlarge({ title: `${point.number}, ${point.name}`, views, view: viewState.get("end"), index: viewState.get("map"), viewState, colours: this.colours });
  }

  get #point() {
    return this.pair.points.find(({ number }) => String(number) === this.viewState.point);
  }

  #hintFor(point) {
    if (this.pair.error) return "This pair failed, so it has no heat maps.";
    if (!this.run.maps) {
      return "This run has no heat maps. To store them, evaluate the attention matcher with: homologue evaluate … --run DIR --keep maps";
    }
    return point ? "" : "Click a point or its line to see its heat maps.";
  }

  #choose(index) {
    this.viewState.set("chosen", index);
    this.viewState.set("map", index);
  }

  async #fill(point) {
    const { viewState, pair } = this;
    const picture = pair[viewState.get("end")];
    const address = point && !picture.problem && this.addressOf(viewState.get("end"));
    const colours = viewState.get("colours");
    const wanted = `${address} ${colours}`;
    if (wanted !== this.#drawn) {
      this.#drawn = wanted;
      if (!address) this.#maps.replaceChildren();
      else await this.#load(address, wanted, picture, this.colours[colours]);
    }
    for (const node of this.#maps.children) {
      set(node, { "aria-pressed": String(Number(node.getAttribute("data-key")) === viewState.get("chosen")) });
    }
  }

  async #load(address, wanted, picture, colours) {
    let loaded;
    try {
      loaded = await fetchMaps(address);
    } catch (error) {
      setText(this.#hint, error.message);
      set(this.#hint, { hidden: false });
      return this.#maps.replaceChildren();
    }
    if (wanted !== this.#drawn) return undefined;
    this.#count = loaded.maps.length;
    const items = loaded.maps.map((map, index) => ({ map, index }));
    keyed(this.#maps, items, ({ index }) => index, ({ index }) => this.#make(index), (node, { map }) => {
      showThumb(node, { map, side: loaded.side, name: nameOf(map), picture, colours });
      set(node, { "aria-label": nameOf(map), title: "Click again to enlarge" });
    });
    return undefined;
  }

  #make(index) {
    const node = makeThumb();
    node.addEventListener("pointerenter", () => this.viewState.set("map", index));
    node.addEventListener("click", () => {
      if (this.viewState.get("chosen") === index) this.enlarge();
      else this.#choose(index);
    });
    return node;
  }
}
