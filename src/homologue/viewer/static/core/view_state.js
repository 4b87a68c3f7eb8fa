// @ts-check
// What a person looks at, and how it is painted. Not part of the session: two pages of one session
// may look at different things.
//
// Event: "change" (detail: the name of what has changed).

import { prefer, preferences } from "./preferences.js";

export class Look extends EventTarget {
  /** @type {Record<string, any>} */
  #values;
  /** @type {string[]} */
  #kept;

  /**
   * @param {Record<string, any>} kept names and defaults of what the browser keeps
   * @param {Record<string, any>} passing of what the page forgets
   */
  constructor(kept, passing = {}) {
    super();
    this.#kept = Object.keys(kept);
    this.#values = { ...passing, ...preferences(kept) };
  }

  /** @param {string} name */
  get(name) {
    return this.#values[name];
  }

  /**
   * @param {string} name
   * @param {any} value
   */
  set(name, value) {
    if (this.#values[name] === value) return;
    this.#values[name] = value;
    if (this.#kept.includes(name)) prefer({ [name]: value });
    this.dispatchEvent(new CustomEvent("change", { detail: name }));
  }
}
