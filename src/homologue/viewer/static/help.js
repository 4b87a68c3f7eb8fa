// @ts-check
// What the keys do.

import { openDialog } from "./core/dialog.js";
import { h } from "./core/dom.js";

export function openHelp(keys) {
  const rows = keys.list().map(({ keys: names, label }) =>
    h("tr", {}, h("th", { scope: "row" }, ...kbd(names)), h("td", {}, label)),
  );
  openDialog("Keys", h("table", { class: "keys" }, h("tbody", {}, ...rows)));
}

function kbd(names) {
  const shown = names.split(" or ").map((name) => h("kbd", {}, name.length === 1 ? name.toUpperCase() : name));
  return shown.flatMap((node, index) => (index ? [" or ", node] : [node]));
}
