// @ts-check
// Downloads.

import { bytes } from "../core/api.js";
import { contextOf, h } from "../core/dom.js";

const MAX_SIDE = 8192; // pixels; browsers refuse larger canvases

// drawing: a self-contained <svg> element.
export function saveSvg(drawing, name) {
  save(serialise(drawing), name);
}

// Save a drawing at two pixels per CSS pixel.
export async function savePng(drawing, name) {
  const sides = ["width", "height"].map((side) => Number(drawing.getAttribute(side)));
  const scale = Math.min(2, MAX_SIDE / Math.max(...sides));
  const [width, height] = sides.map((side) => Math.round(side * scale));
  const canvas = h("canvas", { width, height });
  const address = URL.createObjectURL(serialise(drawing));
  try {
    const image = new Image();
    image.src = address;
    await image.decode();
    contextOf(canvas).drawImage(image, 0, 0, canvas.width, canvas.height);
  } finally {
    URL.revokeObjectURL(address);
  }
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  save(blob, name);
}

// Save the body of a response of the server.
export async function saveResponse(path, name, type = "application/json") {
  save(new Blob([await bytes(path)], { type }), name);
}

export function save(blob, name) {
  const address = URL.createObjectURL(blob);
  const link = h("a", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

function serialise(drawing) {
  return new Blob([new XMLSerializer().serializeToString(drawing)], { type: "image/svg+xml" });
}
