// @ts-check
// The legend of the image overlay, and the controls of how the chosen words are combined.

import { colourOf, inkOn } from "../core/colours.js";
import { h, keyed, set, setText } from "../core/dom.js";
import { saveResponse } from "../export/save.js";
import { paintSwatch, patternName } from "./patterns.js";

export class Legend {
  #title = h("strong", { class: "legend-title" });
  #entries = h("ul", { class: "legend" });
  #marks = h("span", { class: "mark-key" },
    h("span", {}, h("span", { class: "mark-peak", "aria-hidden": "true" }), "peak"),
    h("span", {}, h("span", { class: "mark-centre", "aria-hidden": "true" }), "centre of mass"),
    h("span", {}, h("span", { class: "mark-box", "aria-hidden": "true" }), "region"),
  );

  // choice(): return the combined words. clear(): clear the choice.
  constructor(viewState, results, overlay, choice, clear, toasts) {
    this.viewState = viewState;
    this.results = results;
    this.overlay = overlay;
    this.choice = choice;
    this.toasts = toasts;
    this.modes = ["mean", "segments"].map((mode) =>
      h("button", { class: "segment", onclick: () => viewState.set("combine", mode) }, mode),
    );
    this.by = h("select", { name: "by", "aria-label": "Segments by" },
      h("option", { value: "threshold" }, "above threshold"), h("option", { value: "strongest" }, "highest everywhere"));
    this.threshold = h("input", { type: "range", name: "threshold", min: 0.05, max: 1, step: 0.05, "aria-label": "Threshold of regions" });
    this.value = h("output", {});
    this.clear = h("button", { class: "quiet", title: "Combine no words", onclick: clear }, "Clear");
    this.mask = h("button", { class: "quiet", title: "Save a PNG with the number of each pixel's word", onclick: () => this.save() }, "Save mask");
    this.by.addEventListener("change", () => viewState.set("by", this.by.value));
    this.threshold.addEventListener("input", () => viewState.set("threshold", Number(this.threshold.value)));
    this.element = h(
      "div",
      { class: "words-legend" },
      h("div", { class: "legend-tools" },
        h("div", { class: "segments", role: "group", "aria-label": "Combine words as" }, ...this.modes),
        h("label", { class: "choice" }, h("span", {}, "Segments by"), this.by),
        h("label", { class: "choice", title: "Lowest value in a region, as a fraction of the way from a map's minimum to its maximum" }, h("span", {}, "Threshold"), this.threshold, this.value),
        this.clear,
        this.mask,
      ),
      h("div", { class: "legend-shown" }, this.#title, this.#entries, this.#marks),
    );
  }

  draw() {
    const { viewState, results, overlay } = this;
    const chosen = this.choice();
    for (const button of this.modes) set(button, { "aria-pressed": String(button.textContent === viewState.get("combine")) });
    this.by.value = viewState.get("by");
    this.threshold.value = viewState.get("threshold");
    setText(this.value, `${Math.round(100 * viewState.get("threshold"))} %`);
    set(/** @type {Element} */ (this.by.parentElement), { hidden: viewState.get("combine") !== "segments" });
    set(this.clear, { hidden: !chosen.length });
    this.mask.disabled = !results.ready;
    set(this.element, { hidden: !results.ready });
    const { content } = overlay;
    setText(this.#title, content ? content.title : "No heat map on the image");
    set(this.#marks, { hidden: !(content?.map && content.words.length === 1) });
    const items = content?.segments
      ? content.words.map((word, index) => ({ name: results.facts.names[word], number: index + 1, empty: !content.segments.tags[index] }))
      : [];
    keyed(this.#entries, items, ({ number }) => number, makeEntry, showEntry);
  }

  // Save the mask of the chosen words, or of all words if none is chosen.
  async save() {
    const { results, viewState } = this;
    const words = this.choice();
    const query = `words=${words.join(",")}&by=${viewState.get("by")}&threshold=${viewState.get("threshold")}`;
    try {
      await saveResponse(`api/words/${results.address}/mask.png?${query}`, "mask.png", "image/png");
    } catch (error) {
      this.toasts.show(`The mask could not be saved: ${error.message}`, "problem");
    }
  }
}

function makeEntry({ number }) {
  const swatch = h("canvas", { class: "legend-swatch", role: "img", "aria-label": patternName(number) });
  paintSwatch(swatch, number);
  const tag = h("span", { class: "legend-number" });
  tag.style.background = colourOf(number);
  tag.style.color = inkOn(number);
  return h("li", {}, tag, swatch, h("span", {}));
}

function showEntry(node, { name, number, empty }) {
  const [tag, , text] = node.children;
  setText(tag, String(number));
  setText(text, empty ? `${name} (no pixels)` : name);
}
