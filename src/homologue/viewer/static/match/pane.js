// @ts-check
// One of the two pictures: shown as large as it fits, zoomed and shifted, with a heat map over it.
//
// Events: "view" (what is seen has shifted), "place" (detail: [x, y] of the picture was clicked or
// chosen with the keyboard).

import { h, set, write } from "../core/dom.js";
import { Viewport } from "../core/viewport.js";
import { Gestures } from "./gestures.js";

const COARSE = 8; // pane pixels to a picture pixel, from which on single pixels are shown
const STEP = 12; // pane pixels that an arrow key moves the cross, with Shift 1

export class Pane extends EventTarget {
  viewport = new Viewport();
  /** @type {any} */
  picture = null; // see show()
  heat = h("canvas", { class: "heat", hidden: true, "aria-hidden": "true" });
  tools = h("div", { class: "pane-tools" });
  #image = h("img", { class: "picture", alt: "", draggable: "false", hidden: true });
  #cross = h("div", { class: "cross", hidden: true });
  #name = h("span", { class: "pane-name" });
  #readout = h("output", { class: "readout" });
  /** @type {import("../core/types.js").Pair} */
  #at = [0, 0]; // the cross, picture frame

  // end: "source" or "target". empty: what to show while there is no picture. placing: whether
  // places can be chosen.
  constructor(end, title, { empty, placing }) {
    super();
    this.end = end;
    this.placing = placing;
    this.empty = empty;
    this.well = h(
      "div",
      { class: "well", tabindex: "0", role: "application", "aria-label": this.#label(title) },
      this.#image, this.heat, this.#cross, empty,
    );
    this.element = h(
      "section",
      { class: "pane", "data-end": end, "aria-label": title },
      h("div", { class: "pane-head" }, h("h2", {}, title), this.#name, this.tools),
      this.well,
      this.#readout,
    );
    this.#listen();
  }

  #label(title) {
    const keys = "plus and minus zoom, 0 shows all of it";
    if (!this.placing) return `${title} picture: ${keys}`;
    return `${title} picture: arrow keys move a cross, Enter puts a point there, ${keys}`;
  }

  // picture: { id, name, width, height }, or null. One that is `missing` is only a frame for points.
  show(picture) {
    if (picture?.id === this.picture?.id) return;
    this.picture = picture;
    const there = Boolean(picture) && !picture.missing;
    set(this.#image, { hidden: !there, src: there ? `api/pictures/${picture.id}` : null });
    set(this.#image, { alt: picture ? picture.name : "" });
    set(this.empty, { hidden: there });
    write(this.#name, there ? `${picture.name} · ${picture.width} × ${picture.height}` : (picture?.name ?? ""));
    set(this.#name, { title: this.#name.textContent });
    this.viewport.setPicture(picture?.width ?? 0, picture?.height ?? 0);
    this.#at = [(picture?.width ?? 0) / 2, (picture?.height ?? 0) / 2];
    this.arrange();
  }

  // Shows text below the picture; "" empties it.
  read(text) {
    write(this.#readout, text);
  }

  // Lays everything out anew.
  arrange() {
    this.viewport.setPane(this.well.clientWidth, this.well.clientHeight);
    const { left, top, width, height } = this.viewport.box;
    for (const layer of [this.#image, this.heat]) {
      Object.assign(layer.style, {
        left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px`,
      });
    }
    this.#image.classList.toggle("coarse", this.viewport.scale > COARSE);
    this.well.classList.toggle("zoomed", this.viewport.zoom > 1);
    const [x, y] = this.viewport.toPane(this.#at);
    Object.assign(this.#cross.style, { left: `${x}px`, top: `${y}px` });
    this.dispatchEvent(new Event("view"));
  }

  /**
   * @param {number} factor
   * @param {import("../core/types.js").Pair} place pane frame; what is there stays there
   */
  zoom(factor, place = [this.viewport.paneWidth / 2, this.viewport.paneHeight / 2]) {
    if (!this.picture) return;
    this.viewport.zoomAt(place, factor);
    this.arrange();
  }

  unzoom() {
    this.viewport.reset();
    this.arrange();
  }

  #listen() {
    new ResizeObserver(() => this.arrange()).observe(this.well);
    new Gestures(this.well, {
      tap: (place) => this.#choose(place),
      drag: (right, down) => {
        this.viewport.panBy(right, down);
        this.arrange();
      },
      zoom: (place, factor) => this.zoom(factor, place),
    });
    this.well.addEventListener("pointermove", (event) => this.#point(event));
    this.well.addEventListener("pointerleave", () => this.#tell("leave"));
    this.well.addEventListener("keydown", (event) => this.#press(event));
    this.well.addEventListener("focus", () => this.#showCross());
    this.well.addEventListener("blur", () => set(this.#cross, { hidden: true }));
  }

  #point(event) {
    const box = this.well.getBoundingClientRect();
    /** @type {import("../core/types.js").Pair} */
    const place = [event.clientX - box.left, event.clientY - box.top];
    if (this.picture && this.viewport.holds(place)) {
      this.#tell("hover", this.viewport.toPicture(place));
    } else this.#tell("leave");
  }

  #choose(place) {
    if (!this.placing || !this.picture || !this.viewport.holds(place)) return;
    this.#tell("place", this.viewport.toPicture(place));
  }

  #press(event) {
    if (!this.picture || event.target !== this.well || event.ctrlKey || event.metaKey) return;
    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const way = ways[event.key];
    if (way) this.#moveCross(way, event.shiftKey ? 1 : STEP);
    else if (event.key === "+" || event.key === "=") this.zoom(1.5, this.viewport.toPane(this.#at));
    else if (event.key === "-") this.zoom(1 / 1.5, this.viewport.toPane(this.#at));
    else if (event.key === "0") this.unzoom();
    else if (this.placing && (event.key === "Enter" || event.key === " ")) {
      this.#tell("place", this.#at);
    } else return;
    event.preventDefault();
  }

  #moveCross([right, down], step) {
    const pixels = step / this.viewport.scale;
    const [x, y] = this.#at;
    this.#at = this.viewport.inside([x + right * pixels, y + down * pixels]);
    this.viewport.show(this.#at);
    this.#showCross();
    this.arrange();
    this.#tell("hover", this.#at);
  }

  #showCross() {
    set(this.#cross, { hidden: !this.picture || !this.well.matches(":focus-visible") });
  }

  #tell(kind, detail) {
    this.dispatchEvent(new CustomEvent(kind, { detail }));
  }
}
