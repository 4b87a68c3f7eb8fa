// The page: its head, the screen that the address names, the session that it belongs to.
//
// Addresses are #/SCREEN/SESSION. A screen gets `app`: { options, session, keys, toasts }.

import { get } from "./core/api.js";
import { h, s, set } from "./core/dom.js";
import { Keys } from "./core/keys.js";
import { Session } from "./core/session.js";
import { Toasts } from "./core/toast.js";
import { openHelp } from "./help.js";
import { screens } from "./screens.js";

const keys = new Keys();
const toasts = new Toasts();
const nav = h("nav", { "aria-label": "Screens", hidden: screens.length < 2 });
const tools = h("div", { class: "head-tools" });
const head = h(
  "header", { class: "head" },
  h("h1", {}, mark(), "homologue"),
  nav,
  tools,
  h("button", { class: "icon help", "aria-label": "Keys", title: "Keys (?)", onclick: () => openHelp(keys) }, "?"),
);
document.body.prepend(head);
keys.add("?", "These keys", () => openHelp(keys));

let options = null;
let session = null;
let screen = null;

function mark() {
  return s(
    "svg", { class: "mark", viewBox: "0 0 32 32", "aria-hidden": "true" },
    s("path", { d: "M9 21 L23 11", stroke: "#8a94a3", "stroke-width": 2.5 }),
    s("circle", { cx: 9, cy: 21, r: 6.5, fill: "#0072B2" }),
    s("circle", { cx: 23, cy: 11, r: 6.5, fill: "#D55E00" }),
  );
}

function addressOf(name, id) {
  return `#/${name}/${id}`;
}

// What the address names: { screen, id }; id may be "".
function readAddress() {
  const [, name = "", id = ""] = location.hash.split("/");
  return { wanted: screens.find((one) => one.name === name) ?? screens[0], id };
}

async function openSession(id) {
  if (!id) return Session.create();
  try {
    return await Session.open(id);
  } catch (error) {
    if (error.status !== 404) throw error;
    toasts.show(`${error.message} This is a new one.`, "problem");
    return Session.create();
  }
}

async function show() {
  const { wanted, id } = readAddress();
  if (session && id === session.id && screen?.name === wanted.name) return;
  screen?.close();
  screen?.element.remove();
  if (!session || session.id !== id) {
    session?.close();
    session = await openSession(id);
    session.addEventListener("problem", (event) => toasts.show(event.detail, "problem"));
    session.addEventListener("gone", () => toasts.show("The viewer has ended, or was started anew. Reload the page.", "problem"));
  }
  history.replaceState(null, "", addressOf(wanted.name, session.id));
  screen = wanted.open({ options, session, keys, toasts });
  screen.name = wanted.name;
  tools.replaceChildren(...screen.tools);
  head.after(screen.element);
  nav.replaceChildren(...screens.map((one) => link(one, wanted)));
  document.title = `${wanted.title} · homologue`;
}

function link(one, current) {
  const node = h("a", { href: addressOf(one.name, session.id) }, one.title);
  return set(node, { "aria-current": one === current ? "page" : null });
}

async function start() {
  try {
    options = await get("/api/options");
    await show();
    window.addEventListener("hashchange", show);
  } catch (error) {
    document.body.append(h("p", { class: "fatal" }, error.message));
  }
}

start();
