// @ts-check
// Random identifiers.

/** Return 14 random characters, [0-9a-z]. */
export function newId() {
  const numbers = crypto.getRandomValues(new Uint32Array(2));
  return [...numbers].map((number) => number.toString(36).padStart(7, "0")).join("");
}
