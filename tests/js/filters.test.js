// What narrows the pairs of a run down.

import assert from "node:assert/strict";
import { test } from "node:test";
import { page } from "./browser.js";
import { Filters } from "../../src/homologue/viewer/static/runs/filters.js";

const RUN = { labels: { category: ["cat", "dog"], source_style: ["noto"] }, scored: true };

function made(run = RUN, filters = {}) {
  const told = [];
  const shown = new Filters(run, (chosen, debounced) => told.push([chosen, debounced]));
  page.document.body.replaceChildren(shown.element);
  shown.show(filters);
  const field = (name) => shown.element.querySelector(`[name="${name}"]`);
  const choose = (name, value, kind) => {
    field(name).value = value;
    field(name).dispatchEvent(new page.Event(kind));
  };
  return { shown, told, field, choose };
}

test("a run's labels are fields with their values", () => {
  const { shown, field } = made();
  assert.deepEqual([...field("by.category").options].map((one) => one.value), ["", "cat", "dog"]);
  assert.match(shown.element.textContent, /Source style/);
});

test("only a run with scores can be filtered and sorted by them", () => {
  const values = (one) => [...one.field("sort").options].map((option) => option.value);
  assert.ok(values(made()).includes("score"));
  assert.ok(made().field("score_from"));
  const without = made({ ...RUN, scored: false });
  assert.ok(!values(without).includes("score"));
  assert.equal(without.field("score_from"), null);
});

test("a choice is added to the others, at once; the empty one takes it away", () => {
  const { told, choose } = made(RUN, { verdict: "wrong", alpha: "0.05" });
  choose("by.category", "dog", "change");
  choose("verdict", "", "change");
  assert.deepEqual(told, [
    [{ verdict: "wrong", alpha: "0.05", "by.category": "dog" }, false],
    [{ alpha: "0.05" }, false],
  ]);
});

test("the order of the server itself is no filter", () => {
  const { told, choose } = made(RUN, { sort: "worst" });
  choose("sort", "position", "change");
  assert.deepEqual(told, [[{}, false]]);
});

test("what is being typed lingers; what is no number is not sent", () => {
  const { told, field, choose } = made();
  choose("text", "fox", "input");
  choose("error_from", "0.5", "input");
  assert.deepEqual(told, [[{ text: "fox" }, true], [{ error_from: "0.5" }, true]]);
  Object.defineProperty(field("error_to"), "validity", { value: { valid: false } });
  choose("error_to", "", "input");
  assert.equal(told.length, 2);
});

test("a field that is being typed in is left alone", () => {
  const { shown, field } = made(RUN, { text: "fox" });
  assert.equal(field("text").value, "fox");
  field("text").focus();
  field("text").value = "fox t";
  shown.show({ text: "fox" });
  assert.equal(field("text").value, "fox t");
  field("text").blur();
  shown.show({ text: "fox" });
  assert.equal(field("text").value, "fox");
});

test("the count leaves the order and what is chosen elsewhere out", () => {
  const { shown } = made(RUN, { text: "a", sort: "worst", order: "down", alpha: "0.1", "by.category": "cat" });
  assert.equal(shown.count.textContent, "2 active");
  assert.ok(!shown.clear.hasAttribute("hidden"));
  shown.show({ alpha: "0.1" });
  assert.equal(shown.count.textContent, "");
  assert.ok(shown.clear.hasAttribute("hidden"));
});

test("the order is turned round and back", () => {
  const { shown, told } = made(RUN, { sort: "worst" });
  shown.order.click();
  assert.deepEqual(told.at(-1), [{ sort: "worst", order: "down" }, false]);
  shown.show({ sort: "worst", order: "down" });
  assert.match(shown.order.getAttribute("aria-label"), /^Descending/);
  shown.order.click();
  assert.deepEqual(told.at(-1), [{ sort: "worst" }, false]);
});

test("everything is cleared by one button", () => {
  const { shown, told } = made(RUN, { text: "a", alpha: "0.1" });
  shown.clear.click();
  assert.deepEqual(told, [[{}, false]]);
});
