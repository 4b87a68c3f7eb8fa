// @ts-check
// The page's side of a session. What a person does shows at once, before the server has heard of
// it: actions that have not been answered yet are played again on whatever the server says.
//
// Events: "change" (state or scene), "progress", "problem" (detail: a sentence), "gone".

import { get, post } from "./api.js";

/** @typedef {import("./types.js").Point} Point */
/** @typedef {import("./types.js").Action} Action */
/** @typedef {import("./types.js").SessionState} SessionState */

/** @type {Record<string, (points: Point[], action: Action) => Point[]>} */
const PLAY = {
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
  #answers = Promise.resolve();
  /** @type {Action[]} */
  #pending = []; // not answered yet, in their order
  /** @type {Action | null} */
  #sent = null; // the one of them that is on its way
  /** @type {EventSource | null} */
  #source = null;

  /** @param {SessionState} state */
  constructor(state) {
    super();
    this.state = state;
    /** @type {Record<string, any>} what the server tells of work that runs, for each screen */
    this.progress = {};
    this.#listen();
    document.addEventListener("visibilitychange", this.#seen);
    window.addEventListener("pagehide", this.#leave);
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
   * The scene as the person sees it.
   * @returns {import("./types.js").Scene}
   */
  get scene() {
    const scene = this.state.scene;
    const points = this.#pending.reduce(
      (now, action) => (PLAY[action.do] ? PLAY[action.do](now, action) : now),
      scene.points,
    );
    return { ...scene, points };
  }

  /**
   * Carries out an action, see the server's parts; the promise tells whether it was accepted.
   * @param {string} name
   * @param {Record<string, any>} fields
   * @returns {Promise<boolean>}
   */
  act(name, fields = {}) {
    const action = { do: name, ...fields };
    this.#pending.push(action);
    this.#tell("change");
    const answer = this.#answers.then(() => this.#send(action));
    this.#answers = answer;
    return answer;
  }

  close() {
    document.removeEventListener("visibilitychange", this.#seen);
    window.removeEventListener("pagehide", this.#leave);
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
    this.#pending = this.#pending.filter((one) => one !== action);
    if (state) this.#receive(state);
    else this.#tell("change");
    if (problem) this.dispatchEvent(new CustomEvent("problem", { detail: problem.message }));
    return !problem;
  }

  /** @param {SessionState} state */
  #receive(state) {
    if (state.moment < this.state.moment) return;
    this.state = state;
    this.#tell("change");
  }

  #listen() {
    this.#source?.close();
    const source = new EventSource(`api/sessions/${this.id}/events`);
    this.#source = source;
    source.addEventListener("state", (event) => this.#receive(JSON.parse(event.data)));
    source.addEventListener("progress", (event) => {
      this.progress = JSON.parse(event.data);
      this.#tell("progress");
    });
    source.addEventListener("error", () => {
      // While it is CONNECTING, the browser tries again by itself.
      if (source.readyState === EventSource.CLOSED) this.#tell("gone");
    });
  }

  // Browsers allow six connections to a server, and a hidden page needs none.
  #seen = () => {
    if (document.hidden) this.#source?.close();
    else this.#listen();
  };

  // What has not been sent when the page is left is sent then.
  #leave = () => {
    for (const action of this.#pending) {
      if (action === this.#sent) continue;
      const content = new Blob([JSON.stringify(action)], { type: "application/json" });
      navigator.sendBeacon(`api/sessions/${this.id}`, content);
    }
  };

  /** @param {string} kind */
  #tell(kind) {
    this.dispatchEvent(new Event(kind));
  }
}
