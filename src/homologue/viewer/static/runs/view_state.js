// @ts-check
// The view state of a pair: the chosen point and map, which are in the address, and those under the
// pointer.

import { PointViewState } from "../match/view_state.js";

export class PairViewState extends PointViewState {
  constructor() {
    super();
    this.set("chosen", 0); // index of the map that is shown when the pointer leaves the strip
  }

  /**
   * Choose a point, counted from 1, and a map. null: no point.
   * @param {number | null} point
   * @param {number} map
   */
  choose(point, map) {
    this.set("hovered", null);
    this.set("selected", point === null ? null : String(point));
    this.set("chosen", map);
    this.set("map", map);
  }
}
