// @ts-check
// What a person looks at: which point, which targets in which order.

import { Look } from "../core/view_state.js";
import { FILTERS, ORDERS } from "./summary.js";

export class TransferLook extends Look {
  constructor() {
    super({ filter: "all", order: "added" }, { selected: null, hovered: null });
    // What the browser has kept may be of another version.
    if (!(this.get("filter") in FILTERS)) this.set("filter", "all");
    if (!(this.get("order") in ORDERS)) this.set("order", "added");
  }

  get point() {
    return this.get("hovered") ?? this.get("selected");
  }
}
