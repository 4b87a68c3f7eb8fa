// @ts-check
// The button that exports results, with its menu.

import { h } from "../core/dom.js";
import { drawStage } from "./stage_drawing.js";
import { saveResponse, savePng, saveSvg } from "./save.js";

let count = 0;

// Return the button with its menu. entries: [[label, async function]].
export function exportMenu(entries, toasts) {
  count += 1;
  const id = `export-${count}`;
  const menu = h("div", { class: "menu", id, popover: true });
  for (const [label, run] of entries) {
    const choose = async () => {
      menu.hidePopover();
      try {
        await run();
      } catch (error) {
        toasts.show(`Saving failed: ${error.message}`, "problem");
      }
    };
    menu.append(h("button", { class: "quiet", onclick: choose }, label));
  }
  const button = h("button", { class: "quiet", popovertarget: id }, "Save …");
  menu.addEventListener("toggle", (event) => {
    if (event.newState === "open") placeBelow(menu, button);
  });
  return h("div", { class: "export" }, button, menu);
}

export function stageEntries(stage, session) {
  return [
    ["Image (PNG)", async () => savePng(await drawStage(stage), "match.png")],
    ["Image (SVG)", async () => saveSvg(await drawStage(stage), "match.svg")],
    ["Points (JSON)", () => saveResponse(`api/sessions/${session.id}/points.json`, "points.json")],
  ];
}

function placeBelow(menu, button) {
  const box = button.getBoundingClientRect();
  menu.style.top = `${box.bottom + 4}px`;
  menu.style.left = `${Math.max(8, Math.min(box.left, window.innerWidth - menu.offsetWidth - 8))}px`;
  menu.querySelector("button").focus();
}
