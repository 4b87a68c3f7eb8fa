// @ts-check
// Opening images: from a file dialog, by drag and drop, from the clipboard, from the samples.

import { upload } from "../core/api.js";
import { h } from "../core/dom.js";
import { chooseSample } from "./sample_dialog.js";

const MIME_TYPES = "image/png,image/jpeg,image/webp,image/gif,image/bmp,image/tiff,image/avif";

export class ImageInput {
  // panes: { source, target } or one of them.
  constructor(session, options, panes, toasts) {
    this.session = session;
    this.options = options;
    this.panes = panes;
    this.toasts = toasts;
    this.last = Object.keys(panes).at(-1); // end of the pane that was used last, for pasting
    for (const pane of Object.values(panes)) {
      this.#accept(pane);
      this.#addButtons(pane);
    }
    document.addEventListener("paste", this.#paste);
  }

  close() {
    document.removeEventListener("paste", this.#paste);
  }

  browse(end) {
    const several = Object.keys(this.panes).length > 1;
    const input = h("input", { type: "file", accept: MIME_TYPES, multiple: several });
    input.addEventListener("change", () => this.open(end, [...(input.files ?? [])]));
    input.click();
  }

  async sample(end) {
    const name = await chooseSample(this.options.samples, end);
    if (name) await this.session.act(end, { sample: name });
  }

  // Open the first file in a pane, and the second file in the other pane.
  async open(end, files) {
    const ends = [end, ...Object.keys(this.panes).filter((name) => name !== end)];
    const sent = files.slice(0, ends.length);
    for (const [index, file] of sent.entries()) await this.#send(ends[index], file);
    if (files.length > sent.length) {
      this.toasts.show(`Opened ${sent.length} of ${files.length} images.`);
    }
  }

  async #send(end, file) {
    const name = file.name || "pasted image";
    const { bytes } = this.options.limits;
    if (file.size > bytes) {
      this.toasts.show(`${name} is larger than ${Math.floor(bytes / 2 ** 20)} MiB. Reduce its size first.`, "problem");
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

  #addButtons({ end, tools, empty }) {
    const browse = () => this.browse(end);
    const sample = () => this.sample(end);
    tools.prepend(
      h("button", { class: "quiet", title: "Open an image file", onclick: browse }, "Open"),
      h("button", { class: "quiet", title: "Choose a sample image", onclick: sample }, "Sample"),
    );
    empty.append(
      h("p", {}, "Drop or paste an image here, or:"),
      h("div", {},
        h("button", { class: "main", onclick: browse }, "Open an image"),
        h("button", { class: "quiet", onclick: sample }, "Choose a sample"),
      ),
    );
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
    const end = Object.keys(this.panes).find((name) => !this.session.scene[name]) ?? this.last;
    this.toasts.show(`Pasted as the ${end}.`);
    this.open(end, files);
  };
}
