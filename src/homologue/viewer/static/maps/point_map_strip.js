// @ts-check
// The strip of a point's heat maps: their mean, each layer, each embedding. Hovering over a map shows
// it on the images; a click opens it in a dialog.

import { colourOf, inkOn } from "../core/colours.js";
import { h, keyed, set, setText } from "../core/dom.js";
import { enlarge } from "./map_dialog.js";
import { nameOf } from "./paint.js";
import { MapControls } from "./map_controls.js";
import { fetchMaps } from "./map_cache.js";
import { makeThumb, showThumb } from "./map_thumbnail.js";

export class PointMapStrip {
  #maps = h("div", { class: "maps" });
  #hint = h("p", { class: "hint" });
  #disc = h("span", { class: "disc" });
  #drawn = "";

  constructor(session, viewState, colours) {
    this.session = session;
    this.viewState = viewState;
    this.colours = colours;
    this.heat = h("input", { type: "checkbox" });
    this.controls = new MapControls(viewState, colours);
    this.ends = ["source", "target"].map((end) =>
      h("button", { class: "segment", onclick: () => viewState.set("end", end) }, end),
    );
    this.element = h("section", { class: "card strip", "aria-label": "Heat maps" }, this.#head(), h("div", { class: "strip-body" }, this.#hint, this.#maps));
    this.#maps.addEventListener("pointerleave", () => viewState.set("map", 0));
    this.heat.addEventListener("change", () => viewState.set("heat", this.heat.checked));
  }

  #head() {
    return h(
      "div",
      { class: "card-head" },
      h("h2", {}, "Heat maps"),
      this.#disc,
      h("div", { class: "segments", role: "group", "aria-label": "Heat maps of" }, ...this.ends),
      h("div", { class: "strip-tools" },
        h("label", { class: "check", title: "Show heat maps on the images (H)" }, this.heat, "Show on images"),
        this.controls.element,
      ),
    );
  }

  draw() {
    const { viewState } = this;
    this.heat.checked = viewState.get("heat");
    this.controls.draw();
    for (const button of this.ends) {
      set(button, { "aria-pressed": String(button.textContent === viewState.get("end")) });
    }
    const point = this.session.scene.points.find(({ id }) => id === viewState.point);
    set(this.#disc, { hidden: !point });
    if (point) {
      setText(this.#disc, String(point.number));
      this.#disc.style.background = colourOf(point.number);
      this.#disc.style.color = inkOn(point.number);
    }
    this.#fill(point);
  }

  async #fill(point) {
    const end = this.viewState.get("end");
    const address = point && this.session.state.match.points[point.id]?.maps[end];
    const picture = this.session.scene[end];
    const name = this.viewState.get("colours");
    const wanted = `${address} ${name} ${picture?.id}`;
    setText(this.#hint, this.#hintFor(point, address, end));
    set(this.#hint, { hidden: Boolean(address) });
    if (wanted === this.#drawn) return;
    this.#drawn = wanted;
    if (!address) return this.#maps.replaceChildren();
    let maps;
    try {
      maps = await fetchMaps(address);
    } catch {
      return setText(this.#hint, "These heat maps are no longer in memory. Run the point again.");
    }
    if (wanted !== this.#drawn) return;
    const items = maps.maps.map((map, index) => ({ map, index }));
    keyed(this.#maps, items, ({ index }) => index, (item) => this.#make(item), (node, item) =>
      this.#show(node, item, maps.side, picture),
    );
  }

  #hintFor(point, address, end) {
    if (!point) return "Hover over a point or select it to see its heat maps.";
    if (!this.session.scene[end]) return `Open a ${end} image first.`;
    return address ? "" : "The heat maps appear when the point is done.";
  }

  #make({ index }) {
    const node = makeThumb();
    node.addEventListener("pointerenter", () => this.viewState.set("map", index));
    node.addEventListener("focus", () => this.viewState.set("map", index));
    node.addEventListener("blur", () => this.viewState.set("map", 0));
    node.addEventListener("click", () => this.#enlarge(index));
    return node;
  }

  // Open a map of the current point in a dialog.
  #enlarge(index) {
    const { session, viewState } = this;
    const point = session.scene.points.find(({ id }) => id === viewState.point);
    if (!point) return;
    const views = ["source", "target"].map((name) => ({
      name,
      picture: () => session.scene[name],
      address: () => session.state.match.points[point.id]?.maps[name],
    }));
    const title = `Point ${point.number}`;
    enlarge({ title, views, view: viewState.get("end"), index, viewState, colours: this.colours });
  }

  #show(node, { map }, side, picture) {
    const colours = this.colours[this.viewState.get("colours")];
    showThumb(node, { map, side, name: nameOf(map), picture, colours });
  }
}
