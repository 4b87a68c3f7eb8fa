// @ts-check
// Thumbnails of a run's images, loaded on demand, a few at a time.

import { NO_ANSWER } from "../core/api.js";

const AT_ONCE = 4; // browsers allow six connections to a server
const MAX_ENTRIES = 600;

/**
 * An image, href with width and height in pixels of the original, or the reason why there is none.
 * @typedef {{ href?: string, width?: number, height?: number, problem?: string }} Thumb
 */

export class ThumbnailCache {
  /** @type {Map<string, Thumb>} */
  #cache = new Map(); // by address, least recently used first
  /** @type {Set<string>} */
  #loading = new Set();
  /** @type {string[]} */
  #wanted = [];

  /**
   * changed(): called when a thumbnail has arrived.
   * @param {() => void} changed
   */
  constructor(changed) {
    this.changed = changed;
  }

  /**
   * Return a thumbnail, or null if it is not loaded yet.
   * @param {string} address
   */
  get(address) {
    return this.#cache.get(address) ?? null;
  }

  /**
   * Set the addresses to load, most urgent first. Addresses of earlier calls are dropped.
   * @param {string[]} addresses
   */
  want(addresses) {
    for (const address of addresses) {
      const cached = this.#cache.get(address);
      if (!cached) continue;
      this.#cache.delete(address);
      this.#cache.set(address, cached);
    }
    this.#wanted = addresses.filter((address) => !this.#cache.has(address));
    this.#pump();
  }

  close() {
    this.#wanted = [];
    for (const { href } of this.#cache.values()) if (href) URL.revokeObjectURL(href);
    this.#cache.clear();
  }

  #pump() {
    for (const address of this.#wanted) {
      if (this.#loading.size >= AT_ONCE) return;
      if (!this.#loading.has(address)) this.#fetch(address);
    }
  }

  /** @param {string} address */
  async #fetch(address) {
    this.#loading.add(address);
    this.#store(address, await load(address));
    this.#loading.delete(address);
    this.#wanted = this.#wanted.filter((other) => other !== address);
    this.changed();
    this.#pump();
  }

  /**
   * @param {string} address
   * @param {Thumb} thumb
   */
  #store(address, thumb) {
    this.#cache.set(address, thumb);
    if (this.#cache.size <= MAX_ENTRIES) return;
    const [[oldest, { href }]] = this.#cache;
    this.#cache.delete(oldest);
    if (href) URL.revokeObjectURL(href);
  }
}

/** @param {string} address */
async function load(address) {
  try {
    const response = await fetch(address);
    if (response.headers.get("Content-Type") !== "image/jpeg") {
      const { problem, error } = await response.json();
      return { problem: problem ?? error };
    }
    const [width, height] = ["Width", "Height"].map((side) => Number(response.headers.get(`Picture-${side}`)));
    return { href: URL.createObjectURL(await response.blob()), width, height };
  } catch {
    return { problem: NO_ANSWER };
  }
}
