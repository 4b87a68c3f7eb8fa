// @ts-check
// Files for people to keep.

import { bytes } from "../core/api.js";
import { contextOf, h } from "../core/dom.js";

const MOST_SIDE = 8192; // pixels of a PNG, more than which browsers refuse

// drawing: an <svg> element that needs nothing else.
export function saveSvg(drawing, name) {
  save(drawn(drawing), name);
}

// At twice the pixels of the page.
export async function savePng(drawing, name) {
  const sides = ["width", "height"].map((side) => Number(drawing.getAttribute(side)));
  const scale = Math.min(2, MOST_SIDE / Math.max(...sides));
  const [width, height] = sides.map((side) => Math.round(side * scale));
  const canvas = h("canvas", { width, height });
  const address = URL.createObjectURL(drawn(drawing));
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

// What the viewer answers at an address.
export async function saveAnswer(path, name, type = "application/json") {
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

function drawn(drawing) {
  return new Blob([new XMLSerializer().serializeToString(drawing)], { type: "image/svg+xml" });
}
