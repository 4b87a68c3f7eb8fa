// @ts-check
// Colours of points: Okabe and Ito's, which people with colour-blindness can tell apart, in the
// order of the figures that `homologue match --plot` writes.

const COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442"];

/** @param {number} number of the point, from 1 */
export function colourOf(number) {
  return COLOURS[(number - 1) % COLOURS.length];
}

/**
 * Black or white, whichever can be read on the colour of a point.
 * @param {number} number
 */
export function inkOn(number) {
  const [red, green, blue] = channels(colourOf(number));
  return 0.299 * red + 0.587 * green + 0.114 * blue < 0.55 * 255 ? "#fff" : "#000";
}

/** @param {string} colour "#rrggbb" */
function channels(colour) {
  return [1, 3, 5].map((start) => Number.parseInt(colour.slice(start, start + 2), 16));
}
