// @ts-check
// The pairs that pass the filters, a window at a time, as they come near what is looked at.

import { get } from "../core/api.js";
import { asking } from "./address.js";

const SIZE = 60;
const MOST = 20; // windows that are kept
const AT_ONCE = 2;

export class Windows {
  total = 0;
  /** @type {Map<number, any[]>} */
  #kept = new Map(); // number of a window -> its pairs
  /** @type {Set<number>} */
  #asked = new Set();
  /** @type {number[]} */
  #wanted = [];

  /**
   * parameters: run and filters. changed(): called when pairs have come. failed(error).
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
   * Loads the first window; the others come when they are wanted.
   * @param {number} index
   */
  async open(index) {
    await this.#load(Math.floor(index / SIZE));
    if (index >= this.total) await this.#load(0); // there are fewer pairs by now
    return this;
  }

  /**
   * A pair; null while it is not there.
   * @param {number} index
   */
  get(index) {
    return this.#kept.get(Math.floor(index / SIZE))?.[index % SIZE] ?? null;
  }

  /**
   * Has pairs from one to another loaded soon; what was wanted before is not any more.
   * @param {number} first
   * @param {number} last
   */
  want(first, last) {
    const numbers = [];
    for (let number = Math.floor(first / SIZE); number * SIZE <= last; number += 1) numbers.push(number);
    this.#wanted = numbers.filter((number) => !this.#kept.has(number));
    for (const number of numbers.filter((one) => this.#kept.has(one))) this.#use(number);
    this.#pump();
  }

  #pump() {
    for (const number of this.#wanted) {
      if (this.#asked.size >= AT_ONCE) return;
      if (!this.#asked.has(number)) this.#fetch(number);
    }
  }

  /** @param {number} number */
  async #fetch(number) {
    this.#asked.add(number);
    try {
      await this.#load(number);
      this.changed();
    } catch (error) {
      this.failed(error);
      this.#wanted = [];
    } finally {
      this.#asked.delete(number);
    }
    this.#pump();
  }

  /** @param {number} number */
  async #load(number) {
    const window = { ...this.parameters, offset: number * SIZE, limit: SIZE };
    const { total, pairs } = await get(asking("pairs", window));
    this.total = total;
    this.#kept.set(number, pairs);
    this.#wanted = this.#wanted.filter((one) => one !== number);
    if (this.#kept.size > MOST) {
      const [oldest] = this.#kept.keys();
      this.#kept.delete(oldest);
    }
  }

  /** @param {number} number */
  #use(number) {
    const pairs = this.#kept.get(number);
    if (!pairs) return;
    this.#kept.delete(number);
    this.#kept.set(number, pairs);
  }
}
