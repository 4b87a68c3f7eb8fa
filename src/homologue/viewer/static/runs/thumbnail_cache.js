// @ts-check
// Small pictures, loaded while they are wanted, a few at a time.

const AT_ONCE = 4; // browsers allow six connections to a server
const MOST = 600; // that are kept

/** @typedef {{ href?: string, width?: number, height?: number, problem?: string }} Thumb */

export class Thumbs {
  /** @type {Map<string, Thumb>} */
  #kept = new Map(); // address -> { href, width, height } or { problem }
  /** @type {Set<string>} */
  #asked = new Set();
  /** @type {string[]} */
  #wanted = [];

  /**
   * changed(): called when some have come.
   * @param {() => void} changed
   */
  constructor(changed) {
    this.changed = changed;
  }

  /**
   * { href, width, height }, sizes of the original; { problem }; null while it is not there.
   * @param {string} address
   */
  get(address) {
    return this.#kept.get(address) ?? null;
  }

  /**
   * All that are wanted by now, the first first.
   * @param {string[]} addresses
   */
  want(addresses) {
    for (const address of addresses) {
      const kept = this.#kept.get(address);
      if (!kept) continue;
      this.#kept.delete(address);
      this.#kept.set(address, kept);
    }
    this.#wanted = addresses.filter((address) => !this.#kept.has(address));
    this.#pump();
  }

  close() {
    this.#wanted = [];
    for (const { href } of this.#kept.values()) if (href) URL.revokeObjectURL(href);
    this.#kept.clear();
  }

  #pump() {
    for (const address of this.#wanted) {
      if (this.#asked.size >= AT_ONCE) return;
      if (!this.#asked.has(address)) this.#fetch(address);
    }
  }

  /** @param {string} address */
  async #fetch(address) {
    this.#asked.add(address);
    this.#keep(address, await load(address));
    this.#asked.delete(address);
    this.#wanted = this.#wanted.filter((one) => one !== address);
    this.changed();
    this.#pump();
  }

  /**
   * @param {string} address
   * @param {Thumb} thumb
   */
  #keep(address, thumb) {
    this.#kept.set(address, thumb);
    if (this.#kept.size <= MOST) return;
    const [[oldest, { href }]] = this.#kept;
    this.#kept.delete(oldest);
    if (href) URL.revokeObjectURL(href);
  }
}

/** @param {string} address */
async function load(address) {
  try {
    const answer = await fetch(address);
    if (answer.headers.get("Content-Type") !== "image/jpeg") {
      const { problem, error } = await answer.json();
      return { problem: problem ?? error };
    }
    const [width, height] = ["Width", "Height"].map((side) => Number(answer.headers.get(`Picture-${side}`)));
    return { href: URL.createObjectURL(await answer.blob()), width, height };
  } catch {
    return { problem: "The viewer does not answer: is it still running?" };
  }
}
