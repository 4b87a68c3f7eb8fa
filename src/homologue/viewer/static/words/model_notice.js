// @ts-check
// What a person has to know of the model before they believe its maps.

import { h } from "../core/dom.js";

export class Notice {
  #drawn = "";
  element = h("p", { class: "hint words-notice" });

  constructor(session, options) {
    this.session = session;
    this.worded = options.worded;
  }

  draw() {
    const { model } = this.session.scene.settings;
    const failed = this.session.state.words.state === "failed" && this.session.state.words.error.includes("text encoder");
    const wanted = `${model} ${failed}`;
    if (wanted === this.#drawn) return;
    this.#drawn = wanted;
    this.element.replaceChildren(...this.#say(model, failed));
  }

  #say(model, failed) {
    if (failed || !this.worded[model]) {
      const others = Object.keys(this.worded).filter((name) => this.worded[name] && name !== model);
      const buttons = others.map((name) =>
        h("button", { class: "quiet", onclick: () => this.session.act("settings", { model: name }) }, name),
      );
      return [`${model} has no text encoder to read words with. These have: `, ...buttons];
    }
    if (model !== "builtin") return [];
    return [
      "The built-in model knows next to nothing of words: its maps show outlines and the middle of a drawing, " +
        "whatever the word. For words that mean something, start the viewer with Stable Diffusion (--model).",
    ];
  }
}
