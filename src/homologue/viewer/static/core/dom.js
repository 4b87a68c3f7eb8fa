// Making elements. Nothing here ever parses text as HTML.

const SVG = "http://www.w3.org/2000/svg";

// h("button", { class: "quiet", onclick: run, "aria-label": "Undo" }, child, "text", ...)
export function h(tag, properties = {}, ...children) {
  return fill(document.createElement(tag), properties, children);
}

export function s(tag, properties = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), properties, children);
}

// Sets attributes; null and false take an attribute away, true sets it empty.
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

// Sets the text of a node, touching nothing if it is there already.
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// Brings the children of a node into line with items: makes, updates, orders and removes.
export function keyed(parent, items, key, make, update) {
  const old = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let place = null;
  for (const item of items) {
    const id = String(key(item));
    let child = old.get(id);
    if (child) old.delete(id);
    else {
      child = make(item);
      child.dataset.key = id;
    }
    const next = place ? place.nextElementSibling : parent.firstElementChild;
    if (next !== child) parent.insertBefore(child, next);
    place = child;
    update(child, item);
  }
  for (const child of old.values()) child.remove();
}

// Listens, and gives a function that ends it.
export function on(target, kind, run) {
  target.addEventListener(kind, run);
  return () => target.removeEventListener(kind, run);
}

function fill(node, properties, children) {
  set(node, properties);
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}
