// @ts-check
// A small picture with a map over it, and a name below.

import { h, set, write } from "../core/dom.js";
import { paint } from "./paint.js";

const OPACITY = 0.85;

// Gives the button. `more`: what else lies over the picture.
export function makeThumb(...more) {
  return h(
    "button",
    { class: "map" },
    h("span", { class: "map-view" }, h("img", { class: "picture", alt: "" }), h("canvas", { class: "heat" }), ...more),
    h("span", { class: "map-name" }),
  );
}

// map, side: see store.js. picture: { id, width, height }. colours: 256 of [red, green, blue].
export function showThumb(node, { map, side, name, picture, colours, opacity = OPACITY }) {
  const [view, label] = node.children;
  const [image, canvas] = view.children;
  set(image, { src: `api/pictures/${picture.id}` });
  view.style.aspectRatio = `${picture.width} / ${picture.height}`;
  paint(canvas, map, side, colours, opacity);
  write(label, name);
  set(node, { "aria-label": `${name}: enlarge`, "data-kind": map.kind });
}
