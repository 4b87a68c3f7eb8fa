// @ts-check
// The sentence, and what is being done with it.

import { find, h, set, write } from "../core/dom.js";
import { timeLeft } from "../match/progress_text.js";

const STAGES = { load: "Loading the model", words: "Looking", fit: "Fitting", look: "Looking", locate: "Searching" };
const SAYS_SOMETHING = /[\p{L}\p{N}\p{S}]/u;

export class Form {
  #shown = ""; // the sentence that the server had when the field was last filled
  #sending = 0;
  #text = h("span", { class: "status-text" });
  #filled = h("span", {});
  #bar = h("span", { class: "bar" }, this.#filled);
  #cancel = h("button", { class: "quiet", type: "button", title: "Escape", onclick: () => this.cancel() }, "Cancel");

  constructor(session) {
    this.session = session;
    this.field = h("input", {
      type: "text", class: "sentence", name: "sentence", maxlength: 1000, autocomplete: "off", spellcheck: "false",
      placeholder: "a cat wearing a hat", "aria-label": "Sentence: what is in the picture", "aria-describedby": "words-status",
    });
    this.element = h(
      "form",
      { class: "card words-form" },
      h("div", { class: "words-ask" }, this.field, h("button", { class: "main", type: "submit" }, "Show words")),
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
    return [state, named.state].some((one) => one === "running" || one === "waiting");
  }

  cancel() {
    if (this.busy) this.session.act("stop-words");
  }

  async #send() {
    const prompt = this.field.value.trim();
    this.empty = !SAYS_SOMETHING.test(prompt);
    if (!this.empty) {
      this.#sending += 1;
      await this.session.act("read", { prompt });
      this.#sending -= 1;
      this.#shown = this.session.state.words.prompt;
    }
    this.draw();
  }

  draw() {
    const { words } = this.session.state;
    if (!this.#sending && words.prompt !== this.#shown) {
      this.#shown = words.prompt; // undone, or written on another page
      this.field.value = words.prompt;
    }
    const told = this.session.progress.words?.maps;
    const running = words.state === "running";
    write(this.#text, this.#line(words, told));
    find(this.element, ".status")?.classList.toggle("problem", words.state === "failed" || Boolean(this.empty));
    set(this.#cancel, { hidden: !this.busy });
    set(this.#bar, { hidden: !running });
    this.#filled.style.width = `${running && told ? (100 * told.done) / Math.max(told.total, 1) : 0}%`;
  }

  #line(words, told) {
    if (this.empty) return "Write what is in the picture first, such as “a cat wearing a hat”.";
    if (!this.session.scene.source) return "Open a picture first.";
    if (words.state === "failed") return words.error;
    if (words.state === "cancelled") return "Cancelled. Show the words to begin again.";
    if (words.state === "waiting") return "Waiting for what is more urgent.";
    if (words.state === "running") return describe(told);
    if (words.state === "none") return "Write what is in the picture: each word gets a heat map.";
    return "Hover a word to lay its map over the picture; tick several to combine them.";
  }
}

// "Looking, 3 of 6 · about 2 s left"
export function describe(told) {
  if (!told) return "Looking";
  const parts = [STAGES[told.stage] ?? told.stage];
  if (told.total > 1) parts[0] += `, ${told.done} of ${told.total}`;
  if (told.left !== null) parts.push(timeLeft(told.left));
  return parts.join(" · ");
}
