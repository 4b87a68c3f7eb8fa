// @ts-check
// A pair's card in the grid: both thumbnails with source points, predictions and ground truth.

import { h, s, set, setText } from "../core/dom.js";
import { COLOURS, factsOf, makeBadge, showBadge, verdictOf } from "./verdicts.js";

const GAP = 2; // pixels between the images
const RADIUS = 3.2;
const FRAME = 1.06; // side of the frame of a missing image, relative to its farthest point

export function makeCard() {
  return h(
    "a",
    { class: "pair-card", tabindex: "-1" },
    s("svg", { class: "pair-drawing", "aria-hidden": "true" }),
    h("span", { class: "pair-caption" }, makeBadge(), h("span", { class: "pair-name" }), h("span", { class: "pair-facts" })),
  );
}

// pictures: { source, target }, see ThumbnailCache. size: { width, height } of the drawing, pixels.
export function showCard(node, card, pictures, { width, height }) {
  const drawn = [card, width, pictures.source, pictures.target];
  if (node.drawn?.every((value, index) => value === drawn[index])) return;
  node.drawn = drawn;
  const [drawing, caption] = node.children;
  const [badge, name, facts] = caption.children;
  set(node, { "aria-label": `${card.pair}: ${factsOf(card)}`, "data-verdict": card.verdict, title: card.pair });
  setText(name, card.pair);
  setText(facts, factsOf(card));
  showBadge(badge, card.verdict);
  set(drawing, { viewBox: `0 0 ${width} ${height}`, width, height });
  const across = (width - GAP) / 2;
  const boxes = [0, across + GAP].map((left) => ({ left, width: across, height }));
  drawing.replaceChildren(...picture(pictures.source, boxes[0]), ...picture(pictures.target, boxes[1]));
  if (pictures.source && pictures.target) drawing.append(...marks(card, pictures, boxes));
}

// Show an empty card while the pair is loading.
export function showPlaceholder(node, { width, height }) {
  node.drawn = null;
  const [drawing, caption] = node.children;
  set(drawing, { viewBox: `0 0 ${width} ${height}`, width, height });
  drawing.replaceChildren();
  for (const child of caption.children) setText(child, "");
  set(node, { "aria-label": "Loading", "data-verdict": null, title: null, href: null });
}

function picture(thumb, box) {
  if (!thumb) return [];
  if (!thumb.href) {
    const text = s("text", { class: "missing", x: box.left + box.width / 2, y: box.height - 8, "text-anchor": "middle" }, "no image");
    return [text];
  }
  const { x, y, scale } = fit(thumb, box);
  const sides = { width: thumb.width * scale, height: thumb.height * scale };
  return [s("image", { href: thumb.href, x, y, ...sides, preserveAspectRatio: "none" })];
}

// Fit an image into a box. Return its top left corner and its scale, page pixels per image pixel.
function fit({ width, height }, box) {
  const scale = Math.min(box.width / width, box.height / height);
  const x = box.left + (box.width - width * scale) / 2;
  return { x, y: (box.height - height * scale) / 2, scale };
}

// Return the size of a frame for the points of a missing image.
export function frameOf(points) {
  const known = points.filter(Boolean);
  const extent = (axis) => Math.max(1, ...known.map((point) => point[axis])) * FRAME;
  return { width: extent(0), height: extent(1) };
}

// Return one path for each kind of mark, for any number of points.
function marks(card, pictures, boxes) {
  const columns = [0, 1].map((column) => {
    const thumb = column ? pictures.target : pictures.source;
    const size = thumb.href ? thumb : frameOf(card.points.flatMap((point) => (column ? [point[1], point[2]] : [point[0]])));
    const { x, y, scale } = fit(size, boxes[column]);
    return (point) => point && [x + point[0] * scale, y + point[1] * scale];
  });
  const paths = { casing: "", misses: "", truths: "" };
  const byVerdict = { right: ["", ""], wrong: ["", ""], unknown: ["", ""] }; // lines, ends
  for (const [source, target, found, right] of card.points) {
    const [from, truth, to] = [columns[0](source), columns[1](target), columns[1](found)];
    const kind = byVerdict[verdictOf(right)];
    if (to) {
      paths.casing += line(from, to);
      kind[0] += line(from, to);
    }
    if (truth && right !== true) paths.truths += disc(truth, RADIUS);
    if (truth && to && right === false) paths.misses += line(to, truth);
    for (const end of [from, to]) if (end) kind[1] += right === false ? square(end, RADIUS) : disc(end, RADIUS);
  }
  const path = (name, d, attributes = {}) => s("path", { class: name, d, ...attributes });
  return [
    path("casing", paths.casing),
    ...Object.entries(byVerdict).map(([verdict, [lines]]) => path(`lines ${verdict}`, lines, { stroke: COLOURS[verdict] })),
    path("misses", paths.misses),
    path("truths", paths.truths),
    ...Object.entries(byVerdict).map(([verdict, [, ends]]) => path("ends", ends, { fill: COLOURS[verdict] })),
  ];
}

function line([x1, y1], [x2, y2]) {
  return `M${rounded(x1)} ${rounded(y1)}L${rounded(x2)} ${rounded(y2)}`;
}

function disc([x, y], r) {
  return `M${rounded(x - r)} ${rounded(y)}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0`;
}

function square([x, y], r) {
  return `M${rounded(x - r)} ${rounded(y - r)}h${2 * r}v${2 * r}h${-2 * r}z`;
}

function rounded(number) {
  return Math.round(10 * number) / 10;
}
