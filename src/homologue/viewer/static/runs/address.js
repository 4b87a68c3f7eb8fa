// @ts-check
// What the screen shows, as the rest of its address: RUN/PAIR?FILTERS. Everything is in it, so that
// it can be shared.
//
// { run, pair, filters, at, point, map }: filters are parameters as the server takes them, `at` is the
// first pair in the grid's window, `point` a number from 1, `map` an index; null where nothing is
// chosen.

/**
 * @typedef {{ run: string | null, pair: string | null, filters: Record<string, string>, at: number,
 *   point: number | null, map: number }} State
 */

const OWN = ["at", "point", "map"]; // of the page; all others are filters

/**
 * @param {string} rest
 * @returns {State}
 */
export function parseRest(rest) {
  const [path, text = ""] = split(rest, "?");
  const [run = "", pair = ""] = path.split("/").map(decode);
  const parameters = new URLSearchParams(text);
  const [at, point, map] = OWN.map((name) => whole(parameters.get(name)));
  for (const name of OWN) parameters.delete(name);
  const filters = Object.fromEntries([...parameters].filter(([, value]) => value !== ""));
  return { run: run || null, pair: pair || null, filters, at: at ?? 0, point, map: map ?? 0 };
}

/** @param {State} state */
export function formatRest({ run, pair, filters, at, point, map }) {
  const parameters = new URLSearchParams(filters);
  if (at && !pair) parameters.set("at", String(at));
  if (pair && point) parameters.set("point", String(point));
  if (pair && point && map) parameters.set("map", String(map));
  const path = [run, pair].map((part) => (part ? encodeURIComponent(part) : "")).filter(Boolean).join("/");
  return `${path}${parameters.size ? `?${parameters}` : ""}`;
}

/**
 * The filters that make sense of a run: another one may have other categories or thresholds.
 * @param {Record<string, string>} filters
 * @param {{ thresholds: string[], labels: Record<string, string[]> }} run
 */
export function fitting(filters, run) {
  return Object.fromEntries(
    Object.entries(filters).filter(([name, value]) => {
      if (name === "threshold") return run.thresholds.includes(value);
      return !name.startsWith("by.") || (run.labels[name.slice(3)] ?? []).includes(value);
    }),
  );
}

/**
 * A path of the server with parameters.
 * @param {string} path
 * @param {Record<string, any>} parameters
 */
export function asking(path, parameters) {
  return `api/runs/${path}?${new URLSearchParams(parameters)}`;
}

/**
 * @param {string} text
 * @param {string} sign
 */
function split(text, sign) {
  const place = text.indexOf(sign);
  return place < 0 ? [text] : [text.slice(0, place), text.slice(place + 1)];
}

/** @param {string} text */
function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** @param {string | null} text */
function whole(text) {
  return text && /^\d{1,9}$/.test(text) ? Number(text) : null;
}
