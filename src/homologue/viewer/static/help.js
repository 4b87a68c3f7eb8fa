// @ts-check
// The dialog of keyboard shortcuts.

import { openDialog } from "./core/dialog.js";
import { h } from "./core/dom.js";

const SYMBOLS = { ArrowLeft: "←", ArrowRight: "→" };

export function openHelp(keys) {
  const rows = keys.list().map(({ keys: names, label }) =>
    h("tr", {}, h("th", { scope: "row" }, ...kbd(names)), h("td", {}, label)),
  );
  openDialog("Keyboard shortcuts", h("table", { class: "keys" }, h("tbody", {}, ...rows)));
}

function kbd(names) {
  const nodes = names.split(" or ").map((name) => h("kbd", {}, SYMBOLS[name] ?? (name.length === 1 ? name.toUpperCase() : name)));
  return nodes.flatMap((node, index) => (index ? [" or ", node] : [node]));
}
