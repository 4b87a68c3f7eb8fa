// @ts-check
// Adding targets: folders and files by drag and drop, from a file dialog, from the clipboard, samples.

import { h } from "../core/dom.js";
import { collectDrop, collectFiles, hasSeveral } from "./file_collection.js";
import { chooseSamples } from "./samples_dialog.js";

export class TargetInput {
  // element: accepts drops. source: the pane in it that accepts single files, which are not targets.
  constructor(app, store, uploads, element, source) {
    this.app = app;
    this.store = store;
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
    input.addEventListener("change", () => this.#add(collectFiles([...(input.files ?? [])])));
    input.click();
  }

  async sample() {
    const { session, options } = this.app;
    const subject = session.scene.source?.name.split(", ")[0] ?? "";
    const names = await chooseSamples(options.samples, subject);
    for (const sample of names.slice(0, this.#room)) session.act("add-target", { sample });
    this.#warnLimit(names.length - this.#room);
  }

  get #room() {
    return this.app.options.limits.targets - this.store.targets.length;
  }

  #add({ found, skipped }) {
    const { toasts } = this.app;
    if (skipped) toasts.show(`Skipped ${skipped} file${skipped === 1 ? " that is not an image" : "s that are not images"}.`);
    else if (!found.length) toasts.show("There are no files in this folder.");
    const room = this.#room;
    this.#warnLimit(found.length - room);
    if (found.length) this.uploads.add(found.slice(0, room));
  }

  #warnLimit(tooMany) {
    const { targets } = this.app.options.limits;
    if (tooMany > 0) this.app.toasts.show(`The limit is ${targets} targets: ${tooMany} image${tooMany === 1 ? " was" : "s were"} not added.`, "problem");
  }

  #over(event) {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    this.element.classList.toggle("dropping", !this.source.contains(event.target));
  }

  async #drop(event) {
    this.element.classList.remove("dropping");
    if (this.source.contains(event.target) && !hasSeveral(event.dataTransfer)) return;
    event.preventDefault();
    event.stopPropagation();
    this.source.classList.remove("dropping");
    this.#add(await collectDrop(event.dataTransfer));
  }

  #paste = (event) => {
    const files = [...(event.clipboardData?.files ?? [])].filter((file) => file.type.startsWith("image/"));
    if (!files.length || !this.app.session.scene.source) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    this.#add(collectFiles(files));
  };
}
