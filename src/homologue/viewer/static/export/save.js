// Files for people to keep.

import { bytes } from "../core/api.js";
import { h } from "../core/dom.js";
import { drawStage } from "./drawing.js";

const MOST_SIDE = 8192; // pixels of a PNG, more than which browsers refuse

export async function saveSvg(stage) {
  save(drawn(await drawStage(stage)), "match.svg");
}

// At twice the pixels of the page.
export async function savePng(stage) {
  const drawing = await drawStage(stage);
  const sides = ["width", "height"].map((side) => Number(drawing.getAttribute(side)));
  const scale = Math.min(2, MOST_SIDE / Math.max(...sides));
  const [width, height] = sides.map((side) => Math.round(side * scale));
  const canvas = h("canvas", { width, height });
  const address = URL.createObjectURL(drawn(drawing));
  try {
    const image = new Image();
    image.src = address;
    await image.decode();
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  } finally {
    URL.revokeObjectURL(address);
  }
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  save(blob, "match.png");
}

export async function savePoints(session) {
  const content = await bytes(`/api/sessions/${session.id}/points.json`);
  save(new Blob([content], { type: "application/json" }), "points.json");
}

export function save(blob, name) {
  const address = URL.createObjectURL(blob);
  const link = h("a", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

function drawn(drawing) {
  return new Blob([new XMLSerializer().serializeToString(drawing)], { type: "image/svg+xml" });
}
