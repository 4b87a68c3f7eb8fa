// @ts-check
// What the stage shows, as an SVG document that needs nothing else.

import { s, set } from "../core/dom.js";

const LOOKS = [
  "fill", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "opacity", "font-size",
  "font-weight", "font-family", "text-anchor", "paint-order", "visibility",
];

// Gives the <svg> element.
export async function drawStage(stage) {
  const { x, y, width, height } = frame(stage);
  const root = s("svg", { viewBox: `${x} ${y} ${width} ${height}`, width, height });
  const ground = getComputedStyle(document.body).backgroundColor;
  root.append(s("rect", { x, y, width, height, fill: ground }));
  for (const end of Object.keys(stage.panes)) root.append(await drawPane(stage, end));
  root.append(drawOverlay(stage.overlay));
  return root;
}

// What of the stage is kept: the pictures, without what is above and below them.
function frame(stage) {
  const wells = Object.keys(stage.panes).map((end) => {
    const { paneWidth, paneHeight } = stage.panes[end].viewport;
    const { x, y } = stage.corner(end);
    return { left: x, top: y, right: x + paneWidth, bottom: y + paneHeight };
  });
  const x = Math.min(...wells.map((well) => well.left));
  const y = Math.min(...wells.map((well) => well.top));
  const width = Math.max(...wells.map((well) => well.right)) - x;
  return { x, y, width, height: Math.max(...wells.map((well) => well.bottom)) - y };
}

async function drawPane(stage, end) {
  const pane = stage.panes[end];
  const { x, y } = stage.corner(end);
  const size = { width: pane.viewport.paneWidth, height: pane.viewport.paneHeight };
  const group = s("svg", { x, y, ...size }); // cuts off what is beyond the pane
  group.append(s("rect", { ...size, fill: getComputedStyle(pane.well).backgroundColor }));
  if (!pane.picture || pane.picture.missing) return group;
  const box = place(pane.viewport.box);
  const mapped = !pane.heat.hidden;
  const filter = `faded-${end}`;
  if (mapped) group.append(fading(filter, Number(pane.well.style.getPropertyValue("--faded"))));
  const href = await dataAddress(`api/pictures/${pane.picture.id}`);
  group.append(s("image", { ...box, href, filter: mapped ? `url(#${filter})` : null }));
  if (mapped) group.append(s("image", { ...box, href: pane.heat.toDataURL() }));
  return group;
}

// As the style sheet takes the colours out of a picture below a map.
export function fading(id, share) {
  const matrix = s("feColorMatrix", { type: "saturate", values: 1 - share });
  return s("filter", { id, "color-interpolation-filters": "sRGB" }, matrix);
}

function place({ left, top, width, height }) {
  return { x: left, y: top, width, height, preserveAspectRatio: "none" };
}

// A picture as an address that holds all of it.
export async function dataAddress(path) {
  const blob = await (await fetch(path)).blob();
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}

// The points and lines with their looks written onto them, as there is no style sheet in a file.
function drawOverlay(overlay) {
  const group = s("g");
  for (const node of overlay.querySelectorAll("line:not(.hit), rect, ellipse, circle:not(.hit, .arc), text")) {
    const copy = s(node.localName);
    for (const { name, value } of node.attributes) if (name !== "class") copy.setAttribute(name, value);
    const style = getComputedStyle(node);
    for (const look of LOOKS) copy.setAttribute(look, style.getPropertyValue(look));
    copy.textContent = node.textContent;
    const owner = getComputedStyle(node.parentNode);
    set(copy, {
      transform: node.parentNode.getAttribute("transform"),
      opacity: Number(style.opacity) * Number(owner.opacity),
    });
    group.append(copy);
  }
  return group;
}
