// @ts-check
// A thumbnail of a heat map over its image, with a caption.

import { h, set, setText } from "../core/dom.js";
import { paint } from "./paint.js";

const OPACITY = 0.85;

// Return the button. overlays: elements to put over the map.
export function makeThumb(...overlays) {
  return h(
    "button",
    { class: "map" },
    h("span", { class: "map-view" }, h("img", { class: "picture", alt: "" }), h("canvas", { class: "heat" }), ...overlays),
    h("span", { class: "map-name" }),
  );
}

// map, side: see map_cache.js. picture: { id, width, height }. colours: 256 of [red, green, blue].
export function showThumb(node, { map, side, name, picture, colours, opacity = OPACITY }) {
  const [view, label] = node.children;
  const [image, canvas] = view.children;
  set(image, { src: `api/pictures/${picture.id}` });
  view.style.aspectRatio = `${picture.width} / ${picture.height}`;
  paint(canvas, map, side, colours, opacity);
  setText(label, name);
  set(node, { "aria-label": `${name}: enlarge`, "data-kind": map.kind });
}
