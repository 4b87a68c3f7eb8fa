// @ts-check
// Heat maps from the server, kept while they may be looked at again. The format is described in
// packing.py.

import { bytes } from "../core/api.js";

const MOST = 200;
/** @type {Map<string, Promise<{ side: number, maps: import("../core/types.js").HeatMap[] }>>} */
const kept = new Map(); // address -> Promise

/**
 * { side, maps: [{ kind, name, scale, levels }] }; levels: side * side whole numbers, of which 65535
 * stands for `scale` times the map's average. address: of a point that was fitted here; or a path.
 * @param {string} address
 */
export function fetchMaps(address) {
  const known = kept.get(address);
  if (known) {
    kept.delete(address);
    kept.set(address, known);
    return known;
  }
  const maps = bytes(address.startsWith("api/") ? address : `api/maps/${address}`).then(unpack);
  kept.set(address, maps);
  maps.catch(() => kept.delete(address));
  if (kept.size > MOST) {
    const [oldest] = kept.keys();
    kept.delete(oldest);
  }
  return maps;
}

/**
 * The value of a map, in times its average, at a place given as shares of width and height.
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
