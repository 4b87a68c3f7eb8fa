// @ts-check
// The state of the Runs screen and its form in the address, RUN/PAIR?FILTERS. The address contains the
// whole state, so that it can be shared.
//
// { run, pair, filters, at, point, map }: filters are query parameters of the server; `at` is the index
// of the first visible pair in the grid; `point` is counted from 1; `map` is an index. null: not chosen.

/**
 * @typedef {{ run: string | null, pair: string | null, filters: Record<string, string>, at: number,
 *   point: number | null, map: number }} State
 */

const PAGE_PARAMETERS = ["at", "point", "map"]; // all others are filters

/**
 * Parse the rest of an address. Invalid values are ignored.
 * @param {string} rest
 * @returns {State}
 */
export function parseRest(rest) {
  const [path, text = ""] = split(rest, "?");
  const [run = "", pair = ""] = path.split("/").map(decode);
  const parameters = new URLSearchParams(text);
  const [at, point, map] = PAGE_PARAMETERS.map((name) => parseInteger(parameters.get(name)));
  for (const name of PAGE_PARAMETERS) parameters.delete(name);
  const filters = Object.fromEntries([...parameters].filter(([, value]) => value !== ""));
  return { run: run || null, pair: pair || null, filters, at: at ?? 0, point, map: map ?? 0 };
}

/**
 * Format a state as the rest of an address.
 * @param {State} state
 */
export function formatRest({ run, pair, filters, at, point, map }) {
  const parameters = new URLSearchParams(filters);
  if (at && !pair) parameters.set("at", String(at));
  if (pair && point) parameters.set("point", String(point));
  if (pair && point && map) parameters.set("map", String(map));
  const path = [run, pair].map((part) => (part ? encodeURIComponent(part) : "")).filter(Boolean).join("/");
  return `${path}${parameters.size ? `?${parameters}` : ""}`;
}

/**
 * Return the filters that apply to a run: runs differ in categories and thresholds.
 * @param {Record<string, string>} filters
 * @param {{ thresholds: string[], labels: Record<string, string[]> }} run
 */
export function applicableFilters(filters, run) {
  return Object.fromEntries(
    Object.entries(filters).filter(([name, value]) => {
      if (name === "threshold") return run.thresholds.includes(value);
      return !name.startsWith("by.") || (run.labels[name.slice(3)] ?? []).includes(value);
    }),
  );
}

/**
 * Return a path of the server with query parameters.
 * @param {string} path
 * @param {Record<string, any>} parameters
 */
export function runsPath(path, parameters) {
  return `api/runs/${path}?${new URLSearchParams(parameters)}`;
}

/**
 * Split a text at the first occurrence of a sign.
 * @param {string} text
 * @param {string} sign
 */
function split(text, sign) {
  const index = text.indexOf(sign);
  return index < 0 ? [text] : [text.slice(0, index), text.slice(index + 1)];
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
function parseInteger(text) {
  return text && /^\d{1,9}$/.test(text) ? Number(text) : null;
}
