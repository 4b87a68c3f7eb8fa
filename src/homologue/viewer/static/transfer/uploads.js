// @ts-check
// Pictures on their way to the viewer, two at a time. They go on when another screen is opened.
//
// Event: "change".

import { upload } from "../core/api.js";

const AT_ONCE = 2;
const known = new WeakMap(); // session -> Uploads

export function uploadsOf(session, options, toasts) {
  if (!known.has(session)) known.set(session, new Uploads(session, options, toasts));
  return known.get(session);
}

class Uploads extends EventTarget {
  total = 0; // since there was last nothing to do
  done = 0;
  #waiting = [];
  #running = 0;
  #told = Promise.resolve(); // once the session was told of all pictures before
  #refused = new Map(); // path -> file, to be tried again

  constructor(session, options, toasts) {
    super();
    this.session = session;
    this.limits = options.limits;
    this.toasts = toasts;
  }

  get busy() {
    return this.#running > 0 || this.#waiting.length > 0;
  }

  // items: [{ file, path }]
  add(items) {
    if (!this.busy) this.total = this.done = 0;
    this.total += items.length;
    this.#waiting.push(...items);
    window.addEventListener("beforeunload", this.#warn);
    this.#next();
  }

  // What has not been sent yet is not sent.
  stop() {
    this.total -= this.#waiting.length;
    this.#waiting = [];
    this.#tell();
  }

  canRetry(path) {
    return this.#refused.has(path);
  }

  retry(path) {
    const file = this.#refused.get(path);
    this.#refused.delete(path);
    this.add([{ file, path }]);
  }

  #next() {
    while (this.#running < AT_ONCE && this.#waiting.length) this.#send(this.#waiting.shift());
    if (!this.busy) window.removeEventListener("beforeunload", this.#warn);
    this.#tell();
  }

  async #send(item) {
    this.#running += 1;
    const before = this.#told;
    this.#told = this.#bring(item, before);
    await this.#told;
    this.done += 1;
    this.#running -= 1;
    this.#next();
  }

  // Uploads a picture, and tells the session of it when it knows of those `before`.
  async #bring(item, before) {
    try {
      const offer = await this.#offer(item);
      await before;
      await this.session.act("add-target", { name: item.path, ...offer });
    } catch (error) {
      this.#giveUp(item, error);
    }
  }

  // What the session is told of a picture: its id, or why there is none.
  async #offer({ file, path }) {
    if (file.size > this.limits.bytes) {
      const most = Math.floor(this.limits.bytes / 2 ** 20);
      return { problem: `It is larger than ${most} MB; scale it down first.` };
    }
    try {
      return { picture: (await upload(file, path)).id };
    } catch (error) {
      if (!error.status) throw error;
      this.#refused.set(path, file);
      return { problem: error.message };
    }
  }

  // The viewer does not answer: neither would it to the others.
  #giveUp(item, error) {
    const lost = this.#waiting.length + 1;
    this.stop();
    const what = lost === 1 ? item.path : `${lost} pictures`;
    this.toasts.show(`${error.message} Drop ${what} again then.`, "problem");
  }

  // Leaving the page leaves behind what was not sent.
  #warn = (event) => event.preventDefault();

  #tell() {
    this.dispatchEvent(new Event("change"));
  }
}
