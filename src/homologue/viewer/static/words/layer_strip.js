// @ts-check
// The strip of a word's heat maps, one for each layer.

import { h, keyed, setText } from "../core/dom.js";
import { nameOf } from "../maps/paint.js";
import { fetchMaps } from "../maps/map_cache.js";
import { makeThumb, showThumb } from "../maps/map_thumbnail.js";

export class LayerStrip {
  #maps = h("div", { class: "maps" });
  #title = h("h2", {});
  #drawn = "";

  // enlarge(word, index): open one of a word's maps in a dialog.
  constructor(session, viewState, results, colours, enlarge) {
    this.session = session;
    this.viewState = viewState;
    this.results = results;
    this.colours = colours;
    this.enlarge = enlarge;
    const close = () => viewState.set("layers", null);
    this.element = h(
      "section",
      { class: "card strip", "aria-label": "Layers of a word", hidden: true },
      h("div", { class: "card-head" }, this.#title, h("button", { class: "icon", "aria-label": "Close the layers", onclick: close }, "×")),
      this.#maps,
    );
  }

  async draw() {
    const { viewState, results } = this;
    const word = viewState.get("layers");
    const picture = this.session.scene.source;
    const ready = word !== null && results.ready && picture && word < results.facts.names.length;
    this.element.hidden = !ready;
    const name = viewState.get("colours");
    const wanted = ready ? `${results.address} ${word} ${name}` : "";
    if (wanted === this.#drawn) return;
    this.#drawn = wanted;
    if (!ready) return;
    setText(this.#title, `Layers of the word “${results.facts.names[word]}”`);
    let maps;
    try {
      maps = await fetchMaps(`words/${results.address}/${word}`);
    } catch {
      return; // the maps are no longer in memory: the results request them again
    }
    if (wanted !== this.#drawn) return;
    const items = maps.maps.map((map, index) => ({ map, index }));
    keyed(this.#maps, items, ({ index }) => index, ({ index }) => this.#make(index), (node, { map }) =>
      showThumb(node, { map, side: maps.side, name: map.kind === "word" ? "all layers" : nameOf(map), picture, colours: this.colours[name] }),
    );
  }

  #make(index) {
    const node = makeThumb();
    node.addEventListener("click", () => this.enlarge(this.viewState.get("layers"), index));
    return node;
  }
}
