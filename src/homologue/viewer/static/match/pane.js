// @ts-check
// A pane with one image, which can be zoomed and shifted and may have a heat map over it.
//
// Events: "view" (the visible part has changed), "place" (detail: [x, y], a point of the image that was
// clicked or chosen with the keyboard), "hover" (detail: [x, y]), "leave".

import { iconButton } from "../core/buttons.js";
import { h, set, setText } from "../core/dom.js";
import { ARROWS } from "../core/keys.js";
import { Viewport } from "../core/viewport.js";
import { Gestures } from "./gestures.js";

const PIXELATED = 8; // pane pixels per picture pixel above which pixels are not interpolated
const STEP = 12; // pane pixels that an arrow key moves the crosshair; 1 with Shift

export class Pane extends EventTarget {
  viewport = new Viewport();
  /** @type {any} */
  picture = null; // see show()
  heat = h("canvas", { class: "heat", hidden: true, "aria-hidden": "true" });
  empty = h("div", { class: "empty" }); // shown without an image
  tools = h(
    "div", { class: "pane-tools" },
    iconButton("−", "Zoom out", "−", () => this.zoom(1 / 1.5)),
    iconButton("+", "Zoom in", "+", () => this.zoom(1.5)),
  );
  #image = h("img", { class: "picture", alt: "", draggable: "false", hidden: true });
  #crosshair = h("div", { class: "cross", hidden: true });
  #name = h("span", { class: "pane-name" });
  #readout = h("output", { class: "readout" });
  /** @type {import("../core/types.js").Pair} */
  #position = [0, 0]; // of the crosshair, picture frame

  // end: "source" or "target". placing: whether the pane sends "place" events.
  constructor(end, title, { placing }) {
    super();
    this.end = end;
    this.placing = placing;
    this.well = h(
      "div",
      { class: "well", tabindex: "0", role: "application", "aria-label": this.#label(title) },
      this.#image, this.heat, this.#crosshair, this.empty,
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
    const zoom = "plus and minus zoom, 0 fits the image";
    return this.placing ? `${title}. Arrow keys move the crosshair, Enter adds a point, ${zoom}` : `${title}. Keys: ${zoom}`;
  }

  // picture: { id, name, width, height } or null. A picture with `missing` has no image, only points.
  show(picture) {
    if (picture?.id === this.picture?.id) return;
    this.picture = picture;
    const hasImage = Boolean(picture) && !picture.missing;
    set(this.#image, { hidden: !hasImage, src: hasImage ? `api/pictures/${picture.id}` : null, alt: picture?.name ?? "" });
    set(this.empty, { hidden: hasImage });
    setText(this.#name, hasImage ? `${picture.name} · ${picture.width} × ${picture.height}` : (picture?.name ?? ""));
    set(this.#name, { title: this.#name.textContent });
    this.viewport.setPicture(picture?.width ?? 0, picture?.height ?? 0);
    this.#position = [(picture?.width ?? 0) / 2, (picture?.height ?? 0) / 2];
    this.arrange();
  }

  // Show text below the image.
  read(text) {
    setText(this.#readout, text);
  }

  // Update the layout.
  arrange() {
    this.viewport.setPane(this.well.clientWidth, this.well.clientHeight);
    const { left, top, width, height } = this.viewport.box;
    for (const layer of [this.#image, this.heat]) {
      Object.assign(layer.style, {
        left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px`,
      });
    }
    this.#image.classList.toggle("pixelated", this.viewport.scale > PIXELATED);
    this.well.classList.toggle("zoomed", this.viewport.zoom > 1);
    const [x, y] = this.viewport.toPane(this.#position);
    Object.assign(this.#crosshair.style, { left: `${x}px`, top: `${y}px` });
    this.dispatchEvent(new Event("view"));
  }

  /**
   * @param {number} factor
   * @param {import("../core/types.js").Pair} position pane frame, the fixed point of the zoom
   */
  zoom(factor, position = [this.viewport.paneWidth / 2, this.viewport.paneHeight / 2]) {
    if (!this.picture) return;
    this.viewport.zoomAt(position, factor);
    this.arrange();
  }

  unzoom() {
    this.viewport.reset();
    this.arrange();
  }

  #listen() {
    new ResizeObserver(() => this.arrange()).observe(this.well);
    new Gestures(this.well, {
      tap: (position) => this.#choose(position),
      drag: (right, down) => {
        this.viewport.panBy(right, down);
        this.arrange();
      },
      zoom: (position, factor) => this.zoom(factor, position),
    });
    this.well.addEventListener("pointermove", (event) => this.#hover(event));
    this.well.addEventListener("pointerleave", () => this.#emit("leave"));
    this.well.addEventListener("keydown", (event) => this.#press(event));
    this.well.addEventListener("focus", () => this.#showCrosshair());
    this.well.addEventListener("blur", () => set(this.#crosshair, { hidden: true }));
  }

  #hover(event) {
    const box = this.well.getBoundingClientRect();
    /** @type {import("../core/types.js").Pair} */
    const position = [event.clientX - box.left, event.clientY - box.top];
    if (this.picture && this.viewport.holds(position)) {
      this.#emit("hover", this.viewport.toPicture(position));
    } else this.#emit("leave");
  }

  #choose(position) {
    if (!this.placing || !this.picture || !this.viewport.holds(position)) return;
    this.#emit("place", this.viewport.toPicture(position));
  }

  #press(event) {
    if (!this.picture || event.target !== this.well || event.ctrlKey || event.metaKey) return;
    const direction = ARROWS[event.key];
    if (direction) this.#moveCrosshair(direction, event.shiftKey ? 1 : STEP);
    else if (event.key === "+" || event.key === "=") this.zoom(1.5, this.viewport.toPane(this.#position));
    else if (event.key === "-") this.zoom(1 / 1.5, this.viewport.toPane(this.#position));
    else if (event.key === "0") this.unzoom();
    else if (this.placing && (event.key === "Enter" || event.key === " ")) {
      this.#emit("place", this.#position);
    } else return;
    event.preventDefault();
  }

  #moveCrosshair([right, down], step) {
    const pixels = step / this.viewport.scale;
    const [x, y] = this.#position;
    this.#position = this.viewport.inside([x + right * pixels, y + down * pixels]);
    this.viewport.show(this.#position);
    this.#showCrosshair();
    this.arrange();
    this.#emit("hover", this.#position);
  }

  #showCrosshair() {
    set(this.#crosshair, { hidden: !this.picture || !this.well.matches(":focus-visible") });
  }

  #emit(kind, detail) {
    this.dispatchEvent(new CustomEvent(kind, { detail }));
  }
}
