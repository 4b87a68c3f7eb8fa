// The Transfer screen's logic: what is known of the targets, what is said of them, files of a drop.

import assert from "node:assert/strict";
import { test } from "node:test";
import { deferred, serve, settled } from "./browser.js";
import { collectDrop, collectFiles, hasSeveral } from "../../src/homologue/viewer/static/transfer/file_collection.js";
import { TargetStore } from "../../src/homologue/viewer/static/transfer/target_store.js";
import { FILTERS, notes, ORDERS, summarise } from "../../src/homologue/viewer/static/transfer/summary.js";

const POINTS = [{ id: "p", number: 1, x: 10, y: 20 }, { id: "q", number: 2, x: 30, y: 40, name: "ear" }];

function sessionOf(version) {
  return {
    id: "abc",
    acted: [],
    act(name, fields) {
      this.acted.push([name, fields]);
      return this.answer ?? Promise.resolve(true);
    },
    scene: { source: { id: "s" }, points: POINTS },
    state: { transfer: { version, columns: { p: 7, q: 8 } } },
  };
}

const NEWS = {
  version: 3,
  order: [1, 2],
  rows: [
    { id: 1, name: "a.png", picture: { id: "A" }, problem: null, corrections: {} },
    { id: 2, name: "s.png", picture: { id: "s" }, problem: null, corrections: {} },
  ],
  cells: { 7: [1, 5, 6, 0.9], 8: [1, 7, 8, 0.2] },
};

async function filled(t, session = sessionOf(3)) {
  const requests = serve(t, () => NEWS);
  const store = new TargetStore(session);
  await store.update();
  return { store, session, requests, row: store.target(1) };
}

test("what is new is asked for once, until all is there", async (t) => {
  const { store, requests, session } = await filled(t);
  await store.update();
  assert.deepEqual(requests.map(({ path }) => path), ["api/sessions/abc/transfer?since=0"]);
  session.state.transfer.version = 4;
  NEWS.version = 4;
  await Promise.all([store.update(), store.update()]);
  NEWS.version = 3;
  assert.deepEqual(requests.map(({ path }) => path).slice(1), ["api/sessions/abc/transfer?since=3"]);
});

test("points of a target: found, unsure, missing; the source has its own", async (t) => {
  const { store, row } = await filled(t);
  const [first, second] = store.points(row);
  assert.deepEqual(first, { id: "p", number: 1, name: "1", x: 5, y: 6, score: 0.9, low: false });
  assert.deepEqual([second.name, second.low], ["ear", true]);
  assert.deepEqual(store.points(store.target(2)).map(({ x, own }) => [x, own]), [[10, true], [30, true]]);
  store.session.state.transfer.columns.q = 9; // fitted anew
  assert.equal(store.points(row)[1].missing, true);
});

test("a correction shows at once, and goes when the server has refused it", async (t) => {
  const { store, session, row } = await filled(t);
  const answer = deferred();
  session.answer = answer.promise;
  const before = store.changes(1);
  const done = store.correct(1, "p", [50, 60]);
  assert.deepEqual(session.acted, [["correct", { target: 1, point: "p", x: 50, y: 60 }]]);
  assert.deepEqual(store.points(row)[0], { id: "p", number: 1, name: "1", x: 50, y: 60, score: null, corrected: true, hidden: false, stale: false });
  assert.ok(store.changes(1) > before);
  answer.resolve(false);
  await done;
  assert.equal(store.points(row)[0].x, 5);
});

test("a correction is outdated once its point was moved in the source", async (t) => {
  const { store, row } = await filled(t);
  row.corrections.p = { place: [1, 2], source: [10, 20] };
  assert.equal(store.points(row)[0].stale, false);
  row.corrections.p = { place: null, source: [11, 20] };
  const [point] = store.points(row);
  assert.deepEqual([point.hidden, point.stale, point.x], [true, true, undefined]);
  row.corrections = {};
});

test("a card says how a target is, and which filter it passes", async (t) => {
  const { store, row } = await filled(t);
  const at = (running, held) => summarise(store, row, { running, held });
  const one = at(null, false);
  assert.deepEqual([one.state, one.lowest, one.low, notes(one)], ["done", 0.2, 1, "1 low"]);
  assert.equal(summarise(store, store.target(2), {}).state, "source");
  assert.equal(summarise(store, { ...row, picture: null }, {}).state, "refused");
  assert.equal(summarise(store, { ...row, problem: "no" }, {}).state, "failed");
  store.session.state.transfer.columns.q = 9;
  assert.deepEqual([at("A", false).state, at("B", true).state, at(null, false).state], ["running", "held", "waiting"]);
  const passes = (card) => Object.keys(FILTERS).filter((name) => FILTERS[name].fits(card));
  assert.deepEqual(passes(one), ["all", "low"]);
  assert.deepEqual(passes({ ...one, low: 0, hidden: 1, state: "failed" }), ["all", "corrected", "failed"]);
});

test("targets are ordered by number in their names, and by their lowest score", () => {
  const cards = [["b10", 0.9], ["b9", null], ["a", 0.1]].map(([name, lowest]) => ({ row: { name }, lowest }));
  const names = (order) => cards.toSorted(ORDERS[order].compare).map(({ row }) => row.name);
  assert.deepEqual(names("added"), ["b10", "b9", "a"]);
  assert.deepEqual(names("name"), ["a", "b9", "b10"]);
  assert.deepEqual(names("score"), ["a", "b10", "b9"]);
});

const fileOf = (path, type = "") => {
  const file = new File(["x"], path.split("/").at(-1), { type });
  Object.defineProperty(file, "webkitRelativePath", { value: path.includes("/") ? path : "" });
  return file;
};

test("of a folder only pictures are taken, in the order of their names", () => {
  const files = ["f/10.png", "f/9.JPG", "f/notes.txt", "f/.hidden.png", "f/.git/a.png"].map((path) => fileOf(path));
  const { found, skipped } = collectFiles([...files, fileOf("f/raw", "image/x-raw")]);
  assert.deepEqual(found.map(({ path }) => path), ["9.JPG", "10.png", "raw"]);
  assert.equal(skipped, 3);
});

test("files that were chosen themselves are all sent", () => {
  const { found, skipped } = collectFiles([fileOf("notes.txt"), fileOf("a.png")]);
  assert.deepEqual([found.map(({ path }) => path), skipped], [["a.png", "notes.txt"], 0]);
});

// An entry of a drop as browsers give it: a folder is read a few at a time.
function folder(name, entries) {
  const batches = [entries.slice(0, 2), entries.slice(2), []].filter((batch, index) => batch.length || index === 2);
  return { name, isFile: false, isDirectory: true, createReader: () => ({ readEntries: (resolve) => resolve(batches.shift()) }) };
}

const entry = (path, broken = false) => ({
  name: path,
  isFile: true,
  file: (resolve, reject) => (broken ? reject(new Error("gone")) : resolve(fileOf(path))),
});

test("a folder that is dropped is read to its end; a file that cannot be read is counted", async () => {
  const top = folder("top", [entry("b.png"), folder("in", [entry("c.png")]), entry("a.png"), entry("x.png", true)]);
  const data = { items: [{ kind: "file", webkitGetAsEntry: () => top }, { kind: "string" }] };
  assert.ok(hasSeveral(data));
  const { found, skipped } = await collectDrop(data);
  assert.deepEqual(found.map(({ path }) => path), ["a.png", "b.png", "in/c.png"]);
  assert.equal(skipped, 1);
  await settled();
});
