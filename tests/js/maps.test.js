// Heat maps: how they are packed, read, combined and named.

import assert from "node:assert/strict";
import { test } from "node:test";
import { serve } from "./browser.js";
import { nameOf, valueText } from "../../src/homologue/viewer/static/maps/paint.js";
import { fetchMaps, valueAt } from "../../src/homologue/viewer/static/maps/map_cache.js";
import { meanOf, segmentsOf } from "../../src/homologue/viewer/static/words/combine.js";

// As packing.py writes them: length of the header, header, padding to four bytes, levels.
function packed(side, maps) {
  const header = new TextEncoder().encode(JSON.stringify({ side, maps: maps.map(({ levels: _, ...facts }) => facts) }));
  const start = 4 + header.length + ((4 - (header.length % 4)) % 4);
  const buffer = new ArrayBuffer(start + 2 * side * side * maps.length);
  const view = new DataView(buffer);
  view.setUint32(0, header.length, true);
  new Uint8Array(buffer, 4, header.length).set(header);
  maps.flatMap(({ levels }) => [...levels]).forEach((level, index) => {
    view.setUint16(start + 2 * index, level, true);
  });
  return buffer;
}

const mapOf = (name, levels, scale) => ({ kind: "word", name, scale, levels: Uint16Array.from(levels) });

test("maps are unpacked as they were packed, whatever the length of the header", async (t) => {
  for (const name of ["a", "ab", "abc", "abcd"]) {
    const maps = [mapOf(name, [0, 1, 256, 65535], 4), mapOf("x", [7, 8, 9, 10], 2)];
    const requests = serve(t, () => new Response(packed(2, maps)));
    assert.deepEqual(await fetchMaps(`of ${name}`), { side: 2, maps });
    await fetchMaps(`of ${name}`); // it is kept
    assert.deepEqual(requests.map(({ path }) => path), [`api/maps/of ${name}`]);
    t.mock.restoreAll();
  }
});

test("maps that could not be fetched are asked for again", async (t) => {
  let broken = true;
  serve(t, () => (broken ? Response.json({ error: "gone" }, { status: 404 }) : new Response(packed(1, [mapOf("a", [1], 1)]))));
  await assert.rejects(fetchMaps("again"), /gone/);
  broken = false;
  assert.equal((await fetchMaps("again")).side, 1);
});

test("a value is in times the average, the edge belongs to the last place", () => {
  const map = mapOf("a", [0, 65535, 13107, 0], 5);
  assert.equal(valueAt(map, 2, 0.75, 0.25), 5);
  assert.equal(valueAt(map, 2, 1, 0), 5);
  assert.equal(valueAt(map, 2, 0, 1), 1);
  assert.equal(valueAt(map, 2, -3, 0.9), 1);
});

test("the mean of maps weighs each by its own scale", () => {
  const maps = [mapOf("a", [65535, 0], 2), mapOf("b", [0, 65535], 4)];
  const mean = meanOf(maps, "mean");
  assert.ok(Math.abs(mean.scale - 2) < 1e-12); // the highest: (0 + 4) / 2
  assert.deepEqual([...mean.levels], [32768, 65535]); // (2 + 0) / 2 = 1 of 2
});

test("each place goes to the map that is highest there, in values and not in levels", () => {
  const maps = [mapOf("a", [65535, 65535, 0, 0], 1), mapOf("b", [65535, 0, 65535, 0], 2)];
  const { labels, tags } = segmentsOf(maps, 2, null, 2, 2);
  assert.deepEqual([...labels], [2, 1, 2, 1]); // of equals the first keeps the place
  assert.deepEqual(tags, [[0.75, 0.25], [0.25, 0.25]]);
});

test("a place below all thresholds has no word, a word without a place no tag", () => {
  const maps = [mapOf("a", [65535, 0, 0, 0], 1), mapOf("b", [0, 0, 0, 32768], 1)];
  const { labels, tags } = segmentsOf(maps, 2, [0.5, 0.75], 2, 2);
  assert.deepEqual([...labels], [1, 0, 0, 0]);
  assert.deepEqual(tags, [[0.25, 0.25], null]);
});

test("maps are read between their places", () => {
  const { labels } = segmentsOf([mapOf("a", [65535, 0], 1), mapOf("b", [0, 65535], 1)].map((map) => ({ ...map, levels: Uint16Array.from([...map.levels, ...map.levels]) })), 2, null, 8, 1);
  assert.deepEqual([...labels], [1, 1, 1, 1, 2, 2, 2, 2]);
});

test("names and values are short", () => {
  const layer = (name) => nameOf({ kind: "layer", name });
  assert.equal(layer("up_blocks.1.attentions.0.transformer_blocks.0.attn2"), "layer up 1.0");
  assert.equal(layer("up_blocks.0.attentions.1.transformer_blocks.3.attn2"), "layer up 0.1.3");
  assert.equal(layer("down_blocks.2.attentions.1.transformer_blocks.0.attn2"), "layer down 2.1");
  assert.equal(layer("mid_block.attentions.0.transformer_blocks.0.attn2"), "layer mid 0.0");
  assert.equal(layer("mid_block.attentions.0.transformer_blocks.9.attn2"), "layer mid 0.9");
  assert.equal(nameOf({ kind: "word", name: "hat" }), "word “hat”");
  assert.equal(nameOf({ kind: "embedding", name: 2 }), "embedding 2");
  assert.equal(nameOf({ kind: "mean", name: "mean" }), "mean");
  assert.deepEqual([valueText(1.234), valueText(12.34)], ["1.23 × average", "12.3 × average"]);
});
