// @ts-check
// The filtered pairs, loaded on demand in windows of consecutive pairs.

import { get } from "../core/api.js";
import { runsPath } from "./address.js";

const SIZE = 60; // pairs in a window
const MAX_WINDOWS = 20; // in the cache
const AT_ONCE = 2;

export class PairWindows {
  total = 0;
  /** @type {Map<number, any[]>} */
  #cache = new Map(); // number of a window -> its pairs, least recently used first
  /** @type {Set<number>} */
  #loading = new Set();
  /** @type {number[]} */
  #wanted = [];

  /**
   * parameters: run and filters. changed(): called when pairs have arrived. failed(error): called when a
   * request has failed.
   * @param {Record<string, any>} parameters
   * @param {() => void} changed
   * @param {(error: any) => void} failed
   */
  constructor(parameters, changed, failed) {
    this.parameters = parameters;
    this.changed = changed;
    this.failed = failed;
  }

  /**
   * Load the window of a pair.
   * @param {number} index
   */
  async open(index) {
    await this.#load(Math.floor(index / SIZE));
    if (index >= this.total) await this.#load(0); // the list has become shorter
    return this;
  }

  /**
   * Return a pair, or null if it is not loaded yet.
   * @param {number} index
   */
  get(index) {
    return this.#cache.get(Math.floor(index / SIZE))?.[index % SIZE] ?? null;
  }

  /**
   * Set the range of pairs to load. The range of the last call is dropped.
   * @param {number} first
   * @param {number} last
   */
  want(first, last) {
    const numbers = [];
    for (let number = Math.floor(first / SIZE); number * SIZE <= last; number += 1) numbers.push(number);
    this.#wanted = numbers.filter((number) => !this.#cache.has(number));
    for (const number of numbers.filter((cached) => this.#cache.has(cached))) this.#use(number);
    this.#pump();
  }

  #pump() {
    for (const number of this.#wanted) {
      if (this.#loading.size >= AT_ONCE) return;
      if (!this.#loading.has(number)) this.#fetch(number);
    }
  }

  /** @param {number} number */
  async #fetch(number) {
    this.#loading.add(number);
    try {
      await this.#load(number);
      this.changed();
    } catch (error) {
      this.failed(error);
      this.#wanted = [];
    } finally {
      this.#loading.delete(number);
    }
    this.#pump();
  }

  /** @param {number} number */
  async #load(number) {
    const window = { ...this.parameters, offset: number * SIZE, limit: SIZE };
    const { total, pairs } = await get(runsPath("pairs", window));
    this.total = total;
    this.#cache.set(number, pairs);
    this.#wanted = this.#wanted.filter((other) => other !== number);
    if (this.#cache.size > MAX_WINDOWS) {
      const [oldest] = this.#cache.keys();
      this.#cache.delete(oldest);
    }
  }

  /** @param {number} number */
  #use(number) {
    const pairs = this.#cache.get(number);
    if (!pairs) return;
    this.#cache.delete(number);
    this.#cache.set(number, pairs);
  }
}
