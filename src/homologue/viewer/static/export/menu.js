// @ts-check
// The button that saves what is on the screen.

import { h } from "../core/dom.js";
import { drawStage } from "./stage_drawing.js";
import { saveAnswer, savePng, saveSvg } from "./save.js";

let count = 0;

// Gives the button with its menu, whose entries are [label, async function].
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
        toasts.show(`That could not be saved: ${error.message}`, "problem");
      }
    };
    menu.append(h("button", { class: "quiet", onclick: choose }, label));
  }
  const button = h("button", { class: "quiet", popovertarget: id }, "Save …");
  menu.addEventListener("toggle", (event) => {
    if (event.newState === "open") below(menu, button);
  });
  return h("div", { class: "export" }, button, menu);
}

export function stageEntries(stage, session) {
  return [
    ["Picture (PNG)", async () => savePng(await drawStage(stage), "match.png")],
    ["Drawing (SVG)", async () => saveSvg(await drawStage(stage), "match.svg")],
    ["Points (JSON)", () => saveAnswer(`api/sessions/${session.id}/points.json`, "points.json")],
  ];
}

function below(menu, button) {
  const box = button.getBoundingClientRect();
  menu.style.top = `${box.bottom + 4}px`;
  menu.style.left = `${Math.max(8, Math.min(box.left, window.innerWidth - menu.offsetWidth - 8))}px`;
  menu.querySelector("button").focus();
}
