// @ts-check
// How maps are painted: opacity and colours.

import { h } from "../core/dom.js";
import { paintBar } from "./paint.js";

export class Painting {
  #bar = h("canvas", { class: "colourbar", role: "img", "aria-label": "Colours from 0 to the highest value" });

  // look: has `opacity` and `colours`, one of `colours` by name.
  constructor(look, colours) {
    this.look = look;
    this.colours = colours;
    this.opacity = h("input", { type: "range", min: 0, max: 1, step: 0.05, "aria-label": "Opacity" });
    this.choice = h("select", { "aria-label": "Colours" }, ...Object.keys(colours).map((name) => h("option", { value: name }, name)));
    this.opacity.addEventListener("input", () => look.set("opacity", Number(this.opacity.value)));
    this.choice.addEventListener("change", () => look.set("colours", this.choice.value));
    this.element = h(
      "div",
      { class: "painting" },
      h("label", { class: "choice" }, h("span", {}, "Opacity"), this.opacity),
      h("label", { class: "choice" }, h("span", {}, "Colours"), this.choice),
      h("span", { class: "scale" }, "0", this.#bar, "highest"),
    );
  }

  draw() {
    this.opacity.value = this.look.get("opacity");
    if (this.choice.value === this.look.get("colours") && this.#bar.width === 256) return;
    this.choice.value = this.look.get("colours");
    paintBar(this.#bar, this.colours[this.look.get("colours")]);
  }
}
