// @ts-check
// What a person prefers, kept by the browser; what cannot be kept is forgotten with the page.

const NAME = "homologue";

/**
 * @template {Record<string, any>} T
 * @param {T} defaults
 * @returns {T}
 */
export function preferences(defaults) {
  return { ...defaults, ...read() };
}

/**
 * What else is kept stays.
 * @param {Record<string, any>} values
 */
export function prefer(values) {
  try {
    localStorage.setItem(NAME, JSON.stringify({ ...read(), ...values }));
  } catch {
    // Private windows may have no room for it.
  }
}

/** @returns {Record<string, any>} */
function read() {
  try {
    return JSON.parse(localStorage.getItem(NAME) ?? "{}") ?? {};
  } catch {
    return {};
  }
}
