// @ts-check
// Short messages, on the page and for screen readers.

import { h } from "./dom.js";

const SECONDS = 7;

export class Toasts {
  element = h("div", { class: "toasts", role: "status", "aria-live": "polite" });
  #announcement = h("div", { class: "visually-hidden", role: "status", "aria-live": "polite" });

  constructor() {
    document.body.append(this.element, this.#announcement);
  }

  /**
   * Show a message for some seconds.
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
   * Announce a message to screen readers only.
   * @param {string} text
   */
  announce(text) {
    this.#announcement.textContent = text;
  }
}
