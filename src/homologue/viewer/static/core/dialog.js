// @ts-check
// A modal dialog with a title and a close button.

import { h } from "./dom.js";

let count = 0;

/**
 * Open a dialog and return its element. Closing the dialog removes the element from the page.
 * @param {string} title
 * @param {Node} content
 * @param {{ wide?: boolean }} [options]
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
    if (event.target === dialog) dialog.close(); // a click on the backdrop
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
