// Pictures in: from a file, by drag and drop, from the clipboard, from the samples.

import { upload } from "../core/api.js";
import { h } from "../core/dom.js";
import { chooseSample } from "./samples.js";

const KINDS = "image/png,image/jpeg,image/webp,image/gif,image/bmp,image/tiff,image/avif";

export class Opening {
  // panes: { source, target }; toasts: where complaints go.
  constructor(session, options, panes, toasts) {
    this.session = session;
    this.options = options;
    this.panes = panes;
    this.toasts = toasts;
    this.last = "target"; // where a pasted picture goes: the pane that was used last
    for (const pane of Object.values(panes)) this.#accept(pane);
    document.addEventListener("paste", this.#paste);
  }

  close() {
    document.removeEventListener("paste", this.#paste);
  }

  browse(end) {
    const input = h("input", { type: "file", accept: KINDS, multiple: true });
    input.addEventListener("change", () => this.open(end, [...input.files]));
    input.click();
  }

  async sample(end) {
    const name = await chooseSample(this.options.samples, end);
    if (name) await this.session.act(end, { sample: name });
  }

  // Opens the first file at an end, and a second one at the other.
  async open(end, files) {
    const other = end === "source" ? "target" : "source";
    if (!files.length) return;
    await this.#send(end, files[0]);
    if (files.length > 1) await this.#send(other, files[1]);
    if (files.length > 2) this.toasts.show(`Two of ${files.length} pictures were opened.`);
  }

  async #send(end, file) {
    const name = file.name || "pasted picture";
    const { bytes } = this.options.limits;
    if (file.size > bytes) {
      const most = Math.floor(bytes / 2 ** 20);
      this.toasts.show(`${name} is larger than ${most} MB; scale it down first.`, "problem");
      return;
    }
    const pane = this.panes[end];
    pane.element.classList.add("busy");
    pane.read(`Opening ${name} …`);
    try {
      const picture = await upload(file, name);
      await this.session.act(end, { picture: picture.id });
    } catch (error) {
      this.toasts.show(error.message, "problem");
    } finally {
      pane.element.classList.remove("busy");
      pane.read("");
    }
  }

  #accept(pane) {
    const { element, end } = pane;
    element.addEventListener("pointerdown", () => (this.last = end));
    element.addEventListener("focusin", () => (this.last = end));
    element.addEventListener("dragover", (event) => {
      if (![...event.dataTransfer.types].includes("Files")) return;
      event.preventDefault();
      element.classList.add("dropping");
    });
    element.addEventListener("dragleave", (event) => {
      if (!element.contains(event.relatedTarget)) element.classList.remove("dropping");
    });
    element.addEventListener("drop", (event) => {
      event.preventDefault();
      element.classList.remove("dropping");
      this.open(end, [...event.dataTransfer.files]);
    });
  }

  #paste = (event) => {
    const files = [...(event.clipboardData?.files ?? [])].filter((file) => file.type.startsWith("image/"));
    if (!files.length) return;
    event.preventDefault();
    const { source, target } = this.session.scene;
    const end = !source ? "source" : !target ? "target" : this.last;
    this.toasts.show(`Pasted as the ${end}.`);
    this.open(end, files);
  };
}
