// @ts-check
// Keyboard shortcuts of a screen, and their list for the help dialog.

/** @typedef {{ key: string, control: boolean, shift: boolean }} Chord */
/** @typedef {(event: KeyboardEvent) => void} Run */
/** @typedef {{ keys: string, label: string, run: Run | null, chords: Chord[] }} Binding */

/**
 * Right and down steps of the arrow keys.
 * @type {Record<string, [number, number]>}
 */
export const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Keys {
  /** @type {Binding[]} */
  #bindings = [];

  constructor() {
    document.addEventListener("keydown", (event) => this.#press(event));
  }

  /**
   * Add a shortcut. Return a function that removes it.
   * @param {string} keys such as "Ctrl+Z", as the help shows it; alternatives are separated by " or "
   * @param {string} label
   * @param {Run | null} [run] without it, the shortcut is only listed in the help
   */
  add(keys, label, run = null) {
    const binding = { keys, label, run, chords: run ? keys.split(" or ").map(parse) : [] };
    this.#bindings.push(binding);
    return () => {
      this.#bindings = this.#bindings.filter((other) => other !== binding);
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
 * @param {boolean} typing whether the event's target is a text field
 */
function fits(chord, event, typing) {
  const control = event.ctrlKey || event.metaKey;
  if (typing || event.altKey || control !== chord.control) return false;
  // Whether "?" and other punctuation needs Shift depends on the keyboard layout.
  const letter = /^[a-z]$/.test(chord.key) || chord.key.length > 1;
  return event.key.toLowerCase() === chord.key && (!letter || event.shiftKey === chord.shift);
}
