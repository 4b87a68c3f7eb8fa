// @ts-check
// Buttons that several screens share.

import { h } from "./dom.js";

/**
 * Create a button that shows a single character.
 * @param {string} sign
 * @param {string} label
 * @param {string} keys its keyboard shortcut, for the tooltip
 * @param {() => unknown} run
 */
export function iconButton(sign, label, keys, run) {
  return h("button", { class: "icon", "aria-label": label, title: `${label} (${keys})`, onclick: run }, sign);
}

/** The buttons to undo and redo the session's actions, and their shortcuts. */
export class UndoButtons {
  /** @param {import("./session.js").Session} session */
  constructor(session) {
    this.session = session;
    this.undo = iconButton("↶", "Undo", "Ctrl+Z", () => session.act("undo"));
    this.redo = iconButton("↷", "Redo", "Ctrl+Y", () => session.act("redo"));
    this.elements = [this.undo, this.redo];
  }

  draw() {
    this.undo.disabled = !this.session.state.undo;
    this.redo.disabled = !this.session.state.redo;
  }

  /**
   * Add the shortcuts. Return functions that remove them.
   * @param {import("./keys.js").Keys} keys
   */
  addKeys(keys) {
    return [
      keys.add("Ctrl+Z", "Undo", () => this.session.act("undo")),
      keys.add("Ctrl+Y or Ctrl+Shift+Z", "Redo", () => this.session.act("redo")),
    ];
  }
}
