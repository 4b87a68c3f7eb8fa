// @ts-check
// Controls of how heat maps are painted: opacity and colour map.

import { h } from "../core/dom.js";
import { paintBar } from "./paint.js";

export class MapControls {
  #bar = h("canvas", { class: "colourbar", role: "img", "aria-label": "Colours from 0 to the maximum" });

  // viewState: has `opacity` and `colours`, the name of one of `colours`.
  constructor(viewState, colours) {
    this.viewState = viewState;
    this.colours = colours;
    this.opacity = h("input", { type: "range", min: 0, max: 1, step: 0.05, "aria-label": "Opacity" });
    this.choice = h("select", { "aria-label": "Colour map" }, ...Object.keys(colours).map((name) => h("option", { value: name }, name)));
    this.opacity.addEventListener("input", () => viewState.set("opacity", Number(this.opacity.value)));
    this.choice.addEventListener("change", () => viewState.set("colours", this.choice.value));
    this.element = h(
      "div",
      { class: "map-controls" },
      h("label", { class: "choice" }, h("span", {}, "Opacity"), this.opacity),
      h("label", { class: "choice" }, h("span", {}, "Colour map"), this.choice),
      h("span", { class: "scale" }, "0", this.#bar, "max"),
    );
  }

  draw() {
    this.opacity.value = this.viewState.get("opacity");
    if (this.choice.value === this.viewState.get("colours") && this.#bar.width === 256) return;
    this.choice.value = this.viewState.get("colours");
    paintBar(this.#bar, this.colours[this.viewState.get("colours")]);
  }
}
