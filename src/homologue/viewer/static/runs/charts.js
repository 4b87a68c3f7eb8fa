// @ts-check
// PCK of the filtered pairs: two numbers, the curve over alpha, a bar for each category.

import { h, keyed, s, set, setText } from "../core/dom.js";

const WIDTH = 320;
const HEIGHT = 170;
const EDGE = { left: 30, right: 8, top: 8, bottom: 22 };
const STEP = 0.01; // between the alphas of the server
const MAX_ALPHA = 0.3;
const AVERAGES = { per_point: "per point", per_image: "per image" };

export class Charts {
  #numbers = h("dl", { class: "pck" });
  #curve = s("svg", { class: "curve", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" });
  #facts = h("p", { class: "hint" });
  #bars = h("div", { class: "bars" });

  /**
   * choose(alpha): called on a click on the curve. chooseCategory(name): called on a click on a bar.
   * @param {any} handlers
   */
  constructor({ choose, chooseCategory }) {
    this.chooseCategory = chooseCategory;
    this.title = h("h2", {}, "PCK");
    this.elements = [
      collapsible("PCK", [this.title, this.#numbers], this.#curve, this.#facts),
      collapsible("Categories", [h("h2", {}, "Categories")], this.#bars),
    ];
    this.#curve.addEventListener("click", (event) => {
      const box = this.#curve.getBoundingClientRect();
      const x = ((event.clientX - box.left) / box.width) * WIDTH;
      const alpha = ((x - EDGE.left) / (WIDTH - EDGE.left - EDGE.right)) * MAX_ALPHA;
      choose(Math.min(Math.max(Math.round(alpha / STEP) * STEP, STEP), MAX_ALPHA).toFixed(2));
    });
  }

  /**
   * numbers: as the server computes them. category: the chosen category, or null.
   * @param {any} numbers
   * @param {any} facts
   */
  show(numbers, { alpha, threshold, category }) {
    const index = Math.round(alpha / STEP) - 1;
    setText(this.title, `PCK@${Number(alpha.toFixed(2))}${threshold ? `, ${threshold}` : ""}`);
    keyed(this.#numbers, Object.entries(AVERAGES), ([name]) => name, ([name, label]) =>
      h("div", { class: name }, h("dt", {}, label), h("dd", {})), (node, [name]) => setText(node.children[1], percent(numbers.pck[name][index])));
    this.#draw(numbers.pck, index);
    setText(this.#facts, factsOf(numbers));
    this.#drawCategories(numbers.categories, category);
  }

  /**
   * Draw the curve. index: of the chosen alpha.
   * @param {any} pck
   * @param {number} index
   */
  #draw(pck, index) {
    const lines = Object.keys(AVERAGES).map((name) =>
      s("polyline", { class: `line ${name}`, points: points(pck[name]) }),
    );
    const [x] = positionOf(index, 0);
    const marker = s("line", { class: "marker", x1: x, x2: x, y1: EDGE.top, y2: HEIGHT - EDGE.bottom });
    const dots = Object.keys(AVERAGES)
      .filter((name) => pck[name][index] !== null)
      .map((name) => {
        const [cx, cy] = positionOf(index, pck[name][index]);
        return s("circle", { class: `dot ${name}`, cx, cy, r: 4 });
      });
    this.#curve.replaceChildren(...axes(), marker, ...lines, ...dots);
    const values = Object.entries(AVERAGES).map(([name, label]) => `${label} ${percent(pck[name][index])}`);
    set(this.#curve, { "aria-label": `PCK over alpha, in percent; here ${values.join(", ")}` });
  }

  /**
   * @param {any[]} categories
   * @param {any} chosen
   */
  #drawCategories(categories, chosen) {
    set(this.elements[1], { hidden: categories.length < 2 });
    keyed(this.#bars, categories, ({ name }) => name, (category) => this.#make(category), (node, category) => {
      const [name, drawing, value] = node.children;
      setText(name, category.name);
      setText(value, percent(category.per_point));
      set(drawing.children[drawing.children.length - 1], { width: `${category.per_point ?? 0}%` });
      set(node, {
        "aria-pressed": String(category.name === chosen),
        title: `${category.name}: ${count(category.pairs, "pair")}, per point ${percent(category.per_point)}, per image ${percent(category.per_image)}`,
      });
    });
  }

  /** @param {any} category */
  #make({ name }) {
    const bar = s("svg", { class: "bar-drawing", height: 10, width: "100%", "aria-hidden": "true" }, s("rect", { class: "ground", height: 10, width: "100%" }), s("rect", { class: "fill", height: 10 }));
    const node = h("button", { class: "bar-row" }, h("span", { class: "bar-name" }), bar, h("span", { class: "bar-value" }));
    node.addEventListener("click", () => this.chooseCategory(name));
    return node;
  }
}

/**
 * Create a collapsible card, which is collapsed at first on a narrow screen.
 * @param {string} label
 * @param {Node[]} head
 * @param {...Node} content
 */
export function collapsible(label, head, ...content) {
  const open = !matchMedia("(max-width: 999px)").matches;
  return h("details", { class: "card collapsible", "aria-label": label, open }, h("summary", { class: "card-head" }, ...head), ...content);
}

/**
 * Return the position of a value of the curve in the drawing.
 * @param {number} index of alpha
 * @param {number} value percent
 */
function positionOf(index, value) {
  const right = (((index + 1) * STEP) / MAX_ALPHA) * (WIDTH - EDGE.left - EDGE.right);
  const up = (value / 100) * (HEIGHT - EDGE.top - EDGE.bottom);
  return [EDGE.left + right, HEIGHT - EDGE.bottom - up];
}

/** @param {(number | null)[]} values */
function points(values) {
  return values.flatMap((value, index) => (value === null ? [] : [positionOf(index, value).map((axis) => axis.toFixed(1)).join(",")])).join(" ");
}

function axes() {
  const rows = [0, 25, 50, 75, 100].flatMap((value) => {
    const [x, y] = positionOf(-1, value);
    return [
      s("line", { class: "rule", x1: x, x2: WIDTH - EDGE.right, y1: y, y2: y }),
      value % 50 ? null : s("text", { x: x - 5, y: y + 4, "text-anchor": "end" }, String(value)),
    ];
  });
  const columns = [0.05, 0.1, 0.15, 0.2, 0.25, 0.3].map((alpha) => {
    const [x, y] = positionOf(alpha / STEP - 1, 0);
    return s("text", { x, y: y + 15, "text-anchor": alpha === MAX_ALPHA ? "end" : "middle" }, String(alpha));
  });
  const [x, y] = positionOf(-1, 0);
  return [...rows.filter((row) => row !== null), ...columns, s("text", { x, y: y + 15, "text-anchor": "middle" }, "α")];
}

/** @param {any} numbers */
function factsOf({ scored, failed, mean_error: mean, median_error: median }) {
  const parts = [`${count(scored.pairs, "pair")} with ${count(scored.points, "point")} scored`];
  if (failed) parts.push(`${failed} failed`);
  if (median !== null) parts.push(`median error ${median.toFixed(3)} thresholds`);
  if (mean !== null) parts.push(`mean ${mean.toFixed(3)}`);
  return parts.join(" · ");
}

/**
 * Format a count: "1 pair", "3,000 pairs".
 * @param {number} number
 * @param {string} noun
 */
export function count(number, noun) {
  return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
}

/**
 * Format a percentage: "27.04", or a dash if nothing is scored.
 * @param {number} value
 */
export function percent(value) {
  return value === null ? "–" : value.toFixed(2);
}
