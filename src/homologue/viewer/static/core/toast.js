// @ts-check
// Short messages, also for those who cannot see them.

import { h } from "./dom.js";

const SECONDS = 7;

export class Toasts {
  element = h("div", { class: "toasts", role: "status", "aria-live": "polite" });
  #spoken = h("div", { class: "unseen", role: "status", "aria-live": "polite" });

  constructor() {
    document.body.append(this.element, this.#spoken);
  }

  /**
   * @param {string} text
   * @param {"" | "problem"} kind
   */
  show(text, kind = "") {
    const close = h("button", { class: "icon", "aria-label": "Close", onclick: () => box.remove() }, "×");
    const box = h("div", { class: `toast ${kind}` }, h("span", {}, text), close);
    this.element.append(box);
    while (this.element.children.length > 3) this.element.firstChild?.remove();
    setTimeout(() => box.remove(), 1000 * SECONDS);
  }

  /**
   * For screen readers only.
   * @param {string} text
   */
  say(text) {
    this.#spoken.textContent = text;
  }
}
