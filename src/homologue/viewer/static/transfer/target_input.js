// @ts-check
// Targets in: folders and files by drop, from a dialog, pasted, samples.

import { h } from "../core/dom.js";
import { gatherDrop, gatherFiles, isMany } from "./file_collection.js";
import { chooseSamples } from "./samples_dialog.js";

export class Targets {
  // element: where to drop; a single file on `source` is a source, and not for us.
  constructor(app, sheet, uploads, element, source) {
    this.app = app;
    this.sheet = sheet;
    this.uploads = uploads;
    this.element = element;
    this.source = source;
    element.addEventListener("dragover", (event) => this.#over(event));
    element.addEventListener("dragleave", (event) => {
      if (!element.contains(event.relatedTarget)) element.classList.remove("dropping");
    });
    element.addEventListener("drop", (event) => this.#drop(event), true);
    document.addEventListener("paste", this.#paste, true);
  }

  close() {
    document.removeEventListener("paste", this.#paste, true);
  }

  browse({ folder = false } = {}) {
    const input = h("input", { type: "file", multiple: true, webkitdirectory: folder });
    input.addEventListener("change", () => this.#take(gatherFiles([...(input.files ?? [])])));
    input.click();
  }

  async sample() {
    const { session, options } = this.app;
    const subject = session.scene.source?.name.split(", ")[0] ?? "";
    const names = await chooseSamples(options.samples, subject);
    for (const sample of names.slice(0, this.#room)) session.act("add-target", { sample });
    this.#complain(names.length - this.#room);
  }

  get #room() {
    return this.app.options.limits.targets - this.sheet.targets.length;
  }

  #take({ found, left }) {
    const { toasts } = this.app;
    if (left) toasts.show(`${left} file${left === 1 ? " that is no picture was" : "s that are no pictures were"} left out.`);
    else if (!found.length) toasts.show("There is nothing in it.");
    const room = this.#room;
    this.#complain(found.length - room);
    if (found.length) this.uploads.add(found.slice(0, room));
  }

  #complain(tooMany) {
    const { targets } = this.app.options.limits;
    if (tooMany > 0) this.app.toasts.show(`At most ${targets} targets: ${tooMany} were left out.`, "problem");
  }

  #over(event) {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    this.element.classList.toggle("dropping", !this.source.contains(event.target));
  }

  async #drop(event) {
    this.element.classList.remove("dropping");
    const many = isMany(event.dataTransfer);
    if (this.source.contains(event.target) && !many) return;
    event.preventDefault();
    event.stopPropagation();
    this.source.classList.remove("dropping");
    this.#take(await gatherDrop(event.dataTransfer));
  }

  #paste = (event) => {
    const files = [...(event.clipboardData?.files ?? [])].filter((file) => file.type.startsWith("image/"));
    if (!files.length || !this.app.session.scene.source) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    this.#take(gatherFiles(files));
  };
}
