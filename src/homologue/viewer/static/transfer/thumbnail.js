// @ts-check
// A thumbnail of an image with its points.

import { h, keyed, s, set } from "../core/dom.js";
import { drawMark, makeMark } from "./marks.js";

const RADIUS = 0.052; // of a mark, as a fraction of the image's longer side

export function makeThumbnail() {
  return h("span", { class: "target-view" }, h("img", { alt: "", loading: "lazy", decoding: "async" }), s("svg", { "aria-hidden": "true" }));
}

// picture: { id, width, height }. points: see TargetPoint. focus: id of the highlighted point.
export function drawThumbnail(view, picture, points, focus) {
  const [image, drawing] = view.children;
  const { width, height } = picture;
  set(image, { src: `api/thumbnails/${picture.id}`, width, height });
  set(drawing, { viewBox: `0 0 ${width} ${height}` });
  drawing.classList.toggle("focussed", points.some((point) => point.id === focus));
  const visible = points.filter((point) => point.x !== undefined);
  const radius = RADIUS * Math.max(width, height) * Math.min(1, Math.sqrt(12 / Math.max(visible.length, 1)));
  keyed(drawing, visible, (point) => point.id, makeMark, (node, point) => {
    drawMark(node, point, radius);
    node.classList.toggle("focus", point.id === focus);
  });
}

// Remove the marks, so that thumbnails outside the window cost nothing.
export function clearThumbnail(view) {
  view.lastChild.replaceChildren();
}
