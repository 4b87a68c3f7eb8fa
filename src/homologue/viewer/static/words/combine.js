// @ts-check
// Combining the heat maps of several words: their mean, or segments.

/**
 * Return the mean of maps as a map.
 * @param {import("../core/types.js").HeatMap[]} maps
 * @param {string} name
 */
export function meanOf(maps, name) {
  const values = new Float64Array(maps[0].levels.length);
  for (const { levels, scale } of maps) {
    for (let i = 0; i < values.length; i += 1) values[i] += levels[i] * scale;
  }
  let maximum = 0;
  for (const value of values) maximum = Math.max(maximum, value);
  const levels = Uint16Array.from(values, (value) => Math.round((65535 * value) / maximum));
  return { kind: "mean", name, levels, scale: maximum / 65535 / maps.length };
}

/**
 * Assign each pixel to the map with the highest value there, as words/segment.py does. Values are in
 * multiples of each map's average.
 *
 * floors: minimum value of each map in its segment; null: no minimum. Return { labels, width, height,
 * tags }. labels: n for the n-th map, 0 for none. tags: position of each segment's number, [right, down]
 * in fractions of width and height; null for an empty segment.
 * @param {import("../core/types.js").HeatMap[]} maps
 * @param {number} side
 * @param {number[] | null} floors
 * @param {number} width
 * @param {number} height
 */
export function segmentsOf(maps, side, floors, width, height) {
  const labels = new Uint8Array(width * height);
  const best = new Float64Array(width * height).fill(-1);
  const [across, down] = [weights(width, side), weights(height, side)];
  maps.forEach((map, index) => {
    const unit = map.scale / 65535;
    const floor = floors ? floors[index] / unit : 0;
    let pixel = 0;
    for (const row of down) {
      const [above, below] = [row.first * side, row.last * side];
      for (const column of across) {
        const top = mix(map.levels[above + column.first], map.levels[above + column.last], column.fraction);
        const bottom = mix(map.levels[below + column.first], map.levels[below + column.last], column.fraction);
        const level = mix(top, bottom, row.fraction);
        if (level >= floor && level * unit > best[pixel]) {
          best[pixel] = level * unit;
          labels[pixel] = index + 1;
        }
        pixel += 1;
      }
    }
  });
  return { labels, width, height, tags: maps.map((_, index) => highest(labels, best, index + 1, width, height)) };
}

/**
 * Return the weights that resample `side` values to `count` pixels linearly: for each pixel the indices
 * of two values, and the fraction of the way from the first to the last.
 * @param {number} count
 * @param {number} side
 */
function weights(count, side) {
  return Array.from({ length: count }, (_, pixel) => {
    const at = Math.min(Math.max(((pixel + 0.5) / count) * side - 0.5, 0), side - 1);
    const first = Math.floor(at);
    return { first, last: Math.min(first + 1, side - 1), fraction: at - first };
  });
}

/**
 * Interpolate linearly.
 * @param {number} a
 * @param {number} b
 * @param {number} fraction
 */
function mix(a, b, fraction) {
  return a + (b - a) * fraction;
}

/**
 * Return the position of a label's highest value.
 * @param {Uint8Array} labels
 * @param {Float64Array} values
 * @param {number} label
 * @param {number} width
 * @param {number} height
 */
function highest(labels, values, label, width, height) {
  let found = -1;
  for (let pixel = 0; pixel < labels.length; pixel += 1) {
    if (labels[pixel] === label && (found < 0 || values[pixel] > values[found])) found = pixel;
  }
  if (found < 0) return null;
  return [((found % width) + 0.5) / width, (Math.floor(found / width) + 0.5) / height];
}
