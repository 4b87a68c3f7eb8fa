// @ts-check
// Uploads of images, two at a time. They continue while another screen is open.
//
// Event: "change".

import { upload } from "../core/api.js";

const AT_ONCE = 2;
const uploads = new WeakMap(); // session -> Uploads

export function uploadsOf(session, options, toasts) {
  if (!uploads.has(session)) uploads.set(session, new Uploads(session, options, toasts));
  return uploads.get(session);
}

class Uploads extends EventTarget {
  total = 0; // of the current batch
  done = 0;
  #waiting = [];
  #running = 0;
  #added = Promise.resolve(); // settles when all images so far are targets of the session
  #refused = new Map(); // path -> file, for a retry

  constructor(session, options, toasts) {
    super();
    this.session = session;
    this.limits = options.limits;
    this.toasts = toasts;
  }

  get busy() {
    return this.#running > 0 || this.#waiting.length > 0;
  }

  // Queue uploads. items: [{ file, path }].
  add(items) {
    if (!this.busy) this.total = this.done = 0;
    this.total += items.length;
    this.#waiting.push(...items);
    window.addEventListener("beforeunload", this.#warn);
    this.#next();
  }

  // Drop all uploads that have not begun.
  stop() {
    this.total -= this.#waiting.length;
    this.#waiting = [];
    this.#emit();
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
    this.#emit();
  }

  async #send(item) {
    this.#running += 1;
    const before = this.#added;
    this.#added = this.#addTarget(item, before);
    await this.#added;
    this.done += 1;
    this.#running -= 1;
    this.#next();
  }

  // Upload an image and add it to the session, after all images before it.
  async #addTarget(item, before) {
    try {
      const outcome = await this.#upload(item);
      await before;
      await this.session.act("add-target", { name: item.path, ...outcome });
    } catch (error) {
      this.#abort(item, error);
    }
  }

  // Return { picture }, the id of the uploaded image, or { problem }, why it was refused.
  async #upload({ file, path }) {
    if (file.size > this.limits.bytes) {
      return { problem: `This file is larger than ${Math.floor(this.limits.bytes / 2 ** 20)} MiB. Reduce its size first.` };
    }
    try {
      return { picture: (await upload(file, path)).id };
    } catch (error) {
      if (!error.status) throw error;
      this.#refused.set(path, file);
      return { problem: error.message };
    }
  }

  // Stop all uploads, as the viewer does not answer.
  #abort(item, error) {
    const count = this.#waiting.length + 1;
    this.stop();
    const lost = count === 1 ? `${item.path} was` : `${count} images were`;
    this.toasts.show(`${error.message} ${lost} not uploaded.`, "problem");
  }

  // Ask for a confirmation before the page is closed: it would cancel the uploads.
  #warn = (event) => event.preventDefault();

  #emit() {
    this.dispatchEvent(new Event("change"));
  }
}
