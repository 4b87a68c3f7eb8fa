// @ts-check
// The heat map of the current point over both images, and the readout of its values.

import { set } from "../core/dom.js";
import { fetchMaps, valueAt } from "./map_cache.js";
import { nameOf, paint, valueText } from "./paint.js";

export class HeatOverlay {
  #maps = { source: null, target: null }; // { map, side } as painted
  #painted = {}; // end -> description of what is painted

  // addressOf(end): return the address of the current point's maps, or a false value. panes:
  // { source, target }. colours: name of a colour map -> 256 of [red, green, blue].
  constructor(addressOf, viewState, panes, colours) {
    this.addressOf = addressOf;
    this.viewState = viewState;
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
    if (!address || !this.viewState.get("heat")) return this.#hide(end);
    const [index, name, opacity] = ["map", "colours", "opacity"].map((key) => this.viewState.get(key));
    const wanted = `${address} ${index} ${name} ${opacity}`;
    pane.well.style.setProperty("--faded", opacity);
    if (this.#painted[end] === wanted) return undefined;
    this.#painted[end] = wanted;
    let maps;
    try {
      maps = await fetchMaps(address);
    } catch {
      return this.#hide(end); // the point list offers to run the point again
    }
    if (this.#painted[end] !== wanted) return undefined; // a newer request
    const map = maps.maps[index] ?? maps.maps[0];
    this.#maps[end] = { map, side: maps.side };
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
    this.#maps[end] = null;
  }

  #read(end, [x, y]) {
    const pane = this.panes[end];
    const { width, height } = pane.picture;
    let text = `x ${x.toFixed(1)}, y ${y.toFixed(1)}`;
    const painted = this.#maps[end];
    if (painted) {
      const value = valueAt(painted.map, painted.side, x / width, y / height);
      text += ` · ${nameOf(painted.map)}: ${valueText(value)}`;
    }
    pane.read(text);
  }
}
