// @ts-check
// The page's copy of the targets and of what was found in them. The server says only what is new
// since the version that is known here; what a person says of a point shows at once.
//
// Event: "change".

import { get } from "../core/api.js";
import { LOW } from "../match/progress_text.js";

/** @typedef {import("../core/types.js").Pair} Pair */

/**
 * A point in a target; `own`: the target is the source itself.
 * @typedef {{ id: string, number: number, name: string, x?: number, y?: number,
 *   score?: number | null, own?: boolean, low?: boolean, corrected?: boolean, hidden?: boolean,
 *   stale?: boolean, missing?: boolean }} SheetPoint
 */

/**
 * A target. corrections: of a point's id, what a person has said of it.
 * @typedef {{ id: number, name: string, picture: { id: string } | null, problem: string | null,
 *   corrections: Record<string, any> }} Row
 */

export class Sheet extends EventTarget {
  #version = 0;
  /** @type {number[]} */
  #order = [];
  /** @type {Map<number, Row>} */
  #rows = new Map(); // id -> { id, name, picture, problem, corrections }
  /** @type {Map<number, Map<number, { x: number, y: number, score: number }>>} */
  #cells = new Map(); // token of a column -> Map: id of a target -> { x, y, score }
  /** @type {Map<number, Record<string, any>>} */
  #said = new Map(); // id of a target -> { id of a point: correction, or null }; not answered yet
  /** @type {Map<number, number>} */
  #changes = new Map(); // id of a target -> how often anything of it has changed
  /** @type {Promise<void> | null} */
  #asking = null;

  /** @param {import("../core/session.js").Session} session */
  constructor(session) {
    super();
    this.session = session;
  }

  // Asks for what is new, if anything is; the promise ends when it is there.
  update() {
    this.#asking ??= this.#catchUp().finally(() => (this.#asking = null));
    return this.#asking;
  }

  async #catchUp() {
    try {
      while (!this.current) await this.#ask();
    } catch {
      // The session says when the viewer is gone, and asks again when it is back.
    }
  }

  async #ask() {
    const news = await get(`api/sessions/${this.session.id}/transfer?since=${this.#version}`);
    this.#version = news.version;
    this.#order = news.order ?? this.#order;
    for (const row of news.rows) {
      this.#rows.set(row.id, row);
      this.#touch(row.id);
    }
    for (const [token, flat] of Object.entries(news.cells)) {
      const column = this.#cells.get(Number(token)) ?? new Map();
      this.#cells.set(Number(token), column);
      for (let at = 0; at < flat.length; at += 4) {
        const [id, x, y, score] = flat.slice(at, at + 4);
        column.set(id, { x, y, score });
        this.#touch(id);
      }
    }
    this.#tell();
  }

  // Whether all is here that the session's state speaks of.
  get current() {
    return this.session.state.transfer.version <= this.#version;
  }

  // All targets, in the order in which they came.
  get targets() {
    return this.#order.map((id) => this.#rows.get(id)).filter((row) => row !== undefined);
  }

  /** @param {number} id */
  target(id) {
    return this.#order.includes(id) ? this.#rows.get(id) : undefined;
  }

  /**
   * How often anything of a target has changed.
   * @param {number} id
   */
  changes(id) {
    return this.#changes.get(id) ?? 0;
  }

  /** @param {Row} row */
  isSource(row) {
    return row.picture !== null && row.picture.id === this.session.scene.source?.id;
  }

  /**
   * The source's points in a target: { id, number, name, x, y, score, known, hidden, corrected,
   * stale, low, missing }. `missing`: it is not known yet. `stale`: it was corrected, and then moved
   * in the source.
   * @param {Row} row
   * @returns {SheetPoint[]}
   */
  points(row) {
    const { columns } = this.session.state.transfer;
    const own = this.isSource(row);
    const corrections = { ...row.corrections, ...this.#said.get(row.id) };
    return this.session.scene.points.map((point) => {
      const facts = { id: point.id, number: point.number, name: point.name || String(point.number) };
      if (own) return { ...facts, x: point.x, y: point.y, score: null, own };
      const correction = corrections[point.id];
      if (correction) return { ...facts, ...corrected(correction, point) };
      const found = this.#cells.get(columns[point.id])?.get(row.id);
      return found ? { ...facts, ...found, low: found.score < LOW } : { ...facts, missing: true };
    });
  }

  /**
   * Says that a point is at a place of a target, [x, y]; null: that it is not visible there.
   * @param {number} target
   * @param {string} point
   * @param {import("../core/types.js").Pair | null} place
   */
  async correct(target, point, place) {
    const { x, y } = this.session.scene.points.find((one) => one.id === point) ?? {};
    const fields = place ? { target, point, x: place[0], y: place[1] } : { target, point };
    await this.#say(target, { [point]: { place, source: [x, y] } }, place ? "correct" : "hide", fields);
  }

  /**
   * What the model says counts again.
   * @param {number} target
   * @param {string} point
   */
  reset(target, point) {
    return this.#say(target, { [point]: null }, "reset", { target, point });
  }

  /** @param {number} target */
  resetAll(target) {
    const none = Object.keys(this.#rows.get(target)?.corrections ?? {}).map((id) => [id, null]);
    return this.#say(target, Object.fromEntries(none), "reset", { target });
  }

  /**
   * @param {number} target
   * @param {Record<string, any>} said
   * @param {string} action
   * @param {Record<string, any>} fields
   */
  async #say(target, said, action, fields) {
    this.#said.set(target, { ...this.#said.get(target), ...said });
    this.#touch(target);
    this.#tell();
    await this.session.act(action, fields);
    await this.update();
    const rest = { ...this.#said.get(target) };
    for (const [id, one] of Object.entries(said)) if (rest[id] === one) delete rest[id];
    if (Object.keys(rest).length) this.#said.set(target, rest);
    else this.#said.delete(target);
    this.#touch(target);
    this.#tell();
  }

  /** @param {number} id */
  #touch(id) {
    this.#changes.set(id, this.changes(id) + 1);
  }

  #tell() {
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
