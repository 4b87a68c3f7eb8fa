// What a person looks at: which point, which of its maps, and how it is painted. Not part of the
// session: two pages of one session may look at different things.

import { prefer, preferences } from "../core/preferences.js";

const KEPT = { heat: true, opacity: 0.7, colours: "viridis", end: "target" };

export class Look extends EventTarget {
  // selected, hovered: ids of points. map: which map of the strip lies over the pictures.
  #values = { selected: null, hovered: null, map: 0, ...preferences(KEPT) };

  get(name) {
    return this.#values[name];
  }

  set(name, value) {
    if (this.#values[name] === value) return;
    this.#values[name] = value;
    if (name in KEPT) {
      prefer(Object.fromEntries(Object.keys(KEPT).map((key) => [key, this.#values[key]])));
    }
    this.dispatchEvent(new CustomEvent("change", { detail: name }));
  }

  // The point whose maps are shown.
  get point() {
    return this.#values.hovered ?? this.#values.selected;
  }
}
