// @ts-check
// The page: its head, the screen that the address names, the session that it belongs to.
//
// Addresses are #/SCREEN/SESSION/REST. A screen without a session has "-" in its place; the rest is
// the screen's own. A screen gets `app`: { options, session, keys, toasts, rest, go }, where
// go(rest, { replace }) changes the address to what the screen shows by now; on the way back and
// forward the screen's move(rest) is called.

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
  h("button", { class: "icon help", "aria-label": "Keys", title: "Keys (?)", onclick: () => openHelp(keys) }, "?"),
);
document.body.prepend(head);
keys.add("?", "These keys", () => openHelp(keys));

/** @type {any} */
let options = null; // what the server offers
/** @type {Session | null} */
let session = null;
/** @type {import("./core/types.js").Screen | null} */
let screen = null;
/** @type {Record<string, string>} */
const rests = {}; // where each screen was left

function mark() {
  return s(
    "svg", { class: "mark", viewBox: "0 0 32 32", "aria-hidden": "true" },
    s("path", { d: "M9 21 L23 11", stroke: "#8a94a3", "stroke-width": 2.5 }),
    s("circle", { cx: 9, cy: 21, r: 6.5, fill: "#0072B2" }),
    s("circle", { cx: 23, cy: 11, r: 6.5, fill: "#D55E00" }),
  );
}

function addressOf(one, id, rest = "") {
  return `#/${one.name}/${one.sessionless ? "-" : id}${rest && `/${rest}`}`;
}

// What the address names: { wanted, id, rest }; id and rest may be "".
function readAddress() {
  const [, name = "", id = "", ...rest] = location.hash.split("/");
  const there = screens.filter((one) => isThere(one));
  const wanted = there.find((one) => one.name === name);
  return wanted ? { wanted, id, rest: rest.join("/") } : { wanted: there[0], id: "", rest: "" };
}

function isThere(one) {
  return one.isThere?.(options) ?? true;
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
  const { wanted, id, rest } = readAddress();
  const same = wanted.sessionless || id === session?.id;
  rests[wanted.name] = rest;
  if (same && screen?.name === wanted.name) return screen.move?.(rest);
  screen?.close();
  screen?.element.remove();
  screen = null;
  const before = location.hash;
  const [{ open }] = await Promise.all([wanted.load(), same ? null : changeSession(id)]);
  if (location.hash !== before) return undefined; // somebody has gone on, who is followed next
  history.replaceState(null, "", addressOf(wanted, session?.id ?? "", rest));
  const go = (to, { replace = false } = {}) => {
    rests[wanted.name] = to;
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
  opened.addEventListener("gone", () => toasts.show("The viewer has ended, or was started anew. Reload the page.", "problem"));
}

function goTo(address, replace) {
  if (address === location.hash) return;
  if (replace) history.replaceState(null, "", address);
  else history.pushState(null, "", address);
}

// The links lead to where each screen was left.
function drawNav(current) {
  const there = screens.filter((one) => isThere(one));
  set(nav, { hidden: there.length < 2 });
  nav.replaceChildren(...there.map((one) => link(one, current)));
}

function link(one, current) {
  const node = h("a", { href: addressOf(one, session?.id ?? "", one === current ? "" : rests[one.name]) }, one.title);
  return set(node, { "aria-current": one === current ? "page" : null });
}

// One address after the other, however fast they change.
/** @type {Promise<unknown>} */
let turn = Promise.resolve();
function follow() {
  turn = turn.then(show).catch((error) => toasts.show(error.message, "problem"));
}

async function start() {
  try {
    options = await get("api/options");
    turn = show();
    window.addEventListener("hashchange", follow);
    await turn;
  } catch (error) {
    document.body.append(h("p", { class: "fatal" }, error.message));
  }
}

start();
