// The strip of maps: the mean, every layer alone, every embedding alone. Hovering one lays it over
// the pictures, a click enlarges it.

import { colourOf, inkOn } from "../core/colours.js";
import { h, keyed, set, write } from "../core/dom.js";
import { enlarge } from "./large.js";
import { nameOf, paint, paintBar } from "./paint.js";
import { fetchMaps } from "./store.js";

const THUMB_OPACITY = 0.85;

export class Strip {
  #maps = h("div", { class: "maps" });
  #hint = h("p", { class: "hint" });
  #disc = h("span", { class: "disc" });
  #bar = h("canvas", { class: "colourbar", role: "img", "aria-label": "Colours from 0 to the highest value" });
  #drawn = "";

  constructor(session, look, colours) {
    this.session = session;
    this.look = look;
    this.colours = colours;
    this.heat = h("input", { type: "checkbox" });
    this.opacity = h("input", { type: "range", min: 0, max: 1, step: 0.05, "aria-label": "Opacity" });
    this.choice = h("select", { "aria-label": "Colours" }, ...Object.keys(colours).map((name) => h("option", { value: name }, name)));
    this.ends = ["source", "target"].map((end) =>
      h("button", { class: "segment", onclick: () => look.set("end", end) }, end),
    );
    this.element = h("section", { class: "card strip", "aria-label": "Heat maps" }, this.#head(), h("div", { class: "strip-body" }, this.#hint, this.#maps));
    this.#maps.addEventListener("pointerleave", () => look.set("map", 0));
    this.heat.addEventListener("change", () => look.set("heat", this.heat.checked));
    this.opacity.addEventListener("input", () => look.set("opacity", Number(this.opacity.value)));
    this.choice.addEventListener("change", () => look.set("colours", this.choice.value));
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
        h("label", { class: "choice" }, h("span", {}, "Opacity"), this.opacity),
        h("label", { class: "choice" }, h("span", {}, "Colours"), this.choice),
        h("span", { class: "scale" }, "0", this.#bar, "highest"),
      ),
    );
  }

  draw() {
    const { look } = this;
    this.heat.checked = look.get("heat");
    this.opacity.value = look.get("opacity");
    this.choice.value = look.get("colours");
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
    paintBar(this.#bar, this.colours[name]);
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
    const node = h(
      "button",
      { class: "map" },
      h("span", { class: "map-view" }, h("img", { class: "picture", alt: "" }), h("canvas", { class: "heat" })),
      h("span", { class: "map-name" }),
    );
    node.addEventListener("pointerenter", () => this.look.set("map", index));
    node.addEventListener("focus", () => this.look.set("map", index));
    node.addEventListener("blur", () => this.look.set("map", 0));
    node.addEventListener("click", () => enlarge(this.session, this.look, this.colours, index));
    return node;
  }

  #show(node, { map }, side, picture) {
    const [view, name] = node.children;
    const [image, canvas] = view.children;
    set(image, { src: `/api/pictures/${picture.id}` });
    view.style.aspectRatio = `${picture.width} / ${picture.height}`;
    paint(canvas, map, side, this.colours[this.look.get("colours")], THUMB_OPACITY);
    write(name, nameOf(map));
    set(node, { "aria-label": `${nameOf(map)}: enlarge`, "data-kind": map.kind });
  }
}
