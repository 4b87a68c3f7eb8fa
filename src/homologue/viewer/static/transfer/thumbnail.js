// @ts-check
// A small picture with its points.

import { h, keyed, s, set } from "../core/dom.js";
import { drawMark, makeMark } from "./marks.js";

const RADIUS = 0.052; // of a mark, as a share of the picture's longer side

export function makeView() {
  return h("span", { class: "target-view" }, h("img", { alt: "", loading: "lazy", decoding: "async" }), s("svg", { "aria-hidden": "true" }));
}

// picture: { id, width, height }; points: see Sheet.points; focus: the id of one that stands out.
export function drawView(view, picture, points, focus) {
  const [image, drawing] = view.children;
  const { width, height } = picture;
  set(image, { src: `api/thumbnails/${picture.id}`, width, height });
  set(drawing, { viewBox: `0 0 ${width} ${height}` });
  drawing.classList.toggle("focussed", points.some((point) => point.id === focus));
  const seen = points.filter((point) => point.x !== undefined);
  const radius = RADIUS * Math.max(width, height) * Math.min(1, Math.sqrt(12 / Math.max(seen.length, 1)));
  keyed(drawing, seen, (point) => point.id, makeMark, (node, point) => {
    drawMark(node, point, radius);
    node.classList.toggle("focus", point.id === focus);
  });
}

// Leaves the picture alone: thousands of marks that nobody sees need not be there.
export function emptyView(view) {
  view.lastChild.replaceChildren();
}
