// @ts-check
// The marks of points on targets, numbered and coloured as on the source image. Discs are predictions,
// squares are corrections. A dashed rim marks a low score, or a correction whose source point has moved
// since.

import { colourOf, inkOn } from "../core/colours.js";
import { s, set, setText } from "../core/dom.js";

export function makeMark() {
  return s(
    "g", { class: "point carried" },
    s("circle", { class: "hit" }),
    s("rect", { class: "rim" }),
    s("rect", { class: "face" }),
    s("text", { dy: "0.355em", "text-anchor": "middle" }),
  );
}

// point: see TargetPoint, with `x` and `y` in the frame of the drawing.
export function drawMark(node, point, radius) {
  const [hit, rim, face, text] = node.children;
  set(node, { transform: `translate(${point.x.toFixed(2)} ${point.y.toFixed(2)})` });
  set(hit, { r: radius * 1.5 });
  set(rim, box(radius * 1.22, point.corrected));
  set(face, { ...box(radius, point.corrected), fill: colourOf(point.number), "stroke-width": radius * (point.low ? 0.28 : 0.17) });
  const digits = String(point.number);
  set(text, { fill: inkOn(point.number), "font-size": radius * (digits.length < 2 ? 1.25 : 1.05) });
  setText(text, digits);
  set(face, { "stroke-dasharray": point.low || point.stale ? `${radius * 0.3} ${radius * 0.25}` : null });
  node.classList.toggle("low", Boolean(point.low));
}

function box(radius, corrected) {
  const half = corrected ? radius * 0.92 : radius;
  return { x: -half, y: -half, width: 2 * half, height: 2 * half, rx: corrected ? radius * 0.2 : half };
}
