// @ts-check
// The colour and pattern of a segment.

import { channels, colourOf, inkOn } from "../core/colours.js";
import { contextOf } from "../core/dom.js";

// Return whether a pixel is on a line of the pattern.
/** @type {((x: number, y: number) => boolean)[]} */
const STROKES = [
  () => false,
  (x, y) => (x + y) % 12 < 2,
  (x, y) => (((x - y) % 12) + 12) % 12 < 2,
  (_, y) => y % 12 < 2,
  (x) => x % 12 < 2,
  (x, y) => x % 8 < 3 && y % 8 < 3,
  (x, y) => x % 14 < 2 || y % 14 < 2,
];
const NAMES = ["plain", "rising lines", "falling lines", "level lines", "upright lines", "dots", "grid"];

/**
 * Return the index of a pattern. Colours repeat from the eighth segment on, with other patterns.
 * @param {number} number
 */
function patternOf(number) {
  return (number - 1 + Math.floor((number - 1) / STROKES.length)) % STROKES.length;
}

/** @param {number} number */
export function patternName(number) {
  return NAMES[patternOf(number)];
}

/**
 * Paint segments, see segmentsOf in combine.js.
 * @param {HTMLCanvasElement} canvas
 * @param {{ labels: Uint8Array, width: number, height: number }} segments
 * @param {number} opacity
 */
export function paintSegments(canvas, { labels, width, height }, opacity) {
  canvas.width = width;
  canvas.height = height;
  const context = contextOf(canvas);
  const image = context.createImageData(width, height);
  /** @type {ReturnType<typeof inkOf>[]} */
  const inks = [];
  for (let pixel = 0; pixel < labels.length; pixel += 1) {
    const label = labels[pixel];
    if (!label) continue;
    inks[label] ??= inkOf(label);
    const { ground, line, stroke } = inks[label];
    image.data.set(stroke(pixel % width, Math.floor(pixel / width)) ? line : ground, 4 * pixel);
    image.data[4 * pixel + 3] = 255 * opacity;
  }
  context.putImageData(image, 0, 0);
}

/**
 * Paint a swatch for a legend.
 * @param {HTMLCanvasElement} canvas
 * @param {number} number
 * @param {number} width
 * @param {number} height
 */
export function paintSwatch(canvas, number, width = 40, height = 24) {
  paintSegments(canvas, { labels: new Uint8Array(width * height).fill(number), width, height }, 1);
}

/** @param {number} number */
function inkOf(number) {
  const line = inkOn(number) === "#fff" ? [255, 255, 255] : [0, 0, 0];
  return { ground: channels(colourOf(number)), line, stroke: STROKES[patternOf(number)] };
}
