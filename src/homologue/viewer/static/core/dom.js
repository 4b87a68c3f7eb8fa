// @ts-check
// Helpers to create and update elements. None of them parses text as HTML.

const SVG = "http://www.w3.org/2000/svg";

/** @typedef {Node | string | null | undefined} Child null and undefined are left out */
/** @typedef {Record<string, any>} Properties attributes, and listeners as "onclick" */

/**
 * Create an HTML element: h("button", { class: "quiet", onclick: run, "aria-label": "Undo" }, child, "text", ...)
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
 * Create an SVG element, as h() does for HTML.
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
 * Set attributes, and add listeners for names that start with "on". null and false remove an
 * attribute; true sets it to "".
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
 * Set the text of a node, unless it has that text already.
 * @param {Node} node
 * @param {string} text
 */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * Make the children of a node match a list of items: create, update, reorder and remove children.
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
  let previous = null;
  for (const item of items) {
    const id = String(key(item));
    let child = old.get(id);
    if (child) old.delete(id);
    else {
      child = make(item);
      child.dataset.key = id;
    }
    /** @type {Element | null} */
    const next = previous ? previous.nextElementSibling : parent.firstElementChild;
    if (next !== child) parent.insertBefore(child, next);
    previous = child;
    update(child, item);
  }
  for (const child of old.values()) child.remove();
}

/**
 * Return the first descendant that matches a selector.
 * @param {ParentNode} parent
 * @param {string} selector
 * @returns {HTMLElement | null}
 */
export function find(parent, selector) {
  return parent.querySelector(selector);
}

/**
 * Return the 2D context of a canvas.
 * @param {HTMLCanvasElement} canvas
 */
export function contextOf(canvas) {
  return /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
}

/**
 * Add a listener. Return a function that removes it.
 * @param {EventTarget} target
 * @param {string} kind
 * @param {(event: any) => void} listener
 */
export function on(target, kind, listener) {
  target.addEventListener(kind, listener);
  return () => target.removeEventListener(kind, listener);
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
