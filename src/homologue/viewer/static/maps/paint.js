// @ts-check
// Painting and labelling heat maps.

import { contextOf } from "../core/dom.js";

const SOLID = 0.35; // levels above this fraction of the maximum have the full opacity

/**
 * Paint a map onto a canvas, one pixel per value. colours: 256 of [red, green, blue].
 *
 * opacity: 0 to 1. Below 1, low values are more transparent, so that the image shows through; at 1
 * all values are opaque.
 * @param {HTMLCanvasElement} canvas
 * @param {import("../core/types.js").HeatMap} map
 * @param {number} side
 * @param {number[][]} colours
 * @param {number} opacity
 */
export function paint(canvas, map, side, colours, opacity) {
  canvas.width = side;
  canvas.height = side;
  const context = contextOf(canvas);
  const image = context.createImageData(side, side);
  const alphas = alphasOf(opacity);
  const rgba = new Uint8ClampedArray(colours.flatMap((colour, level) => [...colour, alphas[level]]));
  const table = new Uint32Array(rgba.buffer); // written a pixel at a time, for speed
  const pixels = new Uint32Array(image.data.buffer);
  for (let i = 0; i < pixels.length; i += 1) pixels[i] = table[map.levels[i] >> 8];
  context.putImageData(image, 0, 0);
}

/**
 * Return the alpha of each of 256 levels, 0 to 255.
 * @param {number} opacity
 */
function alphasOf(opacity) {
  const lowest = Math.max(0, 2 * opacity - 1) ** 2;
  return Array.from({ length: 256 }, (_, level) => {
    const fraction = lowest + (1 - lowest) * Math.min(1, level / 255 / SOLID);
    return Math.round(255 * opacity * fraction);
  });
}

/**
 * Paint the colour bar, from left to right.
 * @param {HTMLCanvasElement} canvas
 * @param {number[][]} colours
 */
export function paintBar(canvas, colours) {
  canvas.width = colours.length;
  canvas.height = 1;
  const context = contextOf(canvas);
  const image = context.createImageData(colours.length, 1);
  colours.forEach(([red, green, blue], index) => {
    image.data.set([red, green, blue, 255], 4 * index);
  });
  context.putImageData(image, 0, 0);
}

/**
 * Return a map's label: "mean", "layer up 1.0", "embedding 2", "word “hat”".
 * @param {import("../core/types.js").HeatMap} map
 */
export function nameOf(map) {
  if (map.kind === "layer") return `layer ${layerName(map.name)}`;
  if (map.kind === "word") return `word “${map.name}”`;
  return map.kind === "embedding" ? `embedding ${map.name}` : map.name;
}

/**
 * Return a layer's short name: the kind of its block, then the indices in its path. The index of the
 * transformer block of an up or down block is left out if it is 0.
 *
 * up_blocks.1.attentions.0.transformer_blocks.0.attn2 -> up 1.0
 * up_blocks.1.attentions.0.transformer_blocks.3.attn2 -> up 1.0.3
 * mid_block.attentions.0.transformer_blocks.0.attn2 -> mid 0.0
 * @param {string} path
 */
function layerName(path) {
  const [block, ...rest] = path.split(".");
  const indices = rest.filter((part) => /^\d+$/.test(part));
  const shown = indices.length > 2 && indices[2] === "0" ? indices.slice(0, 2) : indices;
  return [block.split("_")[0], shown.join(".")].filter(Boolean).join(" ");
}

/**
 * Format a map's value: "12.3 × average".
 * @param {number} value
 */
export function valueText(value) {
  return `${value < 10 ? value.toFixed(2) : value.toFixed(1)} × average`;
}
