// @ts-check
// PCK of the pairs that pass the filters: two numbers, the curve over alpha, a bar for each category.

import { h, keyed, s, set, write } from "../core/dom.js";

const WIDTH = 320;
const HEIGHT = 170;
const EDGE = { left: 30, right: 8, top: 8, bottom: 22 };
const STEP = 0.01; // between the alphas of the server
const MOST = 0.3;
const AVERAGES = { per_point: "per point", per_image: "per image" };

export class Charts {
  #numbers = h("dl", { class: "pck" });
  #curve = s("svg", { class: "curve", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" });
  #facts = h("p", { class: "hint" });
  #bars = h("div", { class: "bars" });

  /**
   * choose(alpha); chooseCategory(name).
   * @param {any} facts
   */
  constructor({ choose, chooseCategory }) {
    this.chooseCategory = chooseCategory;
    this.title = h("h2", {}, "PCK");
    this.elements = [
      folding("PCK", [this.title, this.#numbers], this.#curve, this.#facts),
      folding("Categories", [h("h2", {}, "Categories")], this.#bars),
    ];
    this.#curve.addEventListener("click", (event) => {
      const box = this.#curve.getBoundingClientRect();
      const x = ((event.clientX - box.left) / box.width) * WIDTH;
      const alpha = ((x - EDGE.left) / (WIDTH - EDGE.left - EDGE.right)) * MOST;
      choose(Math.min(Math.max(Math.round(alpha / STEP) * STEP, STEP), MOST).toFixed(2));
    });
  }

  /**
   * numbers: as the server computes them. alpha: a number. category: that is chosen, or null.
   * @param {any} numbers
   * @param {any} facts
   */
  show(numbers, { alpha, threshold, category }) {
    const place = Math.round(alpha / STEP) - 1;
    write(this.title, `PCK@${Number(alpha.toFixed(2))}${threshold ? `, ${threshold}` : ""}`);
    keyed(this.#numbers, Object.entries(AVERAGES), ([name]) => name, ([name, label]) =>
      h("div", { class: name }, h("dt", {}, label), h("dd", {})), (node, [name]) => write(node.children[1], percent(numbers.pck[name][place])));
    this.#draw(numbers.pck, place);
    write(this.#facts, factsOf(numbers));
    this.#show(numbers.categories, category);
  }

  /**
   * @param {any} pck
   * @param {number} place
   */
  #draw(pck, place) {
    const lines = Object.keys(AVERAGES).map((name) =>
      s("polyline", { class: `line ${name}`, points: points(pck[name]) }),
    );
    const [x] = at(place, 0);
    const marker = s("line", { class: "marker", x1: x, x2: x, y1: EDGE.top, y2: HEIGHT - EDGE.bottom });
    const dots = Object.keys(AVERAGES)
      .filter((name) => pck[name][place] !== null)
      .map((name) => {
        const [cx, cy] = at(place, pck[name][place]);
        return s("circle", { class: `dot ${name}`, cx, cy, r: 4 });
      });
    this.#curve.replaceChildren(...axes(), marker, ...lines, ...dots);
    const said = Object.entries(AVERAGES).map(([name, label]) => `${label} ${percent(pck[name][place])}`);
    set(this.#curve, { "aria-label": `PCK over alpha, in percent; here ${said.join(", ")}` });
  }

  /**
   * @param {any[]} categories
   * @param {any} chosen
   */
  #show(categories, chosen) {
    set(this.elements[1], { hidden: categories.length < 2 });
    keyed(this.#bars, categories, (one) => one.name, (one) => this.#make(one), (node, one) => {
      const [name, drawing, value] = node.children;
      write(name, one.name);
      write(value, percent(one.per_point));
      set(drawing.children[drawing.children.length - 1], { width: `${one.per_point ?? 0}%` });
      set(node, {
        "aria-pressed": String(one.name === chosen),
        title: `${one.name}: ${one.pairs.toLocaleString("en")} pairs, per point ${percent(one.per_point)}, per image ${percent(one.per_image)}`,
      });
    });
  }

  /** @param {any} facts */
  #make({ name }) {
    const bar = s("svg", { class: "bar-drawing", height: 10, width: "100%", "aria-hidden": "true" }, s("rect", { class: "ground", height: 10, width: "100%" }), s("rect", { class: "fill", height: 10 }));
    const node = h("button", { class: "bar-row" }, h("span", { class: "bar-name" }), bar, h("span", { class: "bar-value" }));
    node.addEventListener("click", () => this.chooseCategory(name));
    return node;
  }
}

/**
 * A card that can be folded up; on a narrow screen it is at first, so that the pairs are near.
 * @param {string} label
 * @param {Node[]} head
 * @param {...Node} content
 */
export function folding(label, head, ...content) {
  const open = !matchMedia("(max-width: 999px)").matches;
  return h("details", { class: "card folding", "aria-label": label, open }, h("summary", { class: "card-head" }, ...head), ...content);
}

/**
 * @param {number} place
 * @param {number} value
 */
function at(place, value) {
  const right = (((place + 1) * STEP) / MOST) * (WIDTH - EDGE.left - EDGE.right);
  const up = (value / 100) * (HEIGHT - EDGE.top - EDGE.bottom);
  return [EDGE.left + right, HEIGHT - EDGE.bottom - up];
}

/** @param {(number | null)[]} values */
function points(values) {
  return values.flatMap((value, place) => (value === null ? [] : [at(place, value).map((one) => one.toFixed(1)).join(",")])).join(" ");
}

function axes() {
  const rows = [0, 25, 50, 75, 100].flatMap((value) => {
    const [x, y] = at(-1, value);
    return [
      s("line", { class: "rule", x1: x, x2: WIDTH - EDGE.right, y1: y, y2: y }),
      value % 50 ? null : s("text", { x: x - 5, y: y + 4, "text-anchor": "end" }, String(value)),
    ];
  });
  const columns = [0.05, 0.1, 0.15, 0.2, 0.25, 0.3].map((alpha) => {
    const [x, y] = at(alpha / STEP - 1, 0);
    return s("text", { x, y: y + 15, "text-anchor": alpha === MOST ? "end" : "middle" }, String(alpha));
  });
  const [x, y] = at(-1, 0);
  return [...rows.filter((row) => row !== null), ...columns, s("text", { x, y: y + 15, "text-anchor": "middle" }, "α")];
}

/** @param {any} facts */
function factsOf({ scored, failed, mean_error: mean, median_error: median }) {
  const parts = [`${count(scored.pairs, "pair")} with ${count(scored.points, "point")} scored`];
  if (failed) parts.push(`${failed} failed`);
  if (median !== null) parts.push(`median error ${median.toFixed(3)}`);
  if (mean !== null) parts.push(`mean ${mean.toFixed(3)}`);
  return parts.join(" · ");
}

/**
 * @param {number} number
 * @param {string} noun
 */
export function count(number, noun) {
  return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
}

/**
 * "27.04", as `homologue score --json` has it; a dash where nothing is scored.
 * @param {number} value
 */
export function percent(value) {
  return value === null ? "–" : value.toFixed(2);
}
