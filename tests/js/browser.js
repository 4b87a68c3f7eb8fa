// What the modules of the viewer expect of a browser: a page, storage, and a server that a test
// plays. Import this before a module that uses them.

import { Window } from "happy-dom";

export const page = new Window({ url: "http://127.0.0.1/" });

// Of Node there are EventTarget, Event, CustomEvent, Blob, fetch and URL already.
for (const name of ["document", "localStorage", "matchMedia", "CSS"]) {
  Object.defineProperty(globalThis, name, { value: page[name], configurable: true, writable: true });
}
Object.defineProperty(globalThis, "window", { value: page, configurable: true });

/** Every event source that a module has opened, the newest last. */
export const sources = [];

globalThis.EventSource = class extends EventTarget {
  static CONNECTING = 0;
  static OPEN = 1;
  static CLOSED = 2;
  readyState = 1;

  constructor(address) {
    super();
    this.address = address;
    sources.push(this);
  }

  close() {
    this.readyState = 2;
  }

  tell(kind, content) {
    this.dispatchEvent(new MessageEvent(kind, { data: JSON.stringify(content) }));
  }
};

/** What was sent while the page was left: [{ path, body }]. */
export const beacons = [];
Object.defineProperty(globalThis, "navigator", {
  value: { sendBeacon: (path, body) => beacons.push({ path, body }) },
  configurable: true,
});

/**
 * Answers requests as a server would until the test ends. answer(path, options) gives the content of
 * a JSON answer, a Response, or a promise of either; what it throws is a server that is not there.
 * Gives the requests that were made: [{ path, options }].
 */
export function serve(test, answer) {
  const requests = [];
  test.mock.method(globalThis, "fetch", async (path, options) => {
    requests.push({ path, options });
    const content = await answer(path, options);
    return content instanceof Response ? content : Response.json(content);
  });
  return requests;
}

/** A promise and what ends it. */
export function deferred() {
  let resolve;
  let reject;
  const promise = new Promise((...ends) => {
    [resolve, reject] = ends;
  });
  return { promise, resolve, reject };
}

/** Lets everything that is ready run. */
export function settled() {
  return new Promise((resolve) => setImmediate(resolve));
}
