// @ts-check
// The heat maps of the point that is chosen: all of them together first, then layer by layer.

import { h, keyed, set, write } from "../core/dom.js";
import { enlarge } from "../maps/map_dialog.js";
import { nameOf } from "../maps/paint.js";
import { Painting } from "../maps/map_controls.js";
import { fetchMaps } from "../maps/map_cache.js";
import { makeThumb, showThumb } from "../maps/map_thumbnail.js";
import { COLOURS, verdictOf } from "./verdicts.js";

const ENDS = ["source", "target"];

export class MapStrip {
  #maps = h("div", { class: "maps" });
  #hint = h("p", { class: "hint" });
  #disc = h("span", { class: "disc" });
  #name = h("span", { class: "map-point" });
  #drawn = "";
  #count = 0;

  // look: has `chosen`, the index of the map that lies over the pictures, besides what a PointLook
  // has. addressOf(end): of the maps of the point that is looked at, or null.
  constructor(look, colours, addressOf) {
    this.look = look;
    this.colours = colours;
    this.addressOf = addressOf;
    this.painting = new Painting(look, colours);
    this.heat = h("input", { type: "checkbox" });
    this.heat.addEventListener("change", () => look.set("heat", this.heat.checked));
    this.ends = ENDS.map((end) => h("button", { class: "segment", onclick: () => look.set("end", end) }, end));
    this.large = h("button", { class: "quiet", onclick: () => this.enlarge() }, "Enlarge");
    this.tools = h(
      "div", { class: "strip-tools" },
      this.large,
      h("label", { class: "check", title: "H" }, this.heat, "over the pictures"),
      this.painting.element,
    );
    this.segments = h("div", { class: "segments", role: "group", "aria-label": "Strip over" }, ...this.ends);
    this.element = h(
      "section", { class: "card strip", "aria-label": "Heat maps" },
      h("div", { class: "card-head" }, h("h2", {}, "Heat maps"), this.#disc, this.#name, this.segments, this.tools),
      h("div", { class: "strip-body" }, this.#hint, this.#maps),
    );
    this.#maps.addEventListener("pointerleave", () => look.set("map", look.get("chosen")));
  }

  // pair: as the server describes it; run: too.
  show(pair, run) {
    this.pair = pair;
    this.run = run;
    this.draw();
  }

  draw() {
    const { look } = this;
    const there = this.run.maps && !this.pair.error;
    const point = this.pair.points.find((one) => String(one.number) === look.point);
    set(this.element, { class: `card strip${there ? "" : " without"}` });
    for (const node of [this.tools, this.segments]) set(node, { hidden: !there || !point });
    this.heat.checked = look.get("heat");
    this.painting.draw();
    for (const button of this.ends) set(button, { "aria-pressed": String(button.textContent === look.get("end")) });
    set(this.#disc, { hidden: !point || !there });
    write(this.#name, point && there ? point.name : "");
    if (point) {
      write(this.#disc, String(point.number));
      Object.assign(this.#disc.style, { background: COLOURS[verdictOf(point.right)], color: "#fff" });
    }
    write(this.#hint, this.#hintFor(point));
    set(this.#hint, { hidden: Boolean(there && point) });
    this.#fill(there && point ? point : null);
  }

  // Shows the next map, or the one before.
  step(by) {
    if (this.#count) this.#choose((this.look.get("chosen") + by + this.#count) % this.#count);
  }

  enlarge() {
    const { look, pair } = this;
    const point = pair.points.find((one) => String(one.number) === look.point);
    if (!point || !this.#count) return;
    const addresses = Object.fromEntries(ENDS.map((end) => [end, this.addressOf(end)]));
    const views = ENDS.filter((end) => !pair[end].problem).map((name) => ({ name, picture: () => pair[name], address: () => addresses[name] }));
    if (!views.length) return;
    enlarge({ title: `${point.number}, ${point.name}`, views, view: look.get("end"), index: look.get("map"), look, colours: this.colours });
  }

  #hintFor(point) {
    if (this.pair.error) return "The pair failed: it has no heat maps.";
    if (!this.run.maps) {
      return "No heat maps are kept in this run. An evaluation with the attention matcher keeps them: homologue evaluate … --run DIR --keep maps";
    }
    return point ? "" : "Click a point or its line, or press Enter on it, to see its heat maps.";
  }

  #choose(index) {
    this.look.set("chosen", index);
    this.look.set("map", index);
  }

  async #fill(point) {
    const { look, pair } = this;
    const picture = pair[look.get("end")];
    const address = point && !picture.problem && this.addressOf(look.get("end"));
    const colours = look.get("colours");
    const wanted = `${address} ${colours}`;
    if (wanted !== this.#drawn) {
      this.#drawn = wanted;
      if (!address) this.#maps.replaceChildren();
      else await this.#load(address, wanted, picture, this.colours[colours]);
    }
    for (const node of this.#maps.children) {
      set(node, { "aria-pressed": String(Number(node.getAttribute("data-key")) === look.get("chosen")) });
    }
  }

  async #load(address, wanted, picture, colours) {
    let loaded;
    try {
      loaded = await fetchMaps(address);
    } catch (error) {
      write(this.#hint, error.message);
      set(this.#hint, { hidden: false });
      return this.#maps.replaceChildren();
    }
    if (wanted !== this.#drawn) return undefined;
    this.#count = loaded.maps.length;
    const items = loaded.maps.map((map, index) => ({ map, index }));
    keyed(this.#maps, items, ({ index }) => index, ({ index }) => this.#make(index), (node, { map }) => {
      showThumb(node, { map, side: loaded.side, name: nameOf(map), picture, colours });
      set(node, { "aria-label": nameOf(map), title: "Another click enlarges it" });
    });
    return undefined;
  }

  #make(index) {
    const node = makeThumb();
    node.addEventListener("pointerenter", () => this.look.set("map", index));
    node.addEventListener("click", () => {
      if (this.look.get("chosen") === index) this.enlarge();
      else this.#choose(index);
    });
    return node;
  }
}
