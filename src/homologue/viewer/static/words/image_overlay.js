// @ts-check
// What lies over the picture: the map of one word, the mean of several, or which of them is where.

import { set } from "../core/dom.js";
import { nameOf, paint, valueText } from "../maps/paint.js";
import { valueAt } from "../maps/map_cache.js";
import { meanOf, segmentsOf } from "./combine.js";
import { paintSegments } from "./patterns.js";

const LONGEST = 512; // pixels of the longest side of what segments are painted on

export class Shown {
  // What is over the picture, null for nothing: { title, words, map } or { title, words, segments };
  // words: their places in the sentence.
  /** @type {any} */
  now = null;
  #painted = "";

  // choice: gives the places in the sentence of the words that are combined.
  constructor(session, look, results, pane, colours, choice) {
    this.session = session;
    this.look = look;
    this.results = results;
    this.pane = pane;
    this.colours = colours;
    this.choice = choice;
    pane.addEventListener("hover", (event) => this.#read(event.detail));
    pane.addEventListener("leave", () => pane.read(""));
  }

  draw() {
    const { look, pane } = this;
    const words = this.#words();
    const [opacity, colours] = [look.get("opacity"), look.get("colours")];
    const segmented = look.get("hovered") === null && look.get("combine") === "segments";
    const cut = segmented ? `${look.get("by")} ${this.results.facts?.settings.threshold}` : "";
    const wanted = `${this.results.address} ${words} ${segmented} ${cut} ${colours} ${opacity}`;
    if (wanted === this.#painted) return;
    this.#painted = wanted;
    this.now = words.length ? this.#make(words, segmented) : null;
    set(pane.heat, { hidden: !this.now });
    pane.well.classList.toggle("mapped", this.now !== null);
    pane.well.style.setProperty("--faded", opacity);
    if (this.now?.map) paint(pane.heat, this.now.map, this.results.maps.side, this.colours[colours], opacity);
    if (this.now?.segments) paintSegments(pane.heat, this.now.segments, opacity);
  }

  #words() {
    if (!this.results.there || !this.session.scene.source) return [];
    const hovered = this.look.get("hovered");
    return (hovered === null ? this.choice() : [hovered]).filter((word) => this.results.maps.maps[word]);
  }

  #make(words, segmented) {
    const { names } = this.results.facts;
    const maps = words.map((word) => this.results.maps.maps[word]);
    const named = words.map((word) => names[word]);
    if (segmented) {
      return { title: "Segments", words, segments: this.#segments(words, maps) };
    }
    if (words.length === 1) return { title: `Word “${named[0]}”`, words, map: maps[0] };
    return { title: `Mean of “${named.join("”, “")}”`, words, map: meanOf(maps, "mean of the words") };
  }

  #segments(words, maps) {
    const { facts } = this.results;
    const { width, height } = this.session.scene.source;
    const scale = LONGEST / Math.max(width, height);
    const [across, down] = [width, height].map((side) => Math.max(1, Math.round(side * scale)));
    const floors = words.map((word) => {
      const [low, high] = [facts.lowest[word], facts.highest[word]];
      return low + (high - low) * facts.settings.threshold;
    });
    const open = this.look.get("by") === "strongest";
    return segmentsOf(maps, this.results.maps.side, open ? null : floors, across, down);
  }

  // Shows the value under the cursor.
  #read([x, y]) {
    const { width, height } = this.pane.picture;
    let text = `x ${x.toFixed(1)}, y ${y.toFixed(1)}`;
    if (this.now) text += ` · ${this.#valueAt(x / width, y / height)}`;
    this.pane.read(text);
  }

  #valueAt(right, down) {
    const { map, segments, words } = this.now;
    if (map) return `${nameOf(map)}: ${valueText(valueAt(map, this.results.maps.side, right, down))}`;
    const column = Math.min(Math.floor(right * segments.width), segments.width - 1);
    const row = Math.min(Math.floor(down * segments.height), segments.height - 1);
    const label = segments.labels[row * segments.width + column];
    return label ? `${label}: ${this.results.facts.names[words[label - 1]]}` : "no word";
  }
}
