// @ts-check
// The source and the shown targets with their points, as a self-contained SVG document.

import { s, set } from "../core/dom.js";
import { dataUrl } from "../export/stage_drawing.js";
import { drawMark, makeMark } from "./marks.js";

const SIDE = 220; // pixels of a cell, without its caption
const GAP = 12;
const TEXT = 24; // height of a caption
const RADIUS = 10;
const FONT = "system-ui, 'Segoe UI', Roboto, Arial, sans-serif";

// summaries: see summarise. Return the <svg> element.
export async function figure(scene, summaries) {
  const source = scene.source && { picture: scene.source, name: `${scene.source.name} (source)`, points: scene.points };
  const targets = summaries.filter(({ row }) => row.picture).map(({ row, points }) => ({ picture: row.picture, name: row.name, points }));
  const cells = [source, ...targets].filter(Boolean);
  const columns = Math.max(1, Math.ceil(Math.sqrt(cells.length * 1.4)));
  const rows = Math.ceil(cells.length / columns);
  const [width, height] = [columns * (SIDE + GAP) + GAP, rows * (SIDE + TEXT + GAP) + GAP];
  const root = s("svg", { viewBox: `0 0 ${width} ${height}`, width, height });
  const style = getComputedStyle(document.body);
  root.append(s("rect", { width, height, fill: style.backgroundColor }));
  for (const [index, cell] of cells.entries()) {
    const x = GAP + (index % columns) * (SIDE + GAP);
    const y = GAP + Math.floor(index / columns) * (SIDE + TEXT + GAP);
    const group = s("g", { transform: `translate(${x} ${y})` });
    await drawCell(group, cell, style.color);
    root.append(group);
  }
  return root;
}

async function drawCell(group, { picture, name, points }, ink) {
  const scale = SIDE / Math.max(picture.width, picture.height);
  const [width, height] = [picture.width * scale, picture.height * scale];
  const [left, top] = [(SIDE - width) / 2, (SIDE - height) / 2];
  const href = await dataUrl(`api/thumbnails/${picture.id}`);
  group.append(s("image", { x: left, y: top, width, height, href, preserveAspectRatio: "none" }));
  for (const point of points.filter(({ x }) => x !== undefined)) {
    const mark = makeMark();
    drawMark(mark, { ...point, x: left + point.x * scale, y: top + point.y * scale }, RADIUS);
    group.append(styled(mark));
  }
  const text = s("text", { x: SIDE / 2, y: SIDE + 19, "text-anchor": "middle", "font-size": 13, "font-family": FONT, fill: ink });
  text.textContent = name.length > 32 ? `…${name.slice(-31)}` : name;
  group.append(text);
}

// Write the rules of the style sheet onto the mark.
function styled(mark) {
  const [hit, rim, face, text] = mark.children;
  hit.remove();
  set(rim, { fill: "#14161a", "fill-opacity": 0.8 });
  set(face, { stroke: mark.classList.contains("low") ? "#ff5449" : "#fff" });
  set(text, { "font-family": FONT, "font-weight": 700 });
  return mark;
}
