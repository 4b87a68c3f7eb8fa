// @ts-check
// Marks on the image: peak, centre of mass and box of a word, numbers of segments, points.

import { colourOf, inkOn } from "../core/colours.js";
import { keyed, s, set, setText } from "../core/dom.js";

const HALF_TAG = 11; // pixels

export class WordMarks {
  #word = s("g", { class: "word-marks", "aria-hidden": "true" }, s("rect", { class: "box" }), s("path", { class: "centre-casing" }), s("path", { class: "centre" }), s("circle", { class: "peak" }));
  #tags = s("g", { "aria-hidden": "true" });
  #points = s("g", { "aria-hidden": "true" }); // keyboard users have the list of points below
  #overlay = s("svg", { class: "overlay" });

  // choose(id): called with the id of a point that was clicked.
  constructor(session, results, overlay, pane, choose) {
    this.session = session;
    this.results = results;
    this.overlay = overlay;
    this.pane = pane;
    this.#overlay.append(this.#word, this.#tags, this.#points);
    pane.well.append(this.#overlay);
    pane.addEventListener("view", () => this.draw());
    this.#points.addEventListener("click", (event) => {
      const id = /** @type {Element} */ (event.target).closest(".point")?.getAttribute("data-key");
      if (id) choose(id);
    });
  }

  draw() {
    const { viewport } = this.pane;
    set(this.#overlay, { width: viewport.paneWidth, height: viewport.paneHeight });
    this.#drawWord();
    this.#drawTags();
    const { points } = this.session.scene;
    const chosen = this.session.state.words.named.point;
    keyed(this.#points, points, (point) => point.id, makePoint, (node, point) => {
      const [left, top] = viewport.toPane([point.x, point.y]);
      set(node, { transform: `translate(${left.toFixed(2)} ${top.toFixed(2)})` });
      node.classList.toggle("named", point.id === chosen);
      node.classList.toggle("faint", this.overlay.content !== null && point.id !== chosen);
      const [title, hit, rim, face, text] = node.children;
      setText(title, `Point ${point.number}: show its nearest words`);
      set(face, { fill: colourOf(point.number) });
      set(text, { fill: inkOn(point.number) });
      set(hit, { r: 14 });
      set(rim, { r: point.id === chosen ? 13 : 10.5 });
      setText(text, String(point.number));
    });
  }

  // Draw the marks of the word whose map is shown, if it is a single word.
  #drawWord() {
    const { content } = this.overlay;
    const single = content?.map && content.words.length === 1 ? this.results.facts.words[content.words[0]] : null;
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
    const { content } = this.overlay;
    const tags = (content?.segments?.tags ?? []).map((at, index) => ({ at, number: index + 1 })).filter(({ at }) => at);
    const { viewport } = this.pane;
    keyed(this.#tags, tags, ({ number }) => number, makeTag, (node, { at, number }) => {
      const [x, y] = viewport.toPane([at[0] * viewport.width, at[1] * viewport.height]);
      const [left, top] = [inside(x, viewport.paneWidth), inside(y, viewport.paneHeight)];
      set(node, { transform: `translate(${left.toFixed(2)} ${top.toFixed(2)})` });
      setText(node.children[node.children.length - 1], String(number));
    });
  }
}

// Keep a tag inside the pane.
function inside(position, length) {
  return Math.min(Math.max(position, HALF_TAG), length - HALF_TAG);
}

// Create a square tag; points are round.
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
