// Keys that work everywhere on a screen, and the list of them for the help.

export class Keys {
  #bindings = [];

  constructor() {
    document.addEventListener("keydown", (event) => this.#press(event));
  }

  // keys: what the help shows, such as "Ctrl+Z"; several are separated by " or ". A binding without
  // `run` is only listed. Gives a function that takes the binding away.
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

  #press(event) {
    if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
    const typing = event.target.closest?.("input:not([type=range]), select, textarea");
    for (const { run, chords } of this.#bindings) {
      if (chords.some((chord) => fits(chord, event, typing))) {
        event.preventDefault();
        run(event);
        return;
      }
    }
  }
}

function parse(text) {
  const parts = text.split("+");
  const key = parts.at(-1) || "+";
  return { key: key.toLowerCase(), control: parts.includes("Ctrl"), shift: parts.includes("Shift") };
}

function fits(chord, event, typing) {
  const control = event.ctrlKey || event.metaKey;
  if (typing || event.altKey || control !== chord.control) return false;
  // Of signs such as "?" Shift is a part on some keyboards only.
  const letter = /^[a-z]$/.test(chord.key) || chord.key.length > 1;
  return event.key.toLowerCase() === chord.key && (!letter || event.shiftKey === chord.shift);
}
