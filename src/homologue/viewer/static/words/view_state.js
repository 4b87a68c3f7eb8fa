// @ts-check
// The view state of the Words screen: the current word, and how words are combined.

import { ViewState } from "../core/view_state.js";

const STORED = { opacity: 0.7, colours: "viridis", combine: "mean", by: "threshold", threshold: 0.5 };

export class WordViewState extends ViewState {
  constructor() {
    // Indices of words in the sentence, or null. hovered: its map is on the image. layers: the maps of its
    // layers are shown.
    super(STORED, { hovered: null, layers: null });
  }
}
