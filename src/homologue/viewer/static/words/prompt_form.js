// @ts-check
// The form for the sentence, and the status line of the Words screen.

import { find, h, set, setText } from "../core/dom.js";
import { timeLeft } from "../match/progress_text.js";

const STAGES = { load: "Loading the model", words: "Computing heat maps", fit: "Fitting", look: "Encoding the image", locate: "Locating" };
const HAS_WORD = /[\p{L}\p{N}\p{S}]/u;

export class PromptForm {
  #synced = ""; // the sentence of the server that the field was last set to
  #sending = 0; // number of running requests
  #text = h("span", { class: "status-text" });
  #filled = h("span", {});
  #bar = h("span", { class: "bar" }, this.#filled);
  #cancel = h("button", { class: "quiet", type: "button", title: "Escape", onclick: () => this.cancel() }, "Cancel");

  constructor(session) {
    this.session = session;
    this.field = h("input", {
      type: "text", class: "sentence", name: "sentence", maxlength: 1000, autocomplete: "off", spellcheck: "false",
      placeholder: "a cat wearing a hat", "aria-label": "Sentence that describes the image", "aria-describedby": "words-status",
    });
    this.element = h(
      "form",
      { class: "card words-form" },
      h("div", { class: "prompt-row" }, this.field, h("button", { class: "main", type: "submit" }, "Show words")),
      h("div", { class: "status", id: "words-status", role: "status" }, this.#bar, this.#text, this.#cancel),
    );
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
    this.field.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.cancel();
    });
  }

  get busy() {
    const { state, named } = this.session.state.words;
    return [state, named.state].some((job) => job === "running" || job === "waiting");
  }

  cancel() {
    if (this.busy) this.session.act("stop-words");
  }

  async #send() {
    const prompt = this.field.value.trim();
    this.empty = !HAS_WORD.test(prompt);
    if (!this.empty) {
      this.#sending += 1;
      await this.session.act("read", { prompt });
      this.#sending -= 1;
      this.#synced = this.session.state.words.prompt;
    }
    this.draw();
  }

  draw() {
    const { words } = this.session.state;
    if (!this.#sending && words.prompt !== this.#synced) {
      this.#synced = words.prompt; // changed by undo or on another page
      this.field.value = words.prompt;
    }
    const progress = this.session.progress.words?.maps;
    const running = words.state === "running";
    setText(this.#text, this.#status(words, progress));
    find(this.element, ".status")?.classList.toggle("problem", words.state === "failed" || Boolean(this.empty));
    set(this.#cancel, { hidden: !this.busy });
    set(this.#bar, { hidden: !running });
    this.#filled.style.width = `${running && progress ? (100 * progress.done) / Math.max(progress.total, 1) : 0}%`;
  }

  #status(words, progress) {
    if (this.empty) return "Describe the image first, for example “a cat wearing a hat”.";
    if (!this.session.scene.source) return "Open an image first.";
    if (words.state === "failed") return words.error;
    if (words.state === "cancelled") return "Cancelled. Press “Show words” to start again.";
    if (words.state === "waiting") return "Waiting for other jobs.";
    if (words.state === "running") return describeWordProgress(progress);
    if (words.state === "none") return "Describe the image: each word gets a heat map.";
    return "Hover over a word to show its heat map on the image. Tick several words to combine them.";
  }
}

// Describe the progress: "Computing heat maps, 3 of 6 · about 2 s left".
export function describeWordProgress(progress) {
  if (!progress) return "Starting";
  const parts = [STAGES[progress.stage] ?? progress.stage];
  if (progress.total > 1) parts[0] += `, ${progress.done} of ${progress.total}`;
  if (progress.left !== null) parts.push(timeLeft(progress.left));
  return parts.join(" · ");
}
