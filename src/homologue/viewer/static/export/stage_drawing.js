// @ts-check
// The stage as a self-contained SVG document.

import { s, set } from "../core/dom.js";

const STYLES = [
  "fill", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "opacity", "font-size",
  "font-weight", "font-family", "text-anchor", "paint-order", "visibility",
];

// Return the <svg> element.
export async function drawStage(stage) {
  const { x, y, width, height } = frame(stage);
  const root = s("svg", { viewBox: `${x} ${y} ${width} ${height}`, width, height });
  const ground = getComputedStyle(document.body).backgroundColor;
  root.append(s("rect", { x, y, width, height, fill: ground }));
  for (const end of Object.keys(stage.panes)) root.append(await drawPane(stage, end));
  root.append(drawOverlay(stage.overlay));
  return root;
}

// Return the bounding box of the images, stage frame.
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
  const group = s("svg", { x, y, ...size }); // clips its content to the pane
  group.append(s("rect", { ...size, fill: getComputedStyle(pane.well).backgroundColor }));
  if (!pane.picture || pane.picture.missing) return group;
  const box = imageBox(pane.viewport.box);
  const mapped = !pane.heat.hidden;
  const filter = `faded-${end}`;
  if (mapped) group.append(grayscaleFilter(filter, Number(pane.well.style.getPropertyValue("--faded"))));
  const href = await dataUrl(`api/pictures/${pane.picture.id}`);
  group.append(s("image", { ...box, href, filter: mapped ? `url(#${filter})` : null }));
  if (mapped) group.append(s("image", { ...box, href: pane.heat.toDataURL() }));
  return group;
}

// Return the filter for an image under a heat map, as the style sheet's grayscale(amount) does it.
export function grayscaleFilter(id, amount) {
  const matrix = s("feColorMatrix", { type: "saturate", values: 1 - amount });
  return s("filter", { id, "color-interpolation-filters": "sRGB" }, matrix);
}

function imageBox({ left, top, width, height }) {
  return { x: left, y: top, width, height, preserveAspectRatio: "none" };
}

// Return an image of the server as a data URL.
export async function dataUrl(path) {
  const blob = await (await fetch(path)).blob();
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}

// Copy the points and lines with their computed styles, as the document has no style sheet.
function drawOverlay(overlay) {
  const group = s("g");
  for (const node of overlay.querySelectorAll("line:not(.hit), rect, ellipse, circle:not(.hit, .arc), text")) {
    const copy = s(node.localName);
    for (const { name, value } of node.attributes) if (name !== "class") copy.setAttribute(name, value);
    const style = getComputedStyle(node);
    for (const name of STYLES) copy.setAttribute(name, style.getPropertyValue(name));
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
