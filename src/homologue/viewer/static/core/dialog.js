// @ts-check
// A modal dialog with a title and a way out.

import { h } from "./dom.js";

let count = 0;

/**
 * Opens a dialog; gives the element, whose close() ends it. It is gone from the page when closed.
 * @param {string} title
 * @param {Node} content
 * @param {{ wide?: boolean }} [how]
 */
export function openDialog(title, content, { wide = false } = {}) {
  count += 1;
  const id = `dialog-${count}`;
  const dialog = h(
    "dialog",
    { class: wide ? "wide" : "", "aria-labelledby": id },
    h(
      "div",
      { class: "dialog-head" },
      h("h2", { id }, title),
      h("button", { class: "icon", "aria-label": "Close", onclick: () => dialog.close() }, "×"),
    ),
    content,
  );
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close(); // the ground around it
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
