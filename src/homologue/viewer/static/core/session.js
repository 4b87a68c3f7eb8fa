// @ts-check
// The page's copy of a session. An action takes effect at once, before the server has answered:
// pending actions are applied to every state that the server sends.
//
// Events: "change" (state or scene), "progress", "problem" (detail: message), "gone" (the connection
// was lost).

import { get, post } from "./api.js";

/** @typedef {import("./types.js").Point} Point */
/** @typedef {import("./types.js").Action} Action */
/** @typedef {import("./types.js").SessionState} SessionState */

/** @type {Record<string, (points: Point[], action: Action) => Point[]>} */
const APPLY = {
  add(points, action) {
    if (points.some((point) => point.id === action.id)) return points;
    const taken = new Set(points.map((point) => point.number));
    let number = 1;
    while (taken.has(number)) number += 1;
    return [...points, { id: action.id, number, x: action.x, y: action.y }];
  },
  move: (points, action) =>
    points.map((point) => (point.id === action.id ? { ...point, x: action.x, y: action.y } : point)),
  delete: (points, action) => points.filter((point) => point.id !== action.id),
  clear: () => [],
};

export class Session extends EventTarget {
  /** @type {Promise<unknown>} */
  #queue = Promise.resolve(); // settles when all actions are answered
  /** @type {Action[]} */
  #pending = []; // not answered yet, oldest first
  /** @type {Action | null} */
  #sent = null; // the pending action whose request is running
  /** @type {EventSource | null} */
  #source = null;

  /** @param {SessionState} state */
  constructor(state) {
    super();
    this.state = state;
    /** @type {Record<string, any>} screen name -> progress of its running jobs */
    this.progress = {};
    this.#listen();
    document.addEventListener("visibilitychange", this.#onVisibilityChange);
    window.addEventListener("pagehide", this.#onPageHide);
  }

  /** @param {string} id */
  static async open(id) {
    return new Session(await get(`api/sessions/${encodeURIComponent(id)}`));
  }

  static async create() {
    return new Session(await post("api/sessions"));
  }

  get id() {
    return this.state.session;
  }

  /**
   * The scene with all pending actions applied.
   * @returns {import("./types.js").Scene}
   */
  get scene() {
    const scene = this.state.scene;
    const points = this.#pending.reduce(
      (points, action) => APPLY[action.do]?.(points, action) ?? points,
      scene.points,
    );
    return { ...scene, points };
  }

  /**
   * Send an action to the server, which defines the actions in viewer/features and viewer/sessions.
   * The promise resolves to whether the server accepted it.
   * @param {string} name
   * @param {Record<string, any>} fields
   * @returns {Promise<boolean>}
   */
  act(name, fields = {}) {
    const action = { do: name, ...fields };
    this.#pending.push(action);
    this.#emit("change");
    const accepted = this.#queue.then(() => this.#send(action));
    this.#queue = accepted;
    return accepted;
  }

  close() {
    document.removeEventListener("visibilitychange", this.#onVisibilityChange);
    window.removeEventListener("pagehide", this.#onPageHide);
    this.#source?.close();
  }

  /** @param {Action} action */
  async #send(action) {
    /** @type {SessionState | null} */
    let state = null;
    /** @type {Error | null} */
    let problem = null;
    this.#sent = action;
    try {
      state = await post(`api/sessions/${this.id}`, action);
    } catch (error) {
      problem = /** @type {Error} */ (error);
    }
    this.#pending = this.#pending.filter((other) => other !== action);
    if (state) this.#receive(state);
    else this.#emit("change");
    if (problem) this.dispatchEvent(new CustomEvent("problem", { detail: problem.message }));
    return !problem;
  }

  /** @param {SessionState} state */
  #receive(state) {
    if (state.moment < this.state.moment) return;
    this.state = state;
    this.#emit("change");
  }

  #listen() {
    this.#source?.close();
    const source = new EventSource(`api/sessions/${this.id}/events`);
    this.#source = source;
    source.addEventListener("state", (event) => this.#receive(JSON.parse(event.data)));
    source.addEventListener("progress", (event) => {
      this.progress = JSON.parse(event.data);
      this.#emit("progress");
    });
    source.addEventListener("error", () => {
      // In the state CONNECTING the browser reconnects by itself.
      if (source.readyState === EventSource.CLOSED) this.#emit("gone");
    });
  }

  // Browsers allow six connections to a server: a hidden page closes its own.
  #onVisibilityChange = () => {
    if (document.hidden) this.#source?.close();
    else this.#listen();
  };

  // Send all unsent actions when the page is closed.
  #onPageHide = () => {
    for (const action of this.#pending) {
      if (action === this.#sent) continue;
      const content = new Blob([JSON.stringify(action)], { type: "application/json" });
      navigator.sendBeacon(`api/sessions/${this.id}`, content);
    }
  };

  /** @param {string} kind */
  #emit(kind) {
    this.dispatchEvent(new Event(kind));
  }
}
