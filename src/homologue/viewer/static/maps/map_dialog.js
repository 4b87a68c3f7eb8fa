// @ts-check
// A dialog that shows one heat map as large as possible, with its value at the cursor.

import { openDialog } from "../core/dialog.js";
import { h, set, setText } from "../core/dom.js";
import { ARROWS } from "../core/keys.js";
import { nameOf, paint, paintBar, valueText } from "./paint.js";
import { fetchMaps, valueAt } from "./map_cache.js";

const STEP = 0.02; // step of the arrow keys, as a fraction of the image's side; a tenth with Shift

// Open the dialog on one of several maps.
//
// views: the images that the maps may be shown on, [{ name, picture(), address() }]. picture():
// { id, width, height }; address(): the argument of fetchMaps; either returns null if not available.
// view: name of the first view. index: of the first map. viewState: has `opacity` and `colours`.
export function enlarge({ title, views, view, index, viewState, colours }) {
  new MapDialog({ title, views, view, index, viewState, colours }).draw();
}

class MapDialog {
  #image = h("img", { class: "picture", alt: "" });
  #heat = h("canvas", { class: "heat" });
  #probe = h("span", { class: "cross", hidden: true });
  #name = h("strong", {});
  #value = h("output", { class: "readout" });
  #bar = h("canvas", { class: "colourbar" });
  #maximum = h("span", {});
  /** @type {any} */
  #loaded = null; // { maps, side }
  #probed = [0.5, 0.5]; // position of the probe, fractions of width and height

  constructor({ title, views, view, index, viewState, colours }) {
    this.views = views;
    this.index = index;
    this.viewState = viewState;
    this.colours = colours;
    this.current = Math.max(0, views.findIndex(({ name }) => name === view)); // index of a view
    this.opacity = h("input", { type: "range", min: 0, max: 1, step: 0.05, "aria-label": "Opacity" });
    this.opacity.value = viewState.get("opacity");
    this.view = h("div", { class: "large-view", tabindex: "0", role: "application", "aria-label": "Heat map. Use the arrow keys to read its values" }, this.#image, this.#heat, this.#probe);
    this.swap = h("button", { class: "quiet", onclick: () => this.#nextView() });
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
        h("button", { class: "icon", "aria-label": "Previous map", title: "Previous map (Page up)", onclick: step(-1) }, "‹"),
        this.#name,
        h("button", { class: "icon", "aria-label": "Next map", title: "Next map (Page down)", onclick: step(1) }, "›"),
        this.swap,
        h("label", { class: "choice" }, h("span", {}, "Opacity"), this.opacity),
        h("span", { class: "scale" }, "0", this.#bar, this.#maximum),
      ),
      h("div", { class: "large-ground" }, this.view),
      this.#value,
    );
  }

  async draw() {
    const { name } = this.#view;
    const [address, picture] = [this.#view.address(), this.#view.picture()];
    set(this.swap, { hidden: this.views.length < 2 });
    setText(this.swap, `Show the ${this.views[(this.current + 1) % this.views.length].name}`);
    if (!address || !picture) return setText(this.#value, "These heat maps are not available yet.");
    try {
      this.#loaded = await fetchMaps(address);
    } catch (error) {
      return setText(this.#value, error.message);
    }
    const map = this.#map;
    set(this.#image, { src: `api/pictures/${picture.id}` });
    this.view.style.setProperty("--ratio", String(picture.width / picture.height));
    paintBar(this.#bar, this.colours[this.viewState.get("colours")]);
    setText(this.#name, `${nameOf(map)}, over the ${name}`);
    setText(this.#maximum, valueText(map.scale));
    this.#paint();
    return this.#read();
  }

  get #view() {
    return this.views[this.current];
  }

  get #map() {
    this.index = Math.min(this.index, this.#loaded.maps.length - 1);
    return this.#loaded.maps[this.index];
  }

  #step(by) {
    const count = this.#loaded?.maps.length ?? 1;
    this.index = (this.index + by + count) % count;
    this.draw();
  }

  #nextView() {
    this.current = (this.current + 1) % this.views.length;
    this.draw();
  }

  #paint() {
    const colours = this.colours[this.viewState.get("colours")];
    if (this.#loaded) paint(this.#heat, this.#map, this.#loaded.side, colours, Number(this.opacity.value));
    this.view.style.setProperty("--faded", this.opacity.value);
  }

  #listen() {
    this.opacity.addEventListener("input", () => {
      this.viewState.set("opacity", Number(this.opacity.value));
      this.#paint();
    });
    this.view.addEventListener("pointermove", (event) => {
      const box = this.view.getBoundingClientRect();
      this.#probed = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
      set(this.#probe, { hidden: true });
      this.#read();
    });
    this.view.addEventListener("keydown", (event) => this.#press(event));
  }

  #press(event) {
    const direction = ARROWS[event.key];
    if (event.key === "PageUp") this.#step(-1);
    else if (event.key === "PageDown") this.#step(1);
    else if (direction) {
      const step = event.shiftKey ? STEP / 10 : STEP;
      this.#probed = this.#probed.map((fraction, axis) => Math.min(Math.max(fraction + direction[axis] * step, 0), 1));
      set(this.#probe, { hidden: false });
      Object.assign(this.#probe.style, { left: `${100 * this.#probed[0]}%`, top: `${100 * this.#probed[1]}%` });
      this.#read();
    } else return;
    event.preventDefault();
  }

  #read() {
    if (!this.#loaded) return;
    const { width, height } = this.#view.picture();
    const [right, down] = this.#probed;
    const value = valueAt(this.#map, this.#loaded.side, right, down);
    setText(this.#value, `x ${(right * width).toFixed(1)}, y ${(down * height).toFixed(1)} · ${valueText(value)}`);
  }
}
