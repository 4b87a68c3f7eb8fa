// @ts-check
// Asking the server. Refusals become errors whose message is the server's sentence.
//
// Paths are relative to the page ("api/options"), so that they hold whatever prefix a proxy has put
// before them.

const SILENT = "The viewer does not answer: is it still running?";

/**
 * @param {string} path
 * @returns {Promise<any>}
 */
export function get(path) {
  return ask(path, {});
}

/**
 * It arrives even if the page is left meanwhile.
 * @param {string} path
 * @param {object} [content]
 * @returns {Promise<any>}
 */
export function post(path, content) {
  return ask(path, {
    method: "POST",
    keepalive: true,
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(content ?? {}),
  });
}

/**
 * Sends a file as it is.
 * @param {Blob} file
 * @param {string} name
 * @returns {Promise<any>}
 */
export function upload(file, name) {
  const path = `api/pictures?name=${encodeURIComponent(name)}`;
  return ask(path, {
    method: "POST",
    headers: { "Content-Type": "application/octet-stream" },
    body: file,
  });
}

/**
 * @param {string} path
 * @returns {Promise<ArrayBuffer>}
 */
export async function bytes(path) {
  return (await answer(path, {})).arrayBuffer();
}

/**
 * @param {string} path
 * @param {RequestInit} options
 */
async function ask(path, options) {
  return (await answer(path, options)).json();
}

/**
 * @param {string} path
 * @param {RequestInit} options
 */
async function answer(path, options) {
  /** @type {Response} */
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Error(SILENT);
  }
  if (response.ok) return response;
  const content = await response.json().catch(() => ({}));
  /** @type {import("./types.js").ViewerError} */
  const error = new Error(content.error ?? `The viewer refused (${response.status}).`);
  error.status = response.status;
  throw error;
}
