// Which part of a picture a pane shows, computed by hand and for many random views.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Viewport } from "../../src/homologue/viewer/static/core/viewport.js";

function viewportOf([width, height], [paneWidth, paneHeight]) {
  const viewport = new Viewport();
  viewport.setPicture(width, height);
  viewport.setPane(paneWidth, paneHeight);
  return viewport;
}

function near(actual, expected, tolerance = 1e-9) {
  assert.equal(actual.length, expected.length);
  for (const [index, value] of expected.entries()) {
    assert.ok(Math.abs(actual[index] - value) <= tolerance, `${actual} is not ${expected}`);
  }
}

// The same numbers in every run.
function randomNumbers(seed) {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

test("a picture is fitted into the pane and centred", () => {
  const viewport = viewportOf([200, 100], [400, 400]);
  assert.equal(viewport.scale, 2);
  assert.deepEqual(viewport.box, { left: 0, top: 100, width: 400, height: 200 });
  near(viewport.toPane([100, 50]), [200, 200]);
  near(viewport.toPicture([0, 100]), [0, 0]);
});

test("places on the picture and beside it", () => {
  const viewport = viewportOf([200, 100], [400, 400]);
  assert.ok(viewport.holds([0, 100]));
  assert.ok(viewport.holds([400, 300]));
  assert.ok(!viewport.holds([200, 99]));
  assert.deepEqual(viewport.inside([-3, 120]), [0, 100]);
});

test("pane and picture frames are inverse, and zooming keeps what is under the pointer", () => {
  const random = randomNumbers(1);
  for (let round = 0; round < 300; round += 1) {
    const size = [1 + Math.floor(random() * 2000), 1 + Math.floor(random() * 2000)];
    const viewport = viewportOf(size, [50 + random() * 900, 50 + random() * 900]);
    viewport.zoomAt([random() * viewport.paneWidth, random() * viewport.paneHeight], 1 + 6 * random());
    const place = [random() * viewport.paneWidth, random() * viewport.paneHeight];
    near(viewport.toPane(viewport.toPicture(place)), place, 1e-6);
    const { box } = viewport;
    const [inner, outer] = [box.width >= viewport.paneWidth, box.height >= viewport.paneHeight];
    const before = viewport.toPicture(place);
    viewport.zoomAt(place, 1.2);
    const after = viewport.toPicture(place);
    // Along an axis on which the picture leaves ground free it is centred instead.
    if (inner) near([after[0]], [before[0]], 1e-6);
    if (outer) near([after[1]], [before[1]], 1e-6);
  }
});

test("no zoom and no shift leaves more ground free than has to be", () => {
  const random = randomNumbers(2);
  for (let round = 0; round < 300; round += 1) {
    const viewport = viewportOf([300, 200], [100 + random() * 500, 100 + random() * 500]);
    viewport.zoomAt([random() * 600, random() * 600], 10 * random());
    viewport.panBy((random() - 0.5) * 3000, (random() - 0.5) * 3000);
    const { left, top, width, height } = viewport.box;
    for (const [start, length, pane] of [[left, width, viewport.paneWidth], [top, height, viewport.paneHeight]]) {
      if (length > pane) assert.ok(start <= 1e-6 && start + length >= pane - 1e-6);
      else near([start + length / 2], [pane / 2], 1e-6);
    }
  }
});

test("the zoom has limits", () => {
  const viewport = viewportOf([100, 100], [400, 400]);
  viewport.zoomAt([200, 200], 1e6);
  assert.equal(viewport.scale, 32);
  viewport.zoomAt([200, 200], 1e-6);
  assert.equal(viewport.zoom, 1);
});

test("a point out of sight is brought into the pane", () => {
  const viewport = viewportOf([400, 400], [400, 400]);
  viewport.zoomAt([0, 0], 4);
  viewport.show([350, 350]);
  near(viewport.toPane([350, 350]), [200, 200]);
  const { box } = viewport;
  viewport.show([340, 350]); // it is in sight
  assert.deepEqual(viewport.box, box);
});

test("a pane without a size, or a viewport without a picture, has a scale of 1", () => {
  assert.equal(new Viewport().scale, 1);
  assert.equal(viewportOf([100, 100], [0, 0]).scale, 1);
});
