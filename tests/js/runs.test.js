// The Runs screen's logic: its address, the windows of pairs, requests that overtake each other.

import assert from "node:assert/strict";
import { test } from "node:test";
import { deferred, serve, settled } from "./browser.js";
import { runsPath, applicableFilters, formatRest, parseRest } from "../../src/homologue/viewer/static/runs/address.js";
import { LatestRequest } from "../../src/homologue/viewer/static/runs/latest_request.js";
import { factsOf, verdictOf } from "../../src/homologue/viewer/static/runs/verdicts.js";
import { PairWindows } from "../../src/homologue/viewer/static/runs/pair_windows.js";

const NOTHING = { run: null, pair: null, filters: {}, at: 0, point: null, map: 0 };

test("an address says what is shown, and comes back as it was", () => {
  const states = [
    NOTHING,
    { ...NOTHING, run: "a/b c?d", filters: { text: "50 % & more", "by.category": "cat" }, at: 120 },
    { ...NOTHING, run: "r", pair: "cat/1-2:cat", filters: { sort: "worst" }, point: 3, map: 2 },
  ];
  for (const state of states) assert.deepEqual(parseRest(formatRest(state)), state);
  assert.equal(formatRest({ ...NOTHING, run: "r", at: 60 }), "r?at=60");
});

test("an address leaves out what has no meaning there", () => {
  assert.equal(formatRest({ ...NOTHING, run: "r", pair: "p", at: 60, map: 2 }), "r/p");
  assert.equal(formatRest({ ...NOTHING, run: "r", point: 2, map: 1 }), "r");
});

test("an address that somebody has spoilt is read as far as it goes", () => {
  assert.deepEqual(parseRest("r?at=-4&point=x&map=1e9&text="), { ...NOTHING, run: "r" });
  assert.deepEqual(parseRest("%E0%A4%A/p"), { ...NOTHING, run: "%E0%A4%A", pair: "p" });
  assert.deepEqual(parseRest(""), NOTHING);
});

test("another run keeps the filters that it has too", () => {
  const run = { thresholds: ["bbox"], labels: { category: ["cat"] } };
  const filters = { threshold: "bbox", "by.category": "cat", text: "a" };
  assert.deepEqual(applicableFilters(filters, run), filters);
  assert.deepEqual(applicableFilters({ threshold: "legacy", "by.category": "dog", "by.style": "x", text: "a" }, run), { text: "a" });
});

test("a request's parameters are encoded", () => {
  assert.equal(runsPath("pairs", { run: "a b", text: "x&y" }), "api/runs/pairs?run=a+b&text=x%26y");
});

test("of requests that are made meanwhile only the newest is made", async () => {
  const latest = new LatestRequest();
  const first = deferred();
  const ran = [];
  const failures = [];
  const ask = (name, work = Promise.resolve()) =>
    latest.request(() => {
      ran.push(name);
      return work;
    }, (error) => failures.push(error.message));
  ask("first", first.promise);
  assert.equal(latest.stale, false);
  ask("second");
  ask("third", Promise.reject(new Error("no")));
  assert.equal(latest.stale, true);
  first.resolve();
  await settled();
  assert.deepEqual(ran, ["first", "third"]);
  assert.deepEqual(failures, ["no"]);
  ask("fourth");
  assert.deepEqual(ran, ["first", "third", "fourth"]);
});

// 60 pairs a window, of 150 pairs that are their numbers.
function pairsOf(path) {
  const parameters = new URL(path, "http://127.0.0.1/").searchParams;
  const [offset, limit] = [Number(parameters.get("offset")), Number(parameters.get("limit"))];
  const pairs = Array.from({ length: Math.max(0, Math.min(limit, 150 - offset)) }, (_, index) => offset + index);
  return { total: 150, pairs };
}

const offsetOf = ({ path }) => Number(new URL(path, "http://127.0.0.1/").searchParams.get("offset"));

test("pairs come a window at a time, each once", async (t) => {
  const requests = serve(t, pairsOf);
  let changes = 0;
  const windows = new PairWindows({ run: "r" }, () => {
    changes += 1;
  }, assert.fail);
  await windows.open(70);
  assert.deepEqual(requests.map(offsetOf), [60]);
  assert.deepEqual([windows.total, windows.get(70), windows.get(0), windows.get(149)], [150, 70, null, null]);
  windows.want(50, 149);
  windows.want(50, 149);
  await settled();
  assert.deepEqual(requests.map(offsetOf), [60, 0, 120]);
  assert.deepEqual([windows.get(0), windows.get(149), changes], [0, 149, 2]);
});

test("a window behind the last pair shows the first pairs instead", async (t) => {
  serve(t, pairsOf);
  const windows = await new PairWindows({ run: "r" }, assert.fail, assert.fail).open(600);
  assert.equal(windows.get(0), 0);
});

test("two windows are asked for at once; after a failure no more", async (t) => {
  const answers = [];
  const requests = serve(t, () => {
    answers.push(deferred());
    return answers.at(-1).promise;
  });
  const failures = [];
  const windows = new PairWindows({ run: "r" }, () => {}, (error) => failures.push(error.message));
  windows.want(0, 299);
  await settled();
  assert.deepEqual(requests.map(offsetOf), [0, 60]);
  answers[0].resolve(Response.json({ error: "The run is gone." }, { status: 404 }));
  await settled();
  assert.deepEqual(failures, ["The run is gone."]);
  answers[1].resolve(pairsOf(requests[1].path));
  await settled();
  assert.equal(requests.length, 2);
});

test("what is said of a pair", () => {
  const pair = { error: null, verdict: "mixed", right: 5, points_scored: 8, worst: 0.345, score: 0.8 };
  assert.equal(factsOf(pair), "5 of 8 correct · worst 0.34 · score 0.80");
  assert.equal(factsOf({ ...pair, worst: null, score: null }), "5 of 8 correct · not all found");
  assert.equal(factsOf({ ...pair, verdict: "failed", error: "no file" }), "failed: no file");
  assert.deepEqual([true, false, null].map(verdictOf), ["right", "wrong", "unknown"]);
});
