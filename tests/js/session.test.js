// The page's side of a session: what a person does shows at once, the server has the last word.

import assert from "node:assert/strict";
import { test } from "node:test";
import { beacons, deferred, page, serve, settled, sources } from "./browser.js";
import { Session } from "../../src/homologue/viewer/static/core/session.js";

function stateOf(moment, points = []) {
  return { session: "abc", moment, scene: { source: null, target: null, points, settings: {} } };
}

const NOSE = { id: "n", number: 1, x: 10, y: 20 };

function opened(t, state) {
  const session = new Session(state);
  t.after(() => session.close());
  return session;
}

test("an added point is there before the server has answered", async (t) => {
  const answer = deferred();
  const requests = serve(t, () => answer.promise);
  const session = opened(t, stateOf(1));
  const accepted = session.act("add", { id: "n", x: 10, y: 20 });
  assert.deepEqual(session.scene.points, [NOSE]);
  assert.deepEqual(session.state.scene.points, []);
  await settled();
  assert.equal(requests[0].path, "api/sessions/abc");
  assert.deepEqual(JSON.parse(requests[0].options.body), { do: "add", id: "n", x: 10, y: 20 });
  answer.resolve(stateOf(2, [NOSE]));
  assert.equal(await accepted, true);
  assert.deepEqual(session.scene.points, [NOSE]);
  assert.equal(session.state.moment, 2);
});

test("points get the lowest number that is free", async (t) => {
  serve(t, () => new Promise(() => {}));
  const session = opened(t, stateOf(1, [NOSE, { id: "c", number: 3, x: 0, y: 0 }]));
  session.act("add", { id: "b", x: 1, y: 1 });
  session.act("add", { id: "d", x: 2, y: 2 });
  assert.deepEqual(session.scene.points.map(({ id, number }) => [id, number]), [["n", 1], ["c", 3], ["b", 2], ["d", 4]]);
  session.act("move", { id: "b", x: 9, y: 8 });
  session.act("delete", { id: "n" });
  assert.deepEqual(session.scene.points.map(({ id, x }) => [id, x]), [["c", 0], ["b", 9], ["d", 2]]);
  session.act("clear");
  assert.deepEqual(session.scene.points, []);
});

test("actions are sent one after the other, and played again on what the server says", async (t) => {
  const answers = [deferred(), deferred()];
  const requests = serve(t, () => answers[requests.length - 1].promise);
  const session = opened(t, stateOf(1));
  const first = session.act("add", { id: "n", x: 10, y: 20 });
  const second = session.act("move", { id: "n", x: 11, y: 21 });
  await settled();
  assert.equal(requests.length, 1);
  answers[0].resolve(stateOf(2, [NOSE]));
  await first;
  assert.equal(session.scene.points[0].x, 11); // the move is not answered yet
  await settled();
  assert.equal(requests.length, 2);
  answers[1].resolve(stateOf(3, [{ ...NOSE, x: 11, y: 21 }]));
  assert.equal(await second, true);
  assert.equal(session.scene.points[0].x, 11);
});

test("a refused action is taken back and told of; those after it are sent", async (t) => {
  const requests = serve(t, () =>
    requests.length === 1 ? Response.json({ error: "There is no such point." }, { status: 404 }) : stateOf(2, [NOSE]),
  );
  const session = opened(t, stateOf(1));
  const problems = [];
  session.addEventListener("problem", (event) => problems.push(event.detail));
  const refused = session.act("move", { id: "x", x: 1, y: 1 });
  const accepted = session.act("add", { id: "n", x: 10, y: 20 });
  assert.deepEqual([await refused, await accepted], [false, true]);
  assert.deepEqual(problems, ["There is no such point."]);
  assert.deepEqual(session.scene.points, [NOSE]);
});

test("an older state never replaces a newer one", (t) => {
  const session = opened(t, stateOf(5, [NOSE]));
  let changes = 0;
  session.addEventListener("change", () => {
    changes += 1;
  });
  const source = sources.at(-1);
  assert.equal(source.address, "api/sessions/abc/events");
  source.tell("state", stateOf(4));
  assert.deepEqual([session.state.moment, changes], [5, 0]);
  source.tell("state", stateOf(6));
  assert.deepEqual([session.state.moment, session.scene.points, changes], [6, [], 1]);
  source.tell("progress", { match: { done: 1 } });
  assert.deepEqual(session.progress, { match: { done: 1 } });
});

test("the page says that the viewer is gone only when the browser has given up", (t) => {
  const session = opened(t, stateOf(1));
  let gone = 0;
  session.addEventListener("gone", () => {
    gone += 1;
  });
  const source = sources.at(-1);
  source.readyState = EventSource.CONNECTING;
  source.dispatchEvent(new Event("error"));
  assert.equal(gone, 0);
  source.readyState = EventSource.CLOSED;
  source.dispatchEvent(new Event("error"));
  assert.equal(gone, 1);
});

test("leaving the page sends what was not sent, and nothing twice", async (t) => {
  serve(t, () => new Promise(() => {}));
  const session = opened(t, stateOf(1));
  session.act("add", { id: "n", x: 1, y: 1 });
  session.act("delete", { id: "n" });
  await settled(); // the first is on its way
  page.dispatchEvent(new page.Event("pagehide"));
  assert.equal(beacons.length, 1);
  assert.equal(beacons[0].path, "api/sessions/abc");
  assert.deepEqual(JSON.parse(await beacons[0].body.text()), { do: "delete", id: "n" });
  session.close();
  page.dispatchEvent(new page.Event("pagehide"));
  assert.equal(beacons.length, 1);
});

test("a server that is not there is a sentence", async (t) => {
  serve(t, () => {
    throw new TypeError("fetch failed");
  });
  await assert.rejects(Session.open("a/b"), /The viewer does not answer/);
});
