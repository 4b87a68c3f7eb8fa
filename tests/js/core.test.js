// What all screens use: elements, keys, preferences, colours, what a job says.

import assert from "node:assert/strict";
import { test } from "node:test";
import { page } from "./browser.js";
import { colourOf, inkOn } from "../../src/homologue/viewer/static/core/colours.js";
import { h, keyed, s, set, setText } from "../../src/homologue/viewer/static/core/dom.js";
import { newId } from "../../src/homologue/viewer/static/core/ids.js";
import { Keys } from "../../src/homologue/viewer/static/core/keys.js";
import { ViewState } from "../../src/homologue/viewer/static/core/view_state.js";
import { describeProgress, formatPoint, fractionDone, progressLabel, timeLeft } from "../../src/homologue/viewer/static/match/progress_text.js";
import { patternName } from "../../src/homologue/viewer/static/words/patterns.js";

test("text never becomes markup", () => {
  const node = h("p", { title: '"><b>' }, "<b>bold</b>", null, undefined, [h("i", {}, "x")]);
  assert.equal(node.children.length, 1);
  assert.equal(node.textContent, "<b>bold</b>x");
  assert.equal(s("g").namespaceURI, "http://www.w3.org/2000/svg");
});

test("null and false take an attribute away, true sets it empty", () => {
  const node = h("button", { hidden: true, title: "a", "data-n": 0 });
  assert.deepEqual(["hidden", "title", "data-n"].map((name) => node.getAttribute(name)), ["", "a", "0"]);
  set(node, { hidden: false, title: null });
  assert.deepEqual([node.hasAttribute("hidden"), node.hasAttribute("title")], [false, false]);
});

test("a text that is there already is not touched", () => {
  const node = h("p", {}, "same");
  const text = node.firstChild;
  setText(node, "same");
  assert.equal(node.firstChild, text);
  setText(node, "other");
  assert.equal(node.textContent, "other");
});

test("children follow the items: kept, made, ordered, removed", () => {
  const list = h("ol", {});
  const made = [];
  const show = (items) =>
    keyed(list, items, (one) => one.id, (one) => {
      made.push(one.id);
      return h("li", {});
    }, (node, one) => setText(node, one.text));
  const texts = () => [...list.children].map((one) => one.textContent).join("");
  show([{ id: 1, text: "a" }, { id: 2, text: "b" }, { id: 3, text: "c" }]);
  const [first, , third] = list.children;
  show([{ id: 3, text: "C" }, { id: 4, text: "d" }, { id: 1, text: "a" }]);
  assert.equal(texts(), "Cda");
  assert.deepEqual(made, [1, 2, 3, 4]);
  assert.deepEqual([list.children[0], list.children[2]], [third, first]);
  show([]);
  assert.equal(texts(), "");
});

function press(key, { on = page.document.body, ...how } = {}) {
  const event = new page.KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...how });
  on.dispatchEvent(event);
  return event.defaultPrevented;
}

test("keys run what they are bound to, with exactly their modifiers", () => {
  const keys = new Keys();
  const ran = [];
  const end = keys.add("Ctrl+Z", "Undo", () => ran.push("undo"));
  keys.add("Shift+L or ]", "Back", () => ran.push("back"));
  keys.add("l", "On", () => ran.push("on"));
  keys.add("Arrows", "Only listed");
  assert.ok(press("z", { ctrlKey: true }));
  assert.ok(press("Z", { metaKey: true }));
  assert.ok(!press("z"));
  assert.ok(!press("z", { ctrlKey: true, shiftKey: true }));
  assert.ok(press("L", { shiftKey: true }));
  assert.ok(press("]", { shiftKey: true })); // of signs Shift is a part on some keyboards
  assert.ok(press("l"));
  assert.ok(!press("l", { altKey: true }));
  assert.deepEqual(ran, ["undo", "undo", "back", "back", "on"]);
  end();
  assert.ok(!press("z", { ctrlKey: true }));
  assert.deepEqual(keys.list().map(({ keys: shown }) => shown), ["Shift+L or ]", "l", "Arrows"]);
});

test("keys are left to fields and dialogs", () => {
  const keys = new Keys();
  let count = 0;
  keys.add("q", "Count", () => {
    count += 1;
  });
  const [field, slider] = [h("input", {}), h("input", { type: "range" })];
  page.document.body.append(field, slider);
  assert.ok(!press("q", { on: field }));
  assert.ok(press("q", { on: slider }));
  const dialog = h("dialog", { open: true });
  page.document.body.append(dialog);
  assert.ok(!press("q"));
  dialog.remove();
  assert.ok(press("q"));
  assert.equal(count, 2);
});

test("a look keeps what the browser keeps, and tells what has changed", () => {
  localStorage.clear();
  const viewState = new ViewState({ opacity: 0.7 }, { hovered: null });
  const told = [];
  viewState.addEventListener("change", (event) => told.push(event.detail));
  viewState.set("opacity", 0.5);
  viewState.set("opacity", 0.5);
  viewState.set("hovered", "p");
  assert.deepEqual(told, ["opacity", "hovered"]);
  const later = new ViewState({ opacity: 0.7 }, { hovered: null });
  assert.deepEqual([later.get("opacity"), later.get("hovered")], [0.5, null]);
  localStorage.setItem("homologue", "not JSON");
  assert.equal(new ViewState({ opacity: 0.7 }).get("opacity"), 0.7);
});

test("colours come again from the eighth on, with another pattern", () => {
  assert.equal(colourOf(1), colourOf(8));
  assert.notEqual(colourOf(1), colourOf(2));
  assert.deepEqual([1, 7].map(inkOn), ["#fff", "#000"]);
  const looks = Array.from({ length: 49 }, (_, index) => `${colourOf(index + 1)} ${patternName(index + 1)}`);
  assert.equal(new Set(looks).size, 49);
});

test("ids are long and different", () => {
  const ids = new Set(Array.from({ length: 1000 }, newId));
  assert.equal(ids.size, 1000);
  for (const id of ids) assert.match(id, /^[0-9a-z]{14}$/);
});

test("what a job does is said in words and as a share that only grows", () => {
  const told = { stage: "fit", done: 43, total: 100, loss: 2.314, left: 3.2 };
  assert.equal(describeProgress(told), "Fitting, step 43 of 100 · loss 2.31 · about 3 s left");
  assert.equal(progressLabel(told), "Fitting 43 of 100 · loss 2.31");
  assert.equal(describeProgress({ ...told, stage: "load", done: 0, total: 1, loss: null, left: null }), "Loading the model");
  assert.deepEqual([describeProgress(null), progressLabel(null), fractionDone(null)], ["Waiting", "Waiting", 0]);
  const shares = ["load", "look", "fit", "locate"].flatMap((stage) => [0, 1].map((done) => fractionDone({ stage, done, total: 1 })));
  assert.deepEqual(shares, shares.toSorted((a, b) => a - b));
  assert.equal(shares.at(-1), 1);
  assert.deepEqual([0, 89, 120].map(timeLeft), ["about 1 s left", "about 89 s left", "about 2 min left"]);
});

test("a place has a decimal on a small picture", () => {
  const point = { x: 95.64, y: 146.2 };
  assert.equal(formatPoint(point), "96, 146");
  assert.equal(formatPoint(point, { width: 199, height: 900 }), "95.6, 146.2");
});
