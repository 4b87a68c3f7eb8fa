// @ts-check
// The status line of the Transfer screen: uploads and locating, buttons to cancel and resume.

import { h, set, setText } from "../core/dom.js";
import { fractionDone, progressLabel, timeLeft } from "../match/progress_text.js";

export class TransferStatusLine {
  #text = h("span", { class: "status-text" });
  #filled = h("span", {});
  #bar = h("span", { class: "bar" }, this.#filled);
  #stop = h("button", { class: "quiet", title: "Escape" }, "Cancel");
  #resume = h("button", { class: "quiet" }, "Resume");

  constructor(session, store, uploads) {
    this.session = session;
    this.store = store;
    this.uploads = uploads;
    this.#stop.addEventListener("click", () => this.stop());
    this.#resume.addEventListener("click", () => session.act("go-on"));
    this.element = h("div", { class: "status" }, this.#bar, this.#text, this.#resume, this.#stop);
  }

  get busy() {
    return this.uploads.busy || this.searching;
  }

  // Stop fitting and locating, and upload no more images.
  stop() {
    this.uploads.stop();
    if (!this.searching) return;
    this.session.act("hold");
    this.session.act("cancel");
  }

  get searching() {
    const { pictures, done, failed, held, columns } = this.session.state.transfer;
    const { points } = this.session.scene;
    if (held || !pictures || !points.length) return false;
    // The server may not know the newest points yet, and its newest results may not be here yet.
    return done + failed < pictures || points.some((point) => !(point.id in columns)) || !this.store.current;
  }

  draw() {
    const { pictures, done, failed, held } = this.session.state.transfer;
    const progress = this.session.progress.transfer ?? null;
    const { uploads } = this;
    const searching = this.searching;
    const parts = [];
    if (uploads.busy) parts.push(`Uploading ${Math.min(uploads.done + 1, uploads.total)} of ${uploads.total}`);
    if (searching) parts.push(...this.#describe(progress, pictures, done));
    else if (!uploads.busy) parts.push(this.#hint(pictures, done, failed, held));
    setText(this.#text, parts.join(" · "));
    set(this.#stop, { hidden: !this.busy });
    set(this.#resume, { hidden: !held && !(failed && !searching) });
    setText(this.#resume, held ? "Resume" : "Retry");
    const fraction = searching ? (done + fractionDone(progress?.told ?? null)) / Math.max(pictures, 1) : uploads.done / Math.max(uploads.total, 1);
    set(this.#bar, { hidden: !this.busy });
    this.#filled.style.width = `${100 * fraction}%`;
  }

  #describe(progress, pictures, done) {
    const parts = [`${done} of ${pictures} images`];
    const fitting = Object.values(this.session.progress.match?.points ?? {})[0];
    if (progress) parts.push(progressLabel(progress.told).toLowerCase());
    else if (fitting) parts.push(progressLabel(fitting).toLowerCase());
    if (progress?.left) parts.push(timeLeft(progress.left));
    return parts;
  }

  #hint(pictures, done, failed, held) {
    const { source, points } = this.session.scene;
    if (!source) return "Open a source image.";
    if (!this.store.targets.length) return "No targets yet.";
    if (!points.length) return "Click points in the source image to locate them in all targets.";
    if (held && done < pictures) return `${done} of ${pictures} images · stopped`;
    if (failed) return `${done} of ${pictures} images · ${failed} failed`;
    return `${pictures} image${pictures === 1 ? "" : "s"} done. Click an image to check and correct its points.`;
  }
}
