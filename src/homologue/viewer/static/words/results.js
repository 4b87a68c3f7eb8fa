// @ts-check
// The results of a sentence: the facts of its words, and their heat maps.
//
// Events: "change", "gone" (the maps are no longer in the server's memory).

import { get } from "../core/api.js";
import { fetchMaps } from "../maps/map_cache.js";

const DEBOUNCE = 120; // milliseconds after the last change of the threshold

export class WordResults extends EventTarget {
  /** @type {string | null} */
  address = null;
  /** @type {any} */
  facts = null; // see viewer/features/words/routes.py
  /** @type {any} */
  maps = null; // { side, maps }, see map_cache.js
  #wanted = "";
  /** @type {number | undefined} */
  #timer;

  get ready() {
    return this.facts !== null && this.maps !== null;
  }

  // Fetch the results if they have changed. address: of the sentence, null if there is none.
  request(address, threshold) {
    const wanted = `${address} ${threshold}`;
    if (wanted === this.#wanted) return;
    this.#wanted = wanted;
    clearTimeout(this.#timer);
    if (address !== this.address) {
      this.address = address;
      this.facts = null;
      this.maps = null;
      if (address) this.#fetch(address, threshold);
    } else if (address) this.#timer = setTimeout(() => this.#fetch(address, threshold), DEBOUNCE);
  }

  async #fetch(address, threshold) {
    const wanted = this.#wanted;
    try {
      const [facts, maps] = await Promise.all([
        get(`api/words/${address}?threshold=${threshold}`),
        fetchMaps(`words/${address}`),
      ]);
      if (wanted !== this.#wanted) return; // a newer request
      this.facts = facts;
      this.maps = maps;
      this.dispatchEvent(new Event("change"));
    } catch (error) {
      if (wanted === this.#wanted) this.dispatchEvent(new CustomEvent("gone", { detail: error }));
    }
  }
}
