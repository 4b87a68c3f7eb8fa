// @ts-check
// One map, as large as the window allows, with its values under the cursor.

import { openDialog } from "../core/dialog.js";
import { h, set, write } from "../core/dom.js";
import { nameOf, paint, paintBar, valueText } from "./paint.js";
import { fetchMaps, valueAt } from "./map_cache.js";

const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const STEP = 0.02; // of the picture, that an arrow key moves the probe; with Shift a tenth

// Opens one of several maps.
//
// views: [{ name, picture(), address() }], over which pictures the maps lie: `picture()` gives
// { id, width, height }, `address()` what fetchMaps takes; null while they are not there. view: the
// name of the first to be shown. index: of the map. look: has `opacity` and `colours`, a name.
export function enlarge({ title, views, view, index, look, colours }) {
  new Large({ title, views, view, index, look, colours }).draw();
}

class Large {
  #image = h("img", { class: "picture", alt: "" });
  #heat = h("canvas", { class: "heat" });
  #probe = h("span", { class: "cross", hidden: true });
  #name = h("strong", {});
  #value = h("output", { class: "readout" });
  #bar = h("canvas", { class: "colourbar" });
  #most = h("span", {});
  /** @type {any} */
  #shown = null; // { maps, side }
  #at = [0.5, 0.5]; // the probe, shares of width and height

  constructor({ title, views, view, index, look, colours }) {
    this.views = views;
    this.index = index;
    this.look = look;
    this.colours = colours;
    this.end = Math.max(0, views.findIndex((one) => one.name === view));
    this.opacity = h("input", { type: "range", min: 0, max: 1, step: 0.05, "aria-label": "Opacity" });
    this.opacity.value = look.get("opacity");
    this.view = h("div", { class: "large-view", tabindex: "0", role: "application", "aria-label": "Map: arrow keys read its values" }, this.#image, this.#heat, this.#probe);
    this.swap = h("button", { class: "quiet", onclick: () => this.#turn() });
    openDialog(title, this.#content(), { wide: true });
    this.#listen();
    this.view.focus();
  }

  #content() {
    const step = (by) => () => this.#step(by);
    return h(
      "div",
      { class: "large" },
      h("div", { class: "large-head" },
        h("button", { class: "icon", "aria-label": "Previous map", title: "Page up", onclick: step(-1) }, "‹"),
        this.#name,
        h("button", { class: "icon", "aria-label": "Next map", title: "Page down", onclick: step(1) }, "›"),
        this.swap,
        h("label", { class: "choice" }, h("span", {}, "Opacity"), this.opacity),
        h("span", { class: "scale" }, "0", this.#bar, this.#most),
      ),
      h("div", { class: "large-ground" }, this.view),
      this.#value,
    );
  }

  async draw() {
    const { name } = this.#shownOver;
    const [address, picture] = [this.#shownOver.address(), this.#shownOver.picture()];
    set(this.swap, { hidden: this.views.length < 2 });
    write(this.swap, `Show the ${this.#next.name}`);
    if (!address || !picture) return write(this.#value, "These maps are not there yet.");
    try {
      this.#shown = await fetchMaps(address);
    } catch (error) {
      return write(this.#value, error.message);
    }
    const map = this.#map;
    set(this.#image, { src: `api/pictures/${picture.id}` });
    this.view.style.setProperty("--ratio", String(picture.width / picture.height));
    paintBar(this.#bar, this.colours[this.look.get("colours")]);
    write(this.#name, `${nameOf(map)}, over the ${name}`);
    write(this.#most, valueText(map.scale));
    this.#blend();
    return this.#read();
  }

  get #shownOver() {
    return this.views[this.end];
  }

  get #next() {
    return this.views[(this.end + 1) % this.views.length];
  }

  get #map() {
    this.index = Math.min(this.index, this.#shown.maps.length - 1);
    return this.#shown.maps[this.index];
  }

  #step(by) {
    const count = this.#shown?.maps.length ?? 1;
    this.index = (this.index + by + count) % count;
    this.draw();
  }

  #turn() {
    this.end = (this.end + 1) % this.views.length;
    this.draw();
  }

  #blend() {
    const colours = this.colours[this.look.get("colours")];
    if (this.#shown) paint(this.#heat, this.#map, this.#shown.side, colours, Number(this.opacity.value));
    this.view.style.setProperty("--faded", this.opacity.value);
  }

  #listen() {
    this.opacity.addEventListener("input", () => {
      this.look.set("opacity", Number(this.opacity.value));
      this.#blend();
    });
    this.view.addEventListener("pointermove", (event) => {
      const box = this.view.getBoundingClientRect();
      this.#at = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
      set(this.#probe, { hidden: true });
      this.#read();
    });
    this.view.addEventListener("keydown", (event) => this.#press(event));
  }

  #press(event) {
    const way = WAYS[event.key];
    if (event.key === "PageUp") this.#step(-1);
    else if (event.key === "PageDown") this.#step(1);
    else if (way) {
      const step = event.shiftKey ? STEP / 10 : STEP;
      this.#at = this.#at.map((share, axis) => Math.min(Math.max(share + way[axis] * step, 0), 1));
      set(this.#probe, { hidden: false });
      Object.assign(this.#probe.style, { left: `${100 * this.#at[0]}%`, top: `${100 * this.#at[1]}%` });
      this.#read();
    } else return;
    event.preventDefault();
  }

  #read() {
    if (!this.#shown) return;
    const { width, height } = this.#shownOver.picture();
    const [right, down] = this.#at;
    const value = valueAt(this.#map, this.#shown.side, right, down);
    write(this.#value, `x ${(right * width).toFixed(1)}, y ${(down * height).toFixed(1)} · ${valueText(value)}`);
  }
}
