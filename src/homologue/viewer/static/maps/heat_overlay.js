// @ts-check
// The map of the point that is looked at, over both pictures, and its values.

import { set } from "../core/dom.js";
import { fetchMaps, valueAt } from "./map_cache.js";
import { nameOf, paint, valueText } from "./paint.js";

export class Heat {
  #shown = { source: null, target: null }; // { map, side } that is painted
  #painted = {};

  // addressOf: gives for an end the address of the maps of the point that is looked at, if there are
  // any. panes: { source, target }; colours: { name: 256 colours }
  constructor(addressOf, look, panes, colours) {
    this.addressOf = addressOf;
    this.look = look;
    this.panes = panes;
    this.colours = colours;
    for (const end of ["source", "target"]) {
      panes[end].addEventListener("hover", (event) => this.#read(end, event.detail));
      panes[end].addEventListener("leave", () => panes[end].read(""));
    }
  }

  draw() {
    for (const end of ["source", "target"]) this.#draw(end);
  }

  async #draw(end) {
    const address = this.addressOf(end);
    const pane = this.panes[end];
    if (!address || !this.look.get("heat")) return this.#hide(end);
    const [index, name, opacity] = ["map", "colours", "opacity"].map((key) => this.look.get(key));
    const wanted = `${address} ${index} ${name} ${opacity}`;
    pane.well.style.setProperty("--faded", opacity);
    if (this.#painted[end] === wanted) return undefined;
    this.#painted[end] = wanted;
    let maps;
    try {
      maps = await fetchMaps(address);
    } catch {
      return this.#hide(end); // the list offers to run the point again
    }
    if (this.#painted[end] !== wanted) return undefined; // another map is wanted by now
    const map = maps.maps[index] ?? maps.maps[0];
    this.#shown[end] = { map, side: maps.side };
    paint(pane.heat, map, maps.side, this.colours[name], opacity);
    set(pane.heat, { hidden: false });
    pane.well.classList.add("mapped");
    return undefined;
  }

  #hide(end) {
    const pane = this.panes[end];
    set(pane.heat, { hidden: true });
    pane.well.classList.remove("mapped");
    this.#painted[end] = "";
    this.#shown[end] = null;
  }

  #read(end, [x, y]) {
    const pane = this.panes[end];
    const { width, height } = pane.picture;
    let text = `x ${x.toFixed(1)}, y ${y.toFixed(1)}`;
    const shown = this.#shown[end];
    if (shown) {
      const value = valueAt(shown.map, shown.side, x / width, y / height);
      text += ` · ${nameOf(shown.map)}: ${valueText(value)}`;
    }
    pane.read(text);
  }
}
