// @ts-check
// Preferences in the browser's local storage.

const KEY = "homologue";

/**
 * Return the stored preferences, with defaults for those that are missing.
 * @template {Record<string, any>} T
 * @param {T} defaults
 * @returns {T}
 */
export function readPreferences(defaults) {
  return { ...defaults, ...read() };
}

/**
 * Store preferences beside those that are stored already.
 * @param {Record<string, any>} values
 */
export function storePreferences(values) {
  try {
    localStorage.setItem(KEY, JSON.stringify({ ...read(), ...values }));
  } catch {
    // Storage is full or disabled, as in private windows: the preference lasts as long as the page.
  }
}

/** @returns {Record<string, any>} */
function read() {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "{}") ?? {};
  } catch {
    return {};
  }
}
