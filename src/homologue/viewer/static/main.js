// @ts-check
// The page: its header, the screen that the address names, and the session.
//
// Addresses have the form #/SCREEN/SESSION/REST. SESSION is "-" for a screen without a session. Each
// screen defines its own REST. A screen gets an App, see core/types.js: app.go(rest, { replace })
// writes the address, and the screen's move(rest) is called on back and forward.

import { get } from "./core/api.js";
import { h, on, s, set } from "./core/dom.js";
import { Keys } from "./core/keys.js";
import { Session } from "./core/session.js";
import { Toasts } from "./core/toast.js";
import { openHelp } from "./help.js";
import { screens } from "./screens.js";

const keys = new Keys();
const toasts = new Toasts();
const nav = h("nav", { "aria-label": "Screens", hidden: true });
const tools = h("div", { class: "head-tools" });
const head = h(
  "header", { class: "head" },
  h("h1", {}, mark(), "homologue"),
  nav,
  tools,
  h("button", { class: "icon help", "aria-label": "Keyboard shortcuts", title: "Keyboard shortcuts (?)", onclick: () => openHelp(keys) }, "?"),
);
document.body.prepend(head);
keys.add("?", "Show keyboard shortcuts", () => openHelp(keys));

/** @type {any} */
let options = null; // of the server: models, presets, samples, limits
/** @type {Session | null} */
let session = null;
/** @type {import("./core/types.js").Screen | null} */
let screen = null;
/** @type {Record<string, string>} */
const lastRests = {}; // screen name -> REST of its last address

function mark() {
  return s(
    "svg", { class: "mark", viewBox: "0 0 32 32", "aria-hidden": "true" },
    s("path", { d: "M9 21 L23 11", stroke: "#8a94a3", "stroke-width": 2.5 }),
    s("circle", { cx: 9, cy: 21, r: 6.5, fill: "#0072B2" }),
    s("circle", { cx: 23, cy: 11, r: 6.5, fill: "#D55E00" }),
  );
}

function addressOf(entry, id, rest = "") {
  return `#/${entry.name}/${entry.sessionless ? "-" : id}${rest && `/${rest}`}`;
}

// Parse the address. Return { wanted, id, rest }, where wanted is a screen entry; id and rest may be "".
function readAddress() {
  const [, name = "", id = "", ...rest] = location.hash.split("/");
  const available = availableScreens();
  const wanted = available.find((entry) => entry.name === name);
  return wanted ? { wanted, id, rest: rest.join("/") } : { wanted: available[0], id: "", rest: "" };
}

function availableScreens() {
  return screens.filter((entry) => entry.isAvailable?.(options) ?? true);
}

async function openSession(id) {
  if (!id) return Session.create();
  try {
    return await Session.open(id);
  } catch (error) {
    if (error.status !== 404) throw error;
    toasts.show(`${error.message} A new session was started.`, "problem");
    return Session.create();
  }
}

async function show() {
  const { wanted, id, rest } = readAddress();
  const same = wanted.sessionless || id === session?.id;
  lastRests[wanted.name] = rest;
  if (same && screen?.name === wanted.name) return screen.move?.(rest);
  screen?.close();
  screen?.element.remove();
  screen = null;
  const before = location.hash;
  const [{ open }] = await Promise.all([wanted.load(), same ? null : changeSession(id)]);
  if (location.hash !== before) return undefined; // the address has changed again, which calls show() again
  history.replaceState(null, "", addressOf(wanted, session?.id ?? "", rest));
  const go = (to, { replace = false } = {}) => {
    lastRests[wanted.name] = to;
    goTo(addressOf(wanted, session?.id ?? "", to), replace);
  };
  document.title = `${wanted.title} · homologue`;
  const opened = open({ options, session: /** @type {Session} */ (session), keys, toasts, rest, go });
  opened.name = wanted.name;
  screen = opened;
  tools.replaceChildren(...opened.tools);
  head.after(opened.element);
  drawNav(wanted);
  return undefined;
}

async function changeSession(id) {
  session?.close();
  const opened = await openSession(id);
  session = opened;
  on(opened, "problem", (event) => toasts.show(event.detail, "problem"));
  opened.addEventListener("gone", () => toasts.show("The connection to the viewer was lost. Check that it is still running, then reload the page.", "problem"));
}

function goTo(address, replace) {
  if (address === location.hash) return;
  if (replace) history.replaceState(null, "", address);
  else history.pushState(null, "", address);
}

// Draw the navigation. A link opens a screen at its last address.
function drawNav(current) {
  const available = availableScreens();
  set(nav, { hidden: available.length < 2 });
  nav.replaceChildren(...available.map((entry) => link(entry, current)));
}

function link(entry, current) {
  const href = addressOf(entry, session?.id ?? "", entry === current ? "" : lastRests[entry.name]);
  return h("a", { href, "aria-current": entry === current ? "page" : null }, entry.title);
}

// Address changes are handled one at a time.
/** @type {Promise<unknown>} */
let navigation = Promise.resolve();
function navigate() {
  navigation = navigation.then(show).catch((error) => toasts.show(error.message, "problem"));
}

async function start() {
  try {
    options = await get("api/options");
    navigation = show();
    window.addEventListener("hashchange", navigate);
    await navigation;
  } catch (error) {
    document.body.append(h("p", { class: "fatal" }, error.message));
  }
}

start();
