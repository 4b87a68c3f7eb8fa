// @ts-check
// Making elements. Nothing here ever parses text as HTML.

const SVG = "http://www.w3.org/2000/svg";

/** @typedef {Node | string | null | undefined} Child what is null or undefined is left out */
/** @typedef {Record<string, any>} Properties attributes, and listeners as "onclick" */

/**
 * h("button", { class: "quiet", onclick: run, "aria-label": "Undo" }, child, "text", ...)
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Properties} properties
 * @param {...(Child | Child[])} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, properties = {}, ...children) {
  return fill(document.createElement(tag), properties, children);
}

/**
 * The same for SVG.
 * @template {keyof SVGElementTagNameMap} K
 * @param {K} tag
 * @param {Properties} properties
 * @param {...(Child | Child[])} children
 * @returns {SVGElementTagNameMap[K]}
 */
export function s(tag, properties = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), properties, children);
}

/**
 * Sets attributes; null and false take an attribute away, true sets it empty.
 * @template {Element} T
 * @param {T} node
 * @param {Properties} properties
 * @returns {T}
 */
export function set(node, properties) {
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === null || value === undefined || value === false) node.removeAttribute(name);
    else {
      const text = value === true ? "" : String(value);
      if (node.getAttribute(name) !== text) node.setAttribute(name, text);
    }
  }
  return node;
}

/**
 * Sets the text of a node, touching nothing if it is there already.
 * @param {Node} node
 * @param {string} text
 */
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * Brings the children of a node into line with items: makes, updates, orders and removes.
 * @template T
 * @template {HTMLElement | SVGElement} N
 * @param {Element} parent
 * @param {Iterable<T>} items
 * @param {(item: T) => unknown} key
 * @param {(item: T) => N} make
 * @param {(node: N, item: T) => void} update
 */
export function keyed(parent, items, key, make, update) {
  const children = /** @type {N[]} */ (/** @type {unknown} */ ([...parent.children]));
  const old = new Map(children.map((child) => [child.dataset.key, child]));
  /** @type {N | null} */
  let place = null;
  for (const item of items) {
    const id = String(key(item));
    let child = old.get(id);
    if (child) old.delete(id);
    else {
      child = make(item);
      child.dataset.key = id;
    }
    /** @type {Element | null} */
    const next = place ? place.nextElementSibling : parent.firstElementChild;
    if (next !== child) parent.insertBefore(child, next);
    place = child;
    update(child, item);
  }
  for (const child of old.values()) child.remove();
}

/**
 * The first element within another that fits a selector.
 * @param {ParentNode} parent
 * @param {string} selector
 * @returns {HTMLElement | null}
 */
export function find(parent, selector) {
  return parent.querySelector(selector);
}

/**
 * What draws on a canvas.
 * @param {HTMLCanvasElement} canvas
 */
export function contextOf(canvas) {
  return /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
}

/**
 * Listens, and gives a function that ends it.
 * @param {EventTarget} target
 * @param {string} kind
 * @param {(event: any) => void} run
 */
export function on(target, kind, run) {
  target.addEventListener(kind, run);
  return () => target.removeEventListener(kind, run);
}

/**
 * @template {Element} T
 * @param {T} node
 * @param {Properties} properties
 * @param {(Child | Child[])[]} children
 */
function fill(node, properties, children) {
  set(node, properties);
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}
