// @ts-check
// What is being done, how much of it is left, and a way to stop it.

import { h, set, write } from "../core/dom.js";
import { brief, shareOf, timeLeft } from "../match/progress_text.js";

export class TransferLine {
  #text = h("span", { class: "status-text" });
  #filled = h("span", {});
  #bar = h("span", { class: "bar" }, this.#filled);
  #stop = h("button", { class: "quiet", title: "Escape" }, "Cancel");
  #goOn = h("button", { class: "quiet" }, "Go on");

  constructor(session, sheet, uploads) {
    this.session = session;
    this.sheet = sheet;
    this.uploads = uploads;
    this.#stop.addEventListener("click", () => this.stop());
    this.#goOn.addEventListener("click", () => session.act("go-on"));
    this.element = h("div", { class: "status" }, this.#bar, this.#text, this.#goOn, this.#stop);
  }

  get busy() {
    return this.uploads.busy || this.searching;
  }

  // Stops what is being searched and fitted, and sends no more pictures.
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
    // What was clicked just now, the server may not have heard of; what it has found, may not be here.
    return done + failed < pictures || points.some((point) => !(point.id in columns)) || !this.sheet.current;
  }

  draw() {
    const { pictures, done, failed, held } = this.session.state.transfer;
    const told = this.session.progress.transfer ?? null;
    const { uploads } = this;
    const searching = this.searching;
    const parts = [];
    if (uploads.busy) parts.push(`Uploading ${Math.min(uploads.done + 1, uploads.total)} of ${uploads.total}`);
    if (searching) parts.push(...this.#describe(told, pictures, done));
    else if (!uploads.busy) parts.push(this.#idle(pictures, done, failed, held));
    write(this.#text, parts.join(" · "));
    set(this.#stop, { hidden: !this.busy });
    set(this.#goOn, { hidden: !held && !(failed && !searching) });
    write(this.#goOn, held ? "Go on" : "Try again");
    const share = searching ? (done + shareOf(told?.told ?? null)) / Math.max(pictures, 1) : uploads.done / Math.max(uploads.total, 1);
    set(this.#bar, { hidden: !this.busy });
    this.#filled.style.width = `${100 * share}%`;
  }

  #describe(told, pictures, done) {
    const parts = [`${done} of ${pictures} pictures`];
    const fitting = Object.values(this.session.progress.match?.points ?? {})[0];
    if (told) parts.push(brief(told.told).toLowerCase());
    else if (fitting) parts.push(brief(fitting).toLowerCase());
    if (told?.left) parts.push(timeLeft(told.left));
    return parts;
  }

  #idle(pictures, done, failed, held) {
    const { source, points } = this.session.scene;
    if (!source) return "Open a picture as the source.";
    if (!this.sheet.targets.length) return "No targets yet.";
    if (!points.length) return "Click parts of the source: they are found in all targets.";
    if (held && done < pictures) return `${done} of ${pictures} pictures · stopped`;
    if (failed) return `${done} of ${pictures} pictures · ${failed} failed`;
    return `${pictures} picture${pictures === 1 ? "" : "s"} done. Click one to enlarge and correct it.`;
  }
}
