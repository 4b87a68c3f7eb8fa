// @ts-check
// The figure of a sentence as a self-contained SVG document: the image as shown, and a map for each word.

import { colourOf, inkOn } from "../core/colours.js";
import { h, s } from "../core/dom.js";
import { dataUrl, grayscaleFilter } from "../export/stage_drawing.js";
import { paint } from "../maps/paint.js";

const CELL = 260; // longest side of an image, pixels
const GAP = 16;
const CAPTION = 26;
const IN_A_ROW = 6;
const INK = "#1a1d22";
const TYPE = { "font-family": 'system-ui, "Segoe UI", Roboto, Arial, sans-serif', fill: INK };

// Return the <svg> element. picture: { id, width, height }. results: see results.js. overlay: content of
// the image overlay, see image_overlay.js, and its canvas. viewState: has `opacity` and `colours`, the
// name of one of `colours`.
export async function drawWords({ picture, results, overlay, canvas, viewState, colours }) {
  const href = await dataUrl(`api/pictures/${picture.id}`);
  const scale = CELL / Math.max(picture.width, picture.height);
  const size = { width: picture.width * scale, height: picture.height * scale };
  const opacity = viewState.get("opacity");
  const cells = [imageCell(overlay, canvas, results), ...results.facts.names.map((name, word) => {
    const heat = h("canvas");
    paint(heat, results.maps.maps[word], results.maps.side, colours[viewState.get("colours")], opacity);
    return { caption: name, heat, found: results.facts.words[word] };
  })];
  const pitch = [Math.max(size.width, 120) + GAP, size.height + CAPTION + GAP];
  const across = Math.min(cells.length, IN_A_ROW);
  const [width, height] = [GAP + across * pitch[0], 2 * GAP + CAPTION + Math.ceil(cells.length / across) * pitch[1]];
  const root = s("svg", { viewBox: `0 0 ${width} ${height}`, width, height }, s("rect", { width, height, fill: "#fff" }), grayscaleFilter("faded", opacity));
  root.append(s("text", { x: GAP, y: GAP + 14, "font-size": 16, "font-weight": 600, ...TYPE }, `“${results.facts.prompt}” · ${results.facts.model}`));
  cells.forEach((cell, index) => {
    const [x, y] = [GAP + (index % across) * pitch[0], GAP + CAPTION + Math.floor(index / across) * pitch[1]];
    root.append(drawCell(cell, { x, y, ...size }, href, scale));
  });
  return root;
}

// Return the cell with the image as it is on the page.
function imageCell(overlay, canvas, results) {
  if (!overlay) return { caption: "image" };
  if (overlay.map) {
    const found = overlay.words.length === 1 ? results.facts.words[overlay.words[0]] : null;
    return { caption: overlay.title, heat: canvas, found };
  }
  const names = overlay.words.map((word, index) => `${index + 1} ${results.facts.names[word]}`);
  return { caption: names.join(" · "), heat: canvas, tags: overlay.segments.tags };
}

function drawCell({ caption, heat, found, tags }, box, href, scale) {
  const { x, y, width, height } = box;
  const place = { width, height, preserveAspectRatio: "none" };
  const group = s("g", { transform: `translate(${x} ${y})` }, s("image", { ...place, href, filter: heat ? "url(#faded)" : null }));
  if (heat) group.append(s("image", { ...place, href: heat.toDataURL() }));
  if (found) group.append(...marks(found, scale));
  for (const [index, at] of (tags ?? []).entries()) if (at) group.append(tag(index + 1, at[0] * width, at[1] * height));
  group.append(s("text", { x: width / 2, y: height + 18, "font-size": 14, "text-anchor": "middle", ...TYPE }, caption));
  return group;
}

function marks({ peak, centre, box }, scale) {
  const [left, top, right, bottom] = box.map((value) => value * scale);
  const [x, y] = centre.map((value) => value * scale);
  const [cx, cy] = peak.map((value) => value * scale);
  const cross = `M${x - 5} ${y}h10M${x} ${y - 5}v10`;
  return [
    s("rect", { x: left, y: top, width: right - left, height: bottom - top, fill: "none", stroke: "#fff", "stroke-width": 1.5, "stroke-dasharray": "5 3" }),
    s("path", { d: cross, stroke: INK, "stroke-width": 4 }),
    s("path", { d: cross, stroke: "#fff", "stroke-width": 2 }),
    s("circle", { cx, cy, r: 4.5, fill: "#56B4E9", stroke: "#fff", "stroke-width": 1.5 }),
  ];
}

function tag(number, x, y) {
  return s("g", { transform: `translate(${x} ${y})` },
    s("rect", { x: -9, y: -9, width: 18, height: 18, rx: 3, fill: colourOf(number), stroke: "#fff" }),
    s("text", { dy: "0.355em", "text-anchor": "middle", "font-size": 12, "font-weight": 700, "font-family": TYPE["font-family"], fill: inkOn(number) }, String(number)),
  );
}
