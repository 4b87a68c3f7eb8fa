// @ts-check
// Requests to the server. A request that fails raises an error with the server's message.
//
// Paths are relative to the page ("api/options"), so that they work below any prefix of a proxy.

export const NO_ANSWER = "The viewer does not answer. Check that it is still running.";

/**
 * Get JSON.
 * @param {string} path
 * @returns {Promise<any>}
 */
export function get(path) {
  return request(path, {});
}

/**
 * Post JSON. The request completes even if the page is closed meanwhile.
 * @param {string} path
 * @param {object} [content]
 * @returns {Promise<any>}
 */
export function post(path, content) {
  return request(path, {
    method: "POST",
    keepalive: true,
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(content ?? {}),
  });
}

/**
 * Upload an image file.
 * @param {Blob} file
 * @param {string} name
 * @returns {Promise<any>}
 */
export function upload(file, name) {
  const path = `api/pictures?name=${encodeURIComponent(name)}`;
  return request(path, {
    method: "POST",
    headers: { "Content-Type": "application/octet-stream" },
    body: file,
  });
}

/**
 * Get the body of a response.
 * @param {string} path
 * @returns {Promise<ArrayBuffer>}
 */
export async function bytes(path) {
  return (await responseOf(path, {})).arrayBuffer();
}

/**
 * @param {string} path
 * @param {RequestInit} options
 */
async function request(path, options) {
  return (await responseOf(path, options)).json();
}

/**
 * @param {string} path
 * @param {RequestInit} options
 */
async function responseOf(path, options) {
  /** @type {Response} */
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Error(NO_ANSWER);
  }
  if (response.ok) return response;
  const content = await response.json().catch(() => ({}));
  /** @type {import("./types.js").ViewerError} */
  const error = new Error(content.error ?? `The request failed (HTTP ${response.status}).`);
  error.status = response.status;
  throw error;
}
