// @ts-check
// The verdicts of points and pairs as colours, signs and text. The colours are colour-blind safe.

import { h, set, setText } from "../core/dom.js";

export const COLOURS = { right: "#0072B2", wrong: "#D55E00", unknown: "#8a8f98" };

const SIGNS = { right: "✓", mixed: "◐", wrong: "✕", failed: "!", unscored: "–" };
const LABELS = {
  right: "all correct",
  mixed: "some correct",
  wrong: "all wrong",
  failed: "failed",
  unscored: "not scored",
};
export const VERDICTS = Object.entries(LABELS);

/**
 * Return the verdict of a point. right: null if it is not scored.
 * @param {boolean | null} right
 */
export function verdictOf(right) {
  if (right === null) return "unknown";
  return right ? "right" : "wrong";
}

export function makeBadge() {
  return h("span", { class: "badge" });
}

/**
 * Show the verdict of a pair.
 * @param {HTMLElement} node
 * @param {keyof typeof LABELS} verdict
 */
export function showBadge(node, verdict) {
  setText(node, SIGNS[verdict]);
  set(node, { "data-verdict": verdict, role: "img", "aria-label": LABELS[verdict], title: LABELS[verdict] });
}

/**
 * Summarise a pair: "5 of 8 correct · worst 0.34 · score 0.81". Errors are in thresholds.
 * @param {any} pair
 */
export function factsOf({ error, verdict, right, points_scored: points, worst, score }) {
  if (verdict === "failed") return `failed: ${error}`;
  if (verdict === "unscored") return "not scored";
  const parts = [`${right} of ${points} correct`, worst === null ? "not all found" : `worst ${worst.toFixed(2)}`];
  if (score !== null) parts.push(`score ${score.toFixed(2)}`);
  return parts.join(" · ");
}
