// @ts-check
// The overlay on the image: the map of one word, the mean of several, or their segments.

import { set } from "../core/dom.js";
import { nameOf, paint, valueText } from "../maps/paint.js";
import { valueAt } from "../maps/map_cache.js";
import { meanOf, segmentsOf } from "./combine.js";
import { paintSegments } from "./patterns.js";

const MAX_SIDE = 512; // pixels of the canvas for segments

export class ImageOverlay {
  // null, { title, words, map } or { title, words, segments }; words: indices in the sentence.
  /** @type {any} */
  content = null;
  #painted = "";

  // choice(): return the combined words, as indices in the sentence.
  constructor(session, viewState, results, pane, colours, choice) {
    this.session = session;
    this.viewState = viewState;
    this.results = results;
    this.pane = pane;
    this.colours = colours;
    this.choice = choice;
    pane.addEventListener("hover", (event) => this.#read(event.detail));
    pane.addEventListener("leave", () => pane.read(""));
  }

  draw() {
    const { viewState, pane } = this;
    const words = this.#words();
    const [opacity, colours] = [viewState.get("opacity"), viewState.get("colours")];
    const segmented = viewState.get("hovered") === null && viewState.get("combine") === "segments";
    const cut = segmented ? `${viewState.get("by")} ${this.results.facts?.settings.threshold}` : "";
    const wanted = `${this.results.address} ${words} ${segmented} ${cut} ${colours} ${opacity}`;
    if (wanted === this.#painted) return;
    this.#painted = wanted;
    this.content = words.length ? this.#make(words, segmented) : null;
    set(pane.heat, { hidden: !this.content });
    pane.well.classList.toggle("mapped", this.content !== null);
    pane.well.style.setProperty("--faded", opacity);
    if (this.content?.map) paint(pane.heat, this.content.map, this.results.maps.side, this.colours[colours], opacity);
    if (this.content?.segments) paintSegments(pane.heat, this.content.segments, opacity);
  }

  #words() {
    if (!this.results.ready || !this.session.scene.source) return [];
    const hovered = this.viewState.get("hovered");
    return (hovered === null ? this.choice() : [hovered]).filter((word) => this.results.maps.maps[word]);
  }

  #make(words, segmented) {
    const { names } = this.results.facts;
    const maps = words.map((word) => this.results.maps.maps[word]);
    const labels = words.map((word) => names[word]);
    if (segmented) {
      return { title: "Segments", words, segments: this.#segments(words, maps) };
    }
    if (words.length === 1) return { title: `Word “${labels[0]}”`, words, map: maps[0] };
    return { title: `Mean of “${labels.join("”, “")}”`, words, map: meanOf(maps, "mean of the words") };
  }

  #segments(words, maps) {
    const { facts } = this.results;
    const { width, height } = this.session.scene.source;
    const scale = MAX_SIDE / Math.max(width, height);
    const [across, down] = [width, height].map((side) => Math.max(1, Math.round(side * scale)));
    const floors = words.map((word) => {
      const [low, high] = [facts.lowest[word], facts.highest[word]];
      return low + (high - low) * facts.settings.threshold;
    });
    const unlimited = this.viewState.get("by") === "strongest";
    return segmentsOf(maps, this.results.maps.side, unlimited ? null : floors, across, down);
  }

  // Show the value at the cursor.
  #read([x, y]) {
    const { width, height } = this.pane.picture;
    let text = `x ${x.toFixed(1)}, y ${y.toFixed(1)}`;
    if (this.content) text += ` · ${this.#valueAt(x / width, y / height)}`;
    this.pane.read(text);
  }

  #valueAt(right, down) {
    const { map, segments, words } = this.content;
    if (map) return `${nameOf(map)}: ${valueText(valueAt(map, this.results.maps.side, right, down))}`;
    const column = Math.min(Math.floor(right * segments.width), segments.width - 1);
    const row = Math.min(Math.floor(down * segments.height), segments.height - 1);
    const label = segments.labels[row * segments.width + column];
    return label ? `${label}: ${this.results.facts.names[words[label - 1]]}` : "no word";
  }
}
