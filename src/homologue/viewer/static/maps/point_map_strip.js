// @ts-check
// The strip of maps: the mean, every layer alone, every embedding alone. Hovering one lays it over
// the pictures, a click enlarges it.

import { colourOf, inkOn } from "../core/colours.js";
import { h, keyed, set, write } from "../core/dom.js";
import { enlarge } from "./map_dialog.js";
import { nameOf } from "./paint.js";
import { Painting } from "./map_controls.js";
import { fetchMaps } from "./map_cache.js";
import { makeThumb, showThumb } from "./map_thumbnail.js";

export class Strip {
  #maps = h("div", { class: "maps" });
  #hint = h("p", { class: "hint" });
  #disc = h("span", { class: "disc" });
  #drawn = "";

  constructor(session, look, colours) {
    this.session = session;
    this.look = look;
    this.colours = colours;
    this.heat = h("input", { type: "checkbox" });
    this.painting = new Painting(look, colours);
    this.ends = ["source", "target"].map((end) =>
      h("button", { class: "segment", onclick: () => look.set("end", end) }, end),
    );
    this.element = h("section", { class: "card strip", "aria-label": "Heat maps" }, this.#head(), h("div", { class: "strip-body" }, this.#hint, this.#maps));
    this.#maps.addEventListener("pointerleave", () => look.set("map", 0));
    this.heat.addEventListener("change", () => look.set("heat", this.heat.checked));
  }

  #head() {
    return h(
      "div",
      { class: "card-head" },
      h("h2", {}, "Heat maps"),
      this.#disc,
      h("div", { class: "segments", role: "group", "aria-label": "Strip over" }, ...this.ends),
      h("div", { class: "strip-tools" },
        h("label", { class: "check", title: "H" }, this.heat, "over the pictures"),
        this.painting.element,
      ),
    );
  }

  draw() {
    const { look } = this;
    this.heat.checked = look.get("heat");
    this.painting.draw();
    for (const button of this.ends) {
      set(button, { "aria-pressed": String(button.textContent === look.get("end")) });
    }
    const point = this.session.scene.points.find((one) => one.id === look.point);
    set(this.#disc, { hidden: !point });
    if (point) {
      write(this.#disc, String(point.number));
      this.#disc.style.background = colourOf(point.number);
      this.#disc.style.color = inkOn(point.number);
    }
    this.#fill(point);
  }

  async #fill(point) {
    const end = this.look.get("end");
    const address = point && this.session.state.match.points[point.id]?.maps[end];
    const picture = this.session.scene[end];
    const name = this.look.get("colours");
    const wanted = `${address} ${name} ${picture?.id}`;
    write(this.#hint, this.#hintFor(point, address, end));
    set(this.#hint, { hidden: Boolean(address) });
    if (wanted === this.#drawn) return;
    this.#drawn = wanted;
    if (!address) return this.#maps.replaceChildren();
    let maps;
    try {
      maps = await fetchMaps(address);
    } catch {
      return write(this.#hint, "These maps are not kept any more: run the point again.");
    }
    if (wanted !== this.#drawn) return;
    const items = maps.maps.map((map, index) => ({ map, index }));
    keyed(this.#maps, items, ({ index }) => index, (item) => this.#make(item), (node, item) =>
      this.#show(node, item, maps.side, picture),
    );
  }

  #hintFor(point, address, end) {
    if (!point) return "Hover or select a point to see its maps.";
    if (!this.session.scene[end]) return `There is no ${end} yet.`;
    return address ? "" : "The maps come when the point is done.";
  }

  #make({ index }) {
    const node = makeThumb();
    node.addEventListener("pointerenter", () => this.look.set("map", index));
    node.addEventListener("focus", () => this.look.set("map", index));
    node.addEventListener("blur", () => this.look.set("map", 0));
    node.addEventListener("click", () => this.#enlarge(index));
    return node;
  }

  // The map with an index of the point that is looked at, over either picture.
  #enlarge(index) {
    const { session, look } = this;
    const point = session.scene.points.find((one) => one.id === look.point);
    if (!point) return;
    const views = ["source", "target"].map((name) => ({
      name,
      picture: () => session.scene[name],
      address: () => session.state.match.points[point.id]?.maps[name],
    }));
    const title = `Point ${point.number}`;
    enlarge({ title, views, view: look.get("end"), index, look, colours: this.colours });
  }

  #show(node, { map }, side, picture) {
    const colours = this.colours[this.look.get("colours")];
    showThumb(node, { map, side, name: nameOf(map), picture, colours });
  }
}
