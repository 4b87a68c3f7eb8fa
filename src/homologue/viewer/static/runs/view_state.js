// @ts-check
// Which point and which map of a pair somebody looks at: the one that is chosen, which is in the
// address, or the one under the pointer.

import { PointLook } from "../match/view_state.js";

export class PairLook extends PointLook {
  constructor() {
    super();
    this.set("chosen", 0); // the map that stays when the pointer leaves the strip
  }

  /**
   * Chooses what an address names. point: a number, or null.
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
