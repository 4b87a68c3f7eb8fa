// @ts-check
// What a person looks at: which point, which of its maps.

import { Look } from "../core/view_state.js";

const KEPT = { heat: true, opacity: 0.7, colours: "viridis", end: "target" };

export class PointLook extends Look {
  constructor() {
    // selected, hovered: ids of points. map: which map of the strip lies over the pictures.
    super(KEPT, { selected: null, hovered: null, map: 0 });
  }

  // The point whose maps are shown.
  get point() {
    return this.get("hovered") ?? this.get("selected");
  }
}
