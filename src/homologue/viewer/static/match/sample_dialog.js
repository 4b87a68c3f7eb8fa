// @ts-check
// The dialog to choose one of the sample images.

import { openDialog } from "../core/dialog.js";
import { h } from "../core/dom.js";

const PHOTOGRAPH = "photograph";
let lastStyle = PHOTOGRAPH;

// samples: { subject: [style, ...] }. The styles, photographs first.
export function stylesOf(samples) {
  const styles = new Set(Object.values(samples).flat());
  styles.delete(PHOTOGRAPH);
  return [PHOTOGRAPH, ...[...styles].sort()];
}

// samples: { subject: [style, ...] }. The promise resolves to a name, "subject/style", or null.
export function chooseSample(samples, end) {
  const styles = stylesOf(samples);
  const filter = h("input", { type: "search", placeholder: "Filter", "aria-label": "Filter samples" });
  const style = h(
    "select", { "aria-label": "Style" }, ...styles.map((name) => h("option", { value: name }, name)),
  );
  style.value = lastStyle;
  const grid = h("div", { class: "samples" });
  const content = h("div", {}, h("div", { class: "sample-tools" }, filter, style), grid);
  return new Promise((resolve) => {
    let chosen = null;
    const dialog = openDialog(`Choose a sample as the ${end} image`, content, { wide: true });
    dialog.addEventListener("close", () => resolve(chosen));
    const choose = (name) => {
      chosen = name;
      dialog.close();
    };
    const draw = () => grid.replaceChildren(...buttons(samples, style.value, filter.value, choose));
    style.addEventListener("change", () => {
      lastStyle = style.value;
      draw();
    });
    filter.addEventListener("input", draw);
    draw();
    filter.focus();
  });
}

function buttons(samples, style, filter, choose) {
  return matching(samples, style, filter).map((name) => {
    const [subject, shown] = name.split("/");
    return h(
      "button",
      { class: "sample", onclick: () => choose(name) },
      h("img", { src: `api/samples/${name}`, alt: "", loading: "lazy", width: 96, height: 96 }),
      h("span", {}, shown === style ? label(subject) : `${label(subject)}, ${shown}`),
    );
  });
}

// The names, "subject/style", whose subject contains the filter. If the style has none, a name in another style
// for each such subject.
export function matching(samples, style, filter) {
  const wanted = filter.trim().toLowerCase();
  const subjects = Object.keys(samples).filter((subject) => label(subject).includes(wanted));
  const found = subjects.filter((subject) => samples[subject].includes(style));
  if (found.length) return found.map((subject) => `${subject}/${style}`);
  return subjects.map((subject) => `${subject}/${samples[subject][0]}`);
}

function label(subject) {
  return subject.replaceAll("-", " ");
}
