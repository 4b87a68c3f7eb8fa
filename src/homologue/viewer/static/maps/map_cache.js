// @ts-check
// Heat maps of the server, with a cache of those used last. viewer/packing.py defines the format.

import { bytes } from "../core/api.js";

const MAX_ENTRIES = 200;
/** @type {Map<string, Promise<{ side: number, maps: import("../core/types.js").HeatMap[] }>>} */
const cache = new Map(); // address -> promise, least recently used first

/**
 * Fetch { side, maps }, see HeatMap in core/types.js. address: the key of a point's maps, or a path
 * that starts with "api/".
 * @param {string} address
 */
export function fetchMaps(address) {
  const known = cache.get(address);
  if (known) {
    cache.delete(address);
    cache.set(address, known);
    return known;
  }
  const maps = bytes(address.startsWith("api/") ? address : `api/maps/${address}`).then(unpack);
  cache.set(address, maps);
  maps.catch(() => cache.delete(address));
  if (cache.size > MAX_ENTRIES) {
    const [oldest] = cache.keys();
    cache.delete(oldest);
  }
  return maps;
}

/**
 * Return the value of a map, in multiples of its average, at a position in fractions of the width
 * and the height.
 * @param {import("../core/types.js").HeatMap} map
 * @param {number} side
 * @param {number} right
 * @param {number} down
 */
export function valueAt(map, side, right, down) {
  const column = Math.min(Math.max(Math.floor(right * side), 0), side - 1);
  const row = Math.min(Math.max(Math.floor(down * side), 0), side - 1);
  return (map.levels[row * side + column] / 65535) * map.scale;
}

/** @param {ArrayBuffer} buffer */
function unpack(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const pixels = header.side * header.side;
  let start = 4 + length + ((4 - (length % 4)) % 4);
  const maps = header.maps.map((/** @type {any} */ map) => {
    const levels = littleEndian(buffer, start, pixels);
    start += 2 * pixels;
    return { ...map, levels };
  });
  return { side: header.side, maps };
}

/**
 * @param {ArrayBuffer} buffer
 * @param {number} start
 * @param {number} count
 */
function littleEndian(buffer, start, count) {
  const view = new DataView(buffer, start, 2 * count);
  return Uint16Array.from({ length: count }, (_, index) => view.getUint16(2 * index, true));
}
