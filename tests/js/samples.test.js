// The dialogs of the sample images: which samples a filter and a style show.

import assert from "node:assert/strict";
import { test } from "node:test";
import { matching, stylesOf } from "../../src/homologue/viewer/static/match/sample_dialog.js";

const SAMPLES = { tabby: ["photograph"], cat: ["noto", "twemoji"], "cat-face": ["emojione", "noto"] };

test("photographs are the first style", () => {
  assert.deepEqual(stylesOf(SAMPLES), ["photograph", "emojione", "noto", "twemoji"]);
});

test("a filter that the style does not match finds other styles", () => {
  assert.deepEqual(matching(SAMPLES, "photograph", ""), ["tabby/photograph"]);
  assert.deepEqual(matching(SAMPLES, "noto", " Cat "), ["cat/noto", "cat-face/noto"]);
  assert.deepEqual(matching(SAMPLES, "twemoji", "cat"), ["cat/twemoji"]);
  assert.deepEqual(matching(SAMPLES, "photograph", "cat"), ["cat/noto", "cat-face/emojione"]);
  assert.deepEqual(matching(SAMPLES, "photograph", "dog"), []);
});
