// @ts-check
// The page's copy of the targets and their results. The server sends only what has changed since the
// version that the page has. Corrections take effect at once, before the server has answered.
//
// Event: "change".

import { get } from "../core/api.js";
import { LOW_SCORE } from "../match/progress_text.js";

/** @typedef {import("../core/types.js").Pair} Pair */

/**
 * A source point in a target. x, y: pixels of the target; undefined if missing or hidden. own: the
 * target is the source image. low: its score is low. corrected: a user has set its position. hidden: a
 * user has marked it as not visible. stale: the source point has moved since the correction. missing:
 * not located yet.
 * @typedef {{ id: string, number: number, name: string, x?: number, y?: number,
 *   score?: number | null, own?: boolean, low?: boolean, corrected?: boolean, hidden?: boolean,
 *   stale?: boolean, missing?: boolean }} TargetPoint
 */

/**
 * A target. corrections: id of a point -> { place: [x, y] or null for not visible, source: [x, y] of
 * the source point at that time }.
 * @typedef {{ id: number, name: string, picture: { id: string } | null, problem: string | null,
 *   corrections: Record<string, any> }} Target
 */

export class TargetStore extends EventTarget {
  #version = 0;
  /** @type {number[]} */
  #order = [];
  /** @type {Map<number, Target>} */
  #rows = new Map(); // by id
  /** @type {Map<number, Map<number, { x: number, y: number, score: number }>>} */
  #cells = new Map(); // key of a fitted point -> id of a target -> result
  /** @type {Map<number, Record<string, any>>} */
  #pending = new Map(); // id of a target -> { id of a point: correction or null }, not answered yet
  /** @type {Map<number, number>} */
  #changes = new Map(); // id of a target -> number of changes
  /** @type {Promise<void> | null} */
  #updating = null;

  /** @param {import("../core/session.js").Session} session */
  constructor(session) {
    super();
    this.session = session;
  }

  // Fetch changes, if there are any. The promise resolves when the page is up to date.
  update() {
    this.#updating ??= this.#catchUp().finally(() => (this.#updating = null));
    return this.#updating;
  }

  async #catchUp() {
    try {
      while (!this.current) await this.#request();
    } catch {
      // The session reports a lost connection. The next change of its state calls update() again.
    }
  }

  async #request() {
    const changes = await get(`api/sessions/${this.session.id}/transfer?since=${this.#version}`);
    this.#version = changes.version;
    this.#order = changes.order ?? this.#order;
    for (const row of changes.rows) {
      this.#rows.set(row.id, row);
      this.#touch(row.id);
    }
    for (const [token, flat] of Object.entries(changes.cells)) {
      const column = this.#cells.get(Number(token)) ?? new Map();
      this.#cells.set(Number(token), column);
      for (let at = 0; at < flat.length; at += 4) {
        const [id, x, y, score] = flat.slice(at, at + 4);
        column.set(id, { x, y, score });
        this.#touch(id);
      }
    }
    this.#emit();
  }

  // Whether the page has the version that the session's state names.
  get current() {
    return this.session.state.transfer.version <= this.#version;
  }

  // All targets, in the order in which they were added.
  get targets() {
    return this.#order.map((id) => this.#rows.get(id)).filter((row) => row !== undefined);
  }

  /** @param {number} id */
  target(id) {
    return this.#order.includes(id) ? this.#rows.get(id) : undefined;
  }

  /**
   * Return how often a target has changed.
   * @param {number} id
   */
  changes(id) {
    return this.#changes.get(id) ?? 0;
  }

  /** @param {Target} row */
  isSource(row) {
    return row.picture !== null && row.picture.id === this.session.scene.source?.id;
  }

  /**
   * Return the source points in a target.
   * @param {Target} row
   * @returns {TargetPoint[]}
   */
  points(row) {
    const { columns } = this.session.state.transfer;
    const own = this.isSource(row);
    const corrections = { ...row.corrections, ...this.#pending.get(row.id) };
    return this.session.scene.points.map((point) => {
      const facts = { id: point.id, number: point.number, name: point.name || String(point.number) };
      if (own) return { ...facts, x: point.x, y: point.y, score: null, own };
      const correction = corrections[point.id];
      if (correction) return { ...facts, ...corrected(correction, point) };
      const found = this.#cells.get(columns[point.id])?.get(row.id);
      return found ? { ...facts, ...found, low: found.score < LOW_SCORE } : { ...facts, missing: true };
    });
  }

  /**
   * Set the position of a point in a target; null marks it as not visible.
   * @param {number} target
   * @param {string} point
   * @param {import("../core/types.js").Pair | null} place pixels of the target
   */
  async correct(target, point, place) {
    const { x, y } = this.session.scene.points.find(({ id }) => id === point) ?? {};
    const fields = place ? { target, point, x: place[0], y: place[1] } : { target, point };
    await this.#correct(target, { [point]: { place, source: [x, y] } }, place ? "correct" : "hide", fields);
  }

  /**
   * Discard the correction of a point.
   * @param {number} target
   * @param {string} point
   */
  reset(target, point) {
    return this.#correct(target, { [point]: null }, "reset", { target, point });
  }

  /**
   * Discard all corrections of a target.
   * @param {number} target
   */
  resetAll(target) {
    const none = Object.keys(this.#rows.get(target)?.corrections ?? {}).map((id) => [id, null]);
    return this.#correct(target, Object.fromEntries(none), "reset", { target });
  }

  /**
   * Apply corrections on the page, then on the server.
   * @param {number} target
   * @param {Record<string, any>} corrections
   * @param {string} action
   * @param {Record<string, any>} fields
   */
  async #correct(target, corrections, action, fields) {
    this.#pending.set(target, { ...this.#pending.get(target), ...corrections });
    this.#touch(target);
    this.#emit();
    await this.session.act(action, fields);
    await this.update();
    const rest = { ...this.#pending.get(target) };
    for (const [id, correction] of Object.entries(corrections)) if (rest[id] === correction) delete rest[id];
    if (Object.keys(rest).length) this.#pending.set(target, rest);
    else this.#pending.delete(target);
    this.#touch(target);
    this.#emit();
  }

  /** @param {number} id */
  #touch(id) {
    this.#changes.set(id, this.changes(id) + 1);
  }

  #emit() {
    this.dispatchEvent(new Event("change"));
  }
}

/**
 * @param {{ place: Pair | null, source: Pair }} correction
 * @param {{ x: number, y: number }} point as it is in the source now
 */
function corrected({ place, source }, point) {
  const stale = source[0] !== point.x || source[1] !== point.y;
  const [x, y] = place ?? [];
  return { x, y, score: null, corrected: true, hidden: !place, stale };
}
