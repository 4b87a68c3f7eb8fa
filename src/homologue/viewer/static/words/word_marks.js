// @ts-check
// Marks over the picture: peak, centre of mass and box of a word, numbers of segments, and the
// points that can be named.

import { colourOf, inkOn } from "../core/colours.js";
import { keyed, s, set, write } from "../core/dom.js";

const HALF_TAG = 11; // pixels

export class Marks {
  #word = s("g", { class: "word-marks", "aria-hidden": "true" }, s("rect", { class: "box" }), s("path", { class: "centre-casing" }), s("path", { class: "centre" }), s("circle", { class: "peak" }));
  #tags = s("g", { "aria-hidden": "true" });
  #points = s("g", { "aria-hidden": "true" }); // the list of points below does the same with keys
  #overlay = s("svg", { class: "overlay" });

  // name: is called with the id of a point that is chosen.
  constructor(session, results, shown, pane, name) {
    this.session = session;
    this.results = results;
    this.shown = shown;
    this.pane = pane;
    this.#overlay.append(this.#word, this.#tags, this.#points);
    pane.well.append(this.#overlay);
    pane.addEventListener("view", () => this.draw());
    this.#points.addEventListener("click", (event) => {
      const id = /** @type {Element} */ (event.target).closest(".point")?.getAttribute("data-key");
      if (id) name(id);
    });
  }

  draw() {
    const { viewport } = this.pane;
    set(this.#overlay, { width: viewport.paneWidth, height: viewport.paneHeight });
    this.#drawWord();
    this.#drawTags();
    const { points } = this.session.scene;
    const named = this.session.state.words.named.point;
    keyed(this.#points, points, (point) => point.id, makePoint, (node, point) => {
      const [left, top] = viewport.toPane([point.x, point.y]);
      set(node, { transform: `translate(${left.toFixed(2)} ${top.toFixed(2)})` });
      node.classList.toggle("named", point.id === named);
      node.classList.toggle("faint", this.shown.now !== null && point.id !== named);
      const [title, hit, rim, face, text] = node.children;
      write(title, `Point ${point.number}: what would the model call it?`);
      set(face, { fill: colourOf(point.number) });
      set(text, { fill: inkOn(point.number) });
      set(hit, { r: 14 });
      set(rim, { r: point.id === named ? 13 : 10.5 });
      write(text, String(point.number));
    });
  }

  // Of a single word.
  #drawWord() {
    const { now } = this.shown;
    const single = now?.map && now.words.length === 1 ? this.results.facts.words[now.words[0]] : null;
    set(this.#word, { visibility: single ? null : "hidden" });
    if (!single) return;
    const { viewport } = this.pane;
    const [box, casing, centre, peak] = this.#word.children;
    const [left, top] = viewport.toPane(single.box.slice(0, 2));
    const [right, bottom] = viewport.toPane(single.box.slice(2));
    set(box, { x: left, y: top, width: right - left, height: bottom - top });
    const [x, y] = viewport.toPane(single.centre);
    for (const node of [casing, centre]) set(node, { d: `M${x - 7} ${y}h14M${x} ${y - 7}v14` });
    const [cx, cy] = viewport.toPane(single.peak);
    set(peak, { cx, cy, r: 5.5 });
  }

  #drawTags() {
    const { now } = this.shown;
    const tags = (now?.segments?.tags ?? []).map((at, index) => ({ at, number: index + 1 })).filter(({ at }) => at);
    const { viewport } = this.pane;
    keyed(this.#tags, tags, ({ number }) => number, makeTag, (node, { at, number }) => {
      const place = viewport.toPane([at[0] * viewport.width, at[1] * viewport.height]);
      const [left, top] = [inside(place[0], viewport.paneWidth), inside(place[1], viewport.paneHeight)];
      set(node, { transform: `translate(${left.toFixed(2)} ${top.toFixed(2)})` });
      write(node.children[node.children.length - 1], String(number));
    });
  }
}

// A tag is not cut off at the edge.
function inside(place, length) {
  return Math.min(Math.max(place, HALF_TAG), length - HALF_TAG);
}

// A square, as points are round.
function makeTag() {
  return s("g", { class: "tag" }, s("rect", { x: -10, y: -10, width: 20, height: 20, rx: 3 }), s("text", { dy: "0.355em", "text-anchor": "middle", "font-size": 13 }));
}

function makePoint() {
  return s(
    "g",
    { class: "point" },
    s("title"),
    s("circle", { class: "hit" }),
    s("circle", { class: "rim" }),
    s("circle", { class: "face", r: 9 }),
    s("text", { dy: "0.355em", "text-anchor": "middle", "font-size": 11 }),
  );
}
