// @ts-check
// What a person looks at of a sentence, and how its words are combined.

import { Look } from "../core/view_state.js";

const KEPT = { opacity: 0.7, colours: "viridis", combine: "mean", by: "threshold", threshold: 0.5 };

export class WordLook extends Look {
  constructor() {
    // hovered: place in the sentence of the word whose map lies over the picture; layers: of the
    // word whose layers are shown.
    super(KEPT, { hovered: null, layers: null });
  }
}
