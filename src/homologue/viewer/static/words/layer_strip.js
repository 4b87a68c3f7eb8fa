// @ts-check
// The strip of a word's layers: each alone.

import { h, keyed, write } from "../core/dom.js";
import { nameOf } from "../maps/paint.js";
import { fetchMaps } from "../maps/map_cache.js";
import { makeThumb, showThumb } from "../maps/map_thumbnail.js";

export class Layers {
  #maps = h("div", { class: "maps" });
  #title = h("h2", {});
  #drawn = "";

  // enlarge: is called with a word and the index of one of its maps.
  constructor(session, look, results, colours, enlarge) {
    this.session = session;
    this.look = look;
    this.results = results;
    this.colours = colours;
    this.enlarge = enlarge;
    const close = () => look.set("layers", null);
    this.element = h(
      "section",
      { class: "card strip", "aria-label": "Layers of a word", hidden: true },
      h("div", { class: "card-head" }, this.#title, h("button", { class: "icon", "aria-label": "Close the layers", onclick: close }, "×")),
      this.#maps,
    );
  }

  async draw() {
    const { look, results } = this;
    const word = look.get("layers");
    const picture = this.session.scene.source;
    const there = word !== null && results.there && picture && word < results.facts.names.length;
    this.element.hidden = !there;
    const name = look.get("colours");
    const wanted = there ? `${results.address} ${word} ${name}` : "";
    if (wanted === this.#drawn) return;
    this.#drawn = wanted;
    if (!there) return;
    write(this.#title, `Layers of the word “${results.facts.names[word]}”`);
    let maps;
    try {
      maps = await fetchMaps(`words/${results.address}/${word}`);
    } catch {
      return; // the cards begin the sentence again
    }
    if (wanted !== this.#drawn) return;
    const items = maps.maps.map((map, index) => ({ map, index }));
    keyed(this.#maps, items, ({ index }) => index, ({ index }) => this.#make(index), (node, { map }) =>
      showThumb(node, { map, side: maps.side, name: map.kind === "word" ? "all layers" : nameOf(map), picture, colours: this.colours[name] }),
    );
  }

  #make(index) {
    const node = makeThumb();
    node.addEventListener("click", () => this.enlarge(this.look.get("layers"), index));
    return node;
  }
}
