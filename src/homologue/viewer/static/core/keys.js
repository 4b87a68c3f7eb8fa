// @ts-check
// Keys that work everywhere on a screen, and the list of them for the help.

/** @typedef {{ key: string, control: boolean, shift: boolean }} Chord */
/** @typedef {(event: KeyboardEvent) => void} Run */
/** @typedef {{ keys: string, label: string, run: Run | null, chords: Chord[] }} Binding */

export class Keys {
  /** @type {Binding[]} */
  #bindings = [];

  constructor() {
    document.addEventListener("keydown", (event) => this.#press(event));
  }

  /**
   * Adds a binding; gives a function that takes it away.
   * @param {string} keys what the help shows, such as "Ctrl+Z"; several are separated by " or "
   * @param {string} label
   * @param {Run | null} [run] a binding without it is only listed
   */
  add(keys, label, run = null) {
    const binding = { keys, label, run, chords: run ? keys.split(" or ").map(parse) : [] };
    this.#bindings.push(binding);
    return () => {
      this.#bindings = this.#bindings.filter((one) => one !== binding);
    };
  }

  list() {
    return this.#bindings.map(({ keys, label }) => ({ keys, label }));
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
    const typing = /** @type {Element} */ (event.target).closest?.("input:not([type=range]), select, textarea");
    for (const { run, chords } of this.#bindings) {
      if (run && chords.some((chord) => fits(chord, event, Boolean(typing)))) {
        event.preventDefault();
        run(event);
        return;
      }
    }
  }
}

/**
 * @param {string} text such as "Ctrl+Z"
 * @returns {Chord}
 */
function parse(text) {
  const parts = text.split("+");
  const key = parts.at(-1) || "+";
  return { key: key.toLowerCase(), control: parts.includes("Ctrl"), shift: parts.includes("Shift") };
}

/**
 * @param {Chord} chord
 * @param {KeyboardEvent} event
 * @param {boolean} typing whether the key goes to a field
 */
function fits(chord, event, typing) {
  const control = event.ctrlKey || event.metaKey;
  if (typing || event.altKey || control !== chord.control) return false;
  // Of signs such as "?" Shift is a part on some keyboards only.
  const letter = /^[a-z]$/.test(chord.key) || chord.key.length > 1;
  return event.key.toLowerCase() === chord.key && (!letter || event.shiftKey === chord.shift);
}
