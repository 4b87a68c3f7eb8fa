// @ts-check
// The notice about a model that cannot read words, or understands few of them.

import { h } from "../core/dom.js";

export class ModelNotice {
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
    this.element.replaceChildren(...this.#content(model, failed));
  }

  #content(model, failed) {
    if (failed || !this.worded[model]) {
      const others = Object.keys(this.worded).filter((name) => this.worded[name] && name !== model);
      const buttons = others.map((name) =>
        h("button", { class: "quiet", onclick: () => this.session.act("settings", { model: name }) }, name),
      );
      return [`${model} has no text encoder, so it cannot read words. Models that have one: `, ...buttons];
    }
    if (model !== "builtin") return [];
    return [
      "The built-in model understands almost no words: its maps show the outlines and the middle of the object " +
        "for any word. For meaningful maps, start the viewer with Stable Diffusion (--model).",
    ];
  }
}
