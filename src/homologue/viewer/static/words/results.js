// @ts-check
// What the server found of a sentence: facts of its words, and their maps.
//
// Events: "change", "gone" (the maps are not kept any more).

import { get } from "../core/api.js";
import { fetchMaps } from "../maps/map_cache.js";

const PAUSE = 120; // milliseconds after the last move of the threshold until it counts

export class Results extends EventTarget {
  /** @type {string | null} */
  address = null;
  /** @type {any} */
  facts = null; // see routes.py
  /** @type {any} */
  maps = null; // { side, maps }, see store.js
  #wanted = "";
  /** @type {number | undefined} */
  #timer;

  get there() {
    return this.facts !== null && this.maps !== null;
  }

  // Fetches what is not there yet. address: null while there is nothing.
  ask(address, threshold) {
    const wanted = `${address} ${threshold}`;
    if (wanted === this.#wanted) return;
    this.#wanted = wanted;
    clearTimeout(this.#timer);
    if (address !== this.address) {
      this.address = address;
      this.facts = null;
      this.maps = null;
      if (address) this.#fetch(address, threshold);
    } else if (address) this.#timer = setTimeout(() => this.#fetch(address, threshold), PAUSE);
  }

  async #fetch(address, threshold) {
    const wanted = this.#wanted;
    try {
      const [facts, maps] = await Promise.all([
        get(`api/words/${address}?threshold=${threshold}`),
        fetchMaps(`words/${address}`),
      ]);
      if (wanted !== this.#wanted) return; // something else is by now
      this.facts = facts;
      this.maps = maps;
      this.dispatchEvent(new Event("change"));
    } catch (error) {
      if (wanted === this.#wanted) this.dispatchEvent(new CustomEvent("gone", { detail: error }));
    }
  }
}
