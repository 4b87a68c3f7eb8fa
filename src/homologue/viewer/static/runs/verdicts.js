// @ts-check
// Right and wrong: in colours that everybody can tell apart, and in signs besides.

import { h, set, write } from "../core/dom.js";

export const COLOURS = { right: "#0072B2", wrong: "#D55E00", unknown: "#8a8f98" };

const SIGNS = { right: "✓", mixed: "◐", wrong: "✕", failed: "!", unscored: "–" };
const WORDS = {
  right: "all right",
  mixed: "some right",
  wrong: "all wrong",
  failed: "failed",
  unscored: "not scored",
};
export const VERDICTS = Object.entries(WORDS);

/**
 * Of a point: true, false or null.
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
 * verdict: of a pair.
 * @param {HTMLElement} node
 * @param {keyof typeof WORDS} verdict
 */
export function showBadge(node, verdict) {
  write(node, SIGNS[verdict]);
  set(node, { "data-verdict": verdict, role: "img", "aria-label": WORDS[verdict], title: WORDS[verdict] });
}

/**
 * "5 of 8 right · worst 0.34 · score 0.81"
 * @param {any} pair
 */
export function factsOf({ error, verdict, right, points_scored: points, worst, score }) {
  if (verdict === "failed") return `failed: ${error}`;
  if (verdict === "unscored") return "not scored";
  const parts = [`${right} of ${points} right`, `worst ${worst === null ? "lost" : worst.toFixed(2)}`];
  if (score !== null) parts.push(`score ${score.toFixed(2)}`);
  return parts.join(" · ");
}
