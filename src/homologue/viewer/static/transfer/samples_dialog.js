// @ts-check
// The dialog to choose several of the sample images.

import { openDialog } from "../core/dialog.js";
import { h, set, setText } from "../core/dom.js";
import { stylesOf } from "../match/sample_dialog.js";

const ALL = "all styles";

// samples: { subject: [style, ...] }. subject: initial text of the filter, if it has several styles. The
// promise resolves to the chosen names, "subject/style".
export function chooseSamples(samples, subject = "") {
  const styles = stylesOf(samples);
  const filter = h("input", { type: "search", placeholder: "Filter", "aria-label": "Filter samples" });
  const style = h("select", { "aria-label": "Style" }, ...[ALL, ...styles].map((name) => h("option", { value: name }, name)));
  const grid = h("div", { class: "samples" });
  const selectAll = h("button", { class: "quiet" }, "Select all shown");
  const add = h("button", { class: "main" });
  const chosen = new Set();
  filter.value = samples[subject]?.length > 1 ? subject.replaceAll("-", " ") : "";
  const count = () => {
    setText(add, `Add ${chosen.size || ""}`.trim());
    add.disabled = !chosen.size;
  };
  const pick = (button, on) => {
    set(button, { "aria-pressed": String(on) });
    if (on) chosen.add(button.dataset.name);
    else chosen.delete(button.dataset.name);
    count();
  };
  const toggle = (button) => pick(button, !chosen.has(button.dataset.name));
  const draw = () => grid.replaceChildren(...matching(samples, style.value, filter.value).map((name) => make(name, chosen, toggle)));
  selectAll.addEventListener("click", () => {
    for (const button of grid.children) pick(button, true);
  });
  style.addEventListener("change", draw);
  filter.addEventListener("input", draw);
  return new Promise((resolve) => {
    const tools = h("div", { class: "sample-tools" }, filter, style, selectAll, add);
    const dialog = openDialog("Add samples as targets", h("div", {}, tools, grid), { wide: true });
    let names = [];
    add.addEventListener("click", () => {
      names = [...chosen];
      dialog.close();
    });
    dialog.addEventListener("close", () => resolve(names));
    draw();
    count();
    filter.focus();
  });
}

function matching(samples, style, filter) {
  const text = filter.trim().toLowerCase();
  return Object.keys(samples)
    .filter((subject) => subject.replaceAll("-", " ").includes(text))
    .flatMap((subject) => samples[subject].map((name) => `${subject}/${name}`))
    .filter((name) => style === ALL || name.endsWith(`/${style}`));
}

function make(name, chosen, toggle) {
  const [subject, style] = name.split("/");
  const button = h(
    "button", { class: "sample", "data-name": name, "aria-pressed": String(chosen.has(name)) },
    h("img", { src: `api/samples/${name}`, alt: "", loading: "lazy", width: 96, height: 96 }),
    h("span", {}, `${subject.replaceAll("-", " ")}, ${style}`),
  );
  button.addEventListener("click", () => toggle(button));
  return button;
}
