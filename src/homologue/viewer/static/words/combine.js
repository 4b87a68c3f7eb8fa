// @ts-check
// Several words at once: the mean of their maps, or which of them is where.

/**
 * maps: see store.js. Gives one more.
 * @param {import("../core/types.js").HeatMap[]} maps
 * @param {string} name
 */
export function meanOf(maps, name) {
  const values = new Float64Array(maps[0].levels.length);
  for (const { levels, scale } of maps) {
    for (let place = 0; place < values.length; place += 1) values[place] += levels[place] * scale;
  }
  let most = 0;
  for (const value of values) most = Math.max(most, value);
  const levels = Uint16Array.from(values, (value) => Math.round((65535 * value) / most));
  return { kind: "mean", name, levels, scale: most / 65535 / maps.length };
}

/**
 * Which word each place of a picture belongs to: n for the n-th of the maps, 0 for none. It is the
 * one with the greatest share of its map there, as in words/segment.py.
 *
 * floors: the value from which on a place belongs to each, null if they all may have all places.
 * Gives { labels, width, height, tags }; tags: where the number of each may be written, as shares of
 * width and height, null for one that has no place.
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
    let place = 0;
    for (const row of down) {
      const [above, below] = [row.first * side, row.last * side];
      for (const column of across) {
        const top = mix(map.levels[above + column.first], map.levels[above + column.last], column.share);
        const bottom = mix(map.levels[below + column.first], map.levels[below + column.last], column.share);
        const level = mix(top, bottom, row.share);
        if (level >= floor && level * unit > best[place]) {
          best[place] = level * unit;
          labels[place] = index + 1;
        }
        place += 1;
      }
    }
  });
  return { labels, width, height, tags: maps.map((_, index) => highest(labels, best, index + 1, width, height)) };
}

/**
 * Between which two of `side` places each of `count` pixels lies, and how far from the first.
 * @param {number} count
 * @param {number} side
 */
function weights(count, side) {
  return Array.from({ length: count }, (_, pixel) => {
    const at = Math.min(Math.max(((pixel + 0.5) / count) * side - 0.5, 0), side - 1);
    const first = Math.floor(at);
    return { first, last: Math.min(first + 1, side - 1), share: at - first };
  });
}

/**
 * @param {number} one
 * @param {number} other
 * @param {number} share
 */
function mix(one, other, share) {
  return one + (other - one) * share;
}

/**
 * @param {Uint8Array} labels
 * @param {Float64Array} values
 * @param {number} label
 * @param {number} width
 * @param {number} height
 */
function highest(labels, values, label, width, height) {
  let found = -1;
  for (let place = 0; place < labels.length; place += 1) {
    if (labels[place] === label && (found < 0 || values[place] > values[found])) found = place;
  }
  if (found < 0) return null;
  return [((found % width) + 0.5) / width, (Math.floor(found / width) + 0.5) / height];
}
