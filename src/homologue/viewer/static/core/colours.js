// @ts-check
// Colours of points: the colour-blind safe palette of Okabe and Ito, in the order that
// `homologue match --plot` uses.

const COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442"];

/** @param {number} number of the point, counted from 1 */
export function colourOf(number) {
  return COLOURS[(number - 1) % COLOURS.length];
}

/**
 * Return the text colour with the higher contrast on a point's colour: black or white.
 * @param {number} number
 */
export function inkOn(number) {
  const [red, green, blue] = channels(colourOf(number));
  return 0.299 * red + 0.587 * green + 0.114 * blue < 0.55 * 255 ? "#fff" : "#000";
}

/**
 * Return red, green and blue, 0 to 255.
 * @param {string} colour "#rrggbb"
 */
export function channels(colour) {
  return [1, 3, 5].map((start) => Number.parseInt(colour.slice(start, start + 2), 16));
}
