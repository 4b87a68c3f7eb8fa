// @ts-check
// The view state of points: which point and which of its heat maps are shown.

import { ViewState } from "../core/view_state.js";

const STORED = { heat: true, opacity: 0.7, colours: "viridis", end: "target" };

export class PointViewState extends ViewState {
  /** @param {Record<string, any>} stored names and defaults of further values that the browser stores */
  constructor(stored = {}) {
    // selected, hovered: ids of points. map: index of the map on the images. end: whose maps the strip
    // shows, "source" or "target".
    super({ ...STORED, ...stored }, { selected: null, hovered: null, map: 0 });
  }

  /**
   * Clear the selection and the hover of points that no longer exist.
   * @param {{ id: string }[]} points
   */
  forgetAllBut(points) {
    for (const name of ["selected", "hovered"]) {
      const id = this.get(name);
      if (id && !points.some((point) => point.id === id)) this.set(name, null);
    }
  }

  // The id of the point whose maps are shown, or null.
  get point() {
    return this.get("hovered") ?? this.get("selected");
  }
}
