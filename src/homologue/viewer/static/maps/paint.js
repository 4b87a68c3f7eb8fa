// @ts-check
// Maps as pictures.

import { contextOf } from "../core/dom.js";

const SOLID = 0.35; // level, as a share of the highest, from which on a map covers all that it may

/**
 * Paints a map onto a canvas, one pixel a place; colours: 256 of [red, green, blue].
 *
 * opacity: from 0 to 1. Below 1, places with little attention let more of the picture through, so
 * that one sees what the map lies on; at 1 the map is all there is.
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
  const cover = covers(opacity);
  const inks = new Uint8ClampedArray(colours.flatMap((colour, level) => [...colour, cover[level]]));
  const table = new Uint32Array(inks.buffer); // a whole pixel at a time: sliders paint many maps
  const pixels = new Uint32Array(image.data.buffer);
  for (let place = 0; place < pixels.length; place += 1) pixels[place] = table[map.levels[place] >> 8];
  context.putImageData(image, 0, 0);
}

/**
 * How much of the picture each of 256 levels covers, 0 to 255.
 * @param {number} opacity
 */
function covers(opacity) {
  const least = Math.max(0, 2 * opacity - 1) ** 2;
  return Array.from({ length: 256 }, (_, level) => {
    const share = least + (1 - least) * Math.min(1, level / 255 / SOLID);
    return Math.round(255 * opacity * share);
  });
}

/**
 * Paints the colours themselves, from left to right.
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
 * "mean", "layer up 1.0", "embedding 2", "word “hat”"
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
 * "12.3 × average"
 * @param {number} value
 */
export function valueText(value) {
  return `${value < 10 ? value.toFixed(2) : value.toFixed(1)} × average`;
}
