// @ts-check
// The view state of the Transfer screen: the selected point, the filter and the order of the targets.

import { PointViewState } from "../match/view_state.js";
import { FILTERS, ORDERS } from "./summary.js";

export class TransferViewState extends PointViewState {
  constructor() {
    super({ filter: "all", order: "added" });
    // Stored values may come from another version.
    if (!(this.get("filter") in FILTERS)) this.set("filter", "all");
    if (!(this.get("order") in ORDERS)) this.set("order", "added");
  }
}
