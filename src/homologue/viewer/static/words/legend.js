// @ts-check
// How the chosen words are combined, and what the picture shows: a legend and a mask to keep.

import { colourOf, inkOn } from "../core/colours.js";
import { h, keyed, set, write } from "../core/dom.js";
import { saveAnswer } from "../export/save.js";
import { paintSwatch, patternName } from "./patterns.js";

export class Legend {
  #title = h("strong", { class: "legend-title" });
  #entries = h("ul", { class: "legend" });
  #marks = h("span", { class: "mark-key" },
    h("span", {}, h("span", { class: "mark-peak", "aria-hidden": "true" }), "peak"),
    h("span", {}, h("span", { class: "mark-centre", "aria-hidden": "true" }), "centre of mass"),
    h("span", {}, h("span", { class: "mark-box", "aria-hidden": "true" }), "region"),
  );

  // choice: gives the words that are combined. clear: lets go of them.
  constructor(look, results, shown, choice, clear, toasts) {
    this.look = look;
    this.results = results;
    this.shown = shown;
    this.choice = choice;
    this.toasts = toasts;
    this.ways = ["mean", "segments"].map((way) =>
      h("button", { class: "segment", onclick: () => look.set("combine", way) }, way),
    );
    this.by = h("select", { name: "by", "aria-label": "Segments by" },
      h("option", { value: "threshold" }, "above the threshold"), h("option", { value: "strongest" }, "strongest everywhere"));
    this.threshold = h("input", { type: "range", name: "threshold", min: 0.05, max: 1, step: 0.05, "aria-label": "Threshold of regions" });
    this.value = h("output", {});
    this.none = h("button", { class: "quiet", onclick: clear }, "None");
    this.mask = h("button", { class: "quiet", title: "Which word each pixel belongs to, as PNG", onclick: () => this.save() }, "Save mask");
    this.by.addEventListener("change", () => look.set("by", this.by.value));
    this.threshold.addEventListener("input", () => look.set("threshold", Number(this.threshold.value)));
    this.element = h(
      "div",
      { class: "words-legend" },
      h("div", { class: "legend-tools" },
        h("div", { class: "segments", role: "group", "aria-label": "Combine words as" }, ...this.ways),
        h("label", { class: "choice" }, h("span", {}, "By"), this.by),
        h("label", { class: "choice", title: "Share of the way from a map's lowest to its highest value" }, h("span", {}, "Region from"), this.threshold, this.value),
        this.none,
        this.mask,
      ),
      h("div", { class: "legend-shown" }, this.#title, this.#entries, this.#marks),
    );
  }

  draw() {
    const { look, results, shown } = this;
    const chosen = this.choice();
    for (const button of this.ways) set(button, { "aria-pressed": String(button.textContent === look.get("combine")) });
    this.by.value = look.get("by");
    this.threshold.value = look.get("threshold");
    write(this.value, `${Math.round(100 * look.get("threshold"))} %`);
    set(/** @type {Element} */ (this.by.parentElement), { hidden: look.get("combine") !== "segments" });
    set(this.none, { hidden: !chosen.length });
    this.mask.disabled = !results.there;
    set(this.element, { hidden: !results.there });
    const { now } = shown;
    write(this.#title, now ? now.title : "Nothing over the picture");
    set(this.#marks, { hidden: !(now?.map && now.words.length === 1) });
    const items = now?.segments ? now.words.map((word, index) => ({ name: results.facts.names[word], number: index + 1, there: now.segments.tags[index] })) : [];
    keyed(this.#entries, items, ({ number }) => number, makeEntry, showEntry);
  }

  // The mask of the chosen words, of all if none are.
  async save() {
    const { results, look } = this;
    const words = this.choice();
    const query = `words=${words.join(",")}&by=${look.get("by")}&threshold=${look.get("threshold")}`;
    try {
      await saveAnswer(`api/words/${results.address}/mask.png?${query}`, "mask.png", "image/png");
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

function showEntry(node, { name, number, there }) {
  const [tag, , text] = node.children;
  write(tag, String(number));
  write(text, there ? name : `${name} (nowhere)`);
}
