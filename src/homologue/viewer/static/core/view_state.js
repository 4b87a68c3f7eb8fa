// @ts-check
// The state of one page: selection, hover and display settings. It is not part of the session: two
// pages of one session may show different things.
//
// Event: "change" (detail: the name of the value that has changed).

import { readPreferences, storePreferences } from "./preferences.js";

export class ViewState extends EventTarget {
  /** @type {Record<string, any>} */
  #values;
  /** @type {string[]} */
  #stored;

  /**
   * @param {Record<string, any>} stored names and defaults of values that the browser stores
   * @param {Record<string, any>} transient names and initial values of all others
   */
  constructor(stored, transient = {}) {
    super();
    this.#stored = Object.keys(stored);
    this.#values = { ...transient, ...readPreferences(stored) };
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
    if (this.#stored.includes(name)) storePreferences({ [name]: value });
    this.dispatchEvent(new CustomEvent("change", { detail: name }));
  }
}
