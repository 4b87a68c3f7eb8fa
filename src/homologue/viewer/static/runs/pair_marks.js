// @ts-check
// The points of a pair on the stage: source points, predictions, ground truth, and the circles within
// which predictions are correct.

import { find, keyed, s, set, setText } from "../core/dom.js";
import { beforeFrame } from "../core/scheduling.js";
import { COLOURS, verdictOf } from "./verdicts.js";

const MIN_RADIUS = 7; // pixels, at a font size of 15 pixels
const MAX_RADIUS = 11;
const NAME_GAP = 8; // pixels between a disc and the name beside it

export class PairMarks {
  #rings = s("g", { class: "rings", "aria-hidden": "true" });
  #lines = s("g", { class: "run-lines" });
  #ends = s("g", { class: "run-targets", "aria-hidden": "true" });
  #starts = s("g", { class: "run-sources" });
  #name = s("text", { class: "spot-name", "aria-hidden": "true" });
  drawSoon = beforeFrame(() => this.#draw());
  /** @type {any} */
  #pair = null; // as the server describes it

  // viewState: `selected` and `hovered` are numbers of points, as strings. choose(id): called on a click.
  constructor(stage, viewState, choose) {
    this.stage = stage;
    this.viewState = viewState;
    this.choose = choose;
    const { overlay } = stage;
    overlay.append(this.#rings, this.#lines, this.#ends, this.#starts, this.#name);
    overlay.addEventListener("pointerover", (event) => viewState.set("hovered", idOf(event)));
    overlay.addEventListener("pointerout", () => viewState.set("hovered", null));
    overlay.addEventListener("click", (event) => {
      if (idOf(event)) choose(idOf(event));
    });
    overlay.addEventListener("keydown", (event) => {
      if (!idOf(event) || (event.key !== "Enter" && event.key !== " ")) return;
      event.preventDefault();
      choose(idOf(event));
    });
  }

  // pair: as the server describes it; alpha: a number.
  show(pair, alpha) {
    this.#pair = pair;
    this.alpha = alpha;
    this.drawSoon();
  }

  // Move the keyboard focus to a point.
  focus(id) {
    find(this.#starts, `[data-key="${id}"]`)?.focus();
  }

  #draw() {
    if (!this.#pair || !this.stage.element.offsetParent) return;
    const items = this.#items();
    const radius = this.#radius(items.length);
    const focus = this.viewState.point;
    set(this.stage.overlay, { class: `overlay${focus ? " focussed" : ""}` });
    const id = (item) => item.id;
    keyed(this.#rings, items.filter((item) => item.truth?.visible), id, makeRing, (node, item) => drawRing(node, item, radius, focus));
    keyed(this.#lines, items.filter((item) => item.to?.visible), id, makeLine, (node, item) => drawLine(node, item, focus));
    keyed(this.#ends, items.filter((item) => item.to?.visible), id, makeSpot, (node, item) => drawSpot(node, item, item.to, radius, focus));
    keyed(this.#starts, items.filter((item) => item.from.visible), id, makeStart, (node, item) => {
      drawSpot(node, item, item.from, radius, focus);
      set(node, { "aria-label": labelOf(item), "aria-pressed": String(item.id === this.viewState.get("selected")) });
    });
    this.#drawName(items.find((item) => item.id === focus), radius);
  }

  #items() {
    const [onSource, onTarget] = ["source", "target"].map((end) => this.stage.placer(end));
    const { length, aspect } = this.#pair;
    const reach = this.alpha * (length ?? 0) * this.stage.panes.target.viewport.scale;
    return this.#pair.points.map((point) => ({
      ...point,
      id: String(point.number),
      verdict: verdictOf(point.right),
      from: onSource(point.source),
      to: point.found && onTarget(point.found),
      truth: point.target && onTarget(point.target),
      reach: { rx: reach, ry: reach / aspect },
    }));
  }

  #radius(count) {
    const { paneWidth, paneHeight } = this.stage.panes.source.viewport;
    const room = Math.sqrt((paneWidth * paneHeight) / Math.max(count, 1)) / 16;
    return (this.stage.fontSize / 15) * Math.min(Math.max(room, MIN_RADIUS), MAX_RADIUS);
  }

  // Draw the name of the current point beside its prediction.
  #drawName(item, radius) {
    const anchor = item?.to ?? item?.from;
    set(this.#name, { visibility: anchor ? null : "hidden" });
    if (!anchor) return;
    const left = anchor.x > this.stage.element.clientWidth * 0.85;
    const offset = radius + NAME_GAP;
    set(this.#name, { x: anchor.x + (left ? -offset : offset), y: anchor.y, dy: "0.35em", "text-anchor": left ? "end" : "start" });
    setText(this.#name, item.name);
  }
}

function idOf(event) {
  return event.target.closest("[data-key]")?.dataset.key ?? null;
}

function makeRing() {
  return s("g", {}, s("ellipse", { class: "reach-casing" }), s("ellipse", { class: "reach" }), s("ellipse", { class: "truth-casing" }), s("ellipse", { class: "truth" }));
}

function drawRing(node, item, radius, focus) {
  const [casing, reach, ...truths] = node.children;
  const { x: cx, y: cy } = item.truth;
  for (const circle of [casing, reach]) set(circle, { cx, cy, ...item.reach });
  for (const truth of truths) set(truth, { cx, cy, rx: radius * 0.45, ry: radius * 0.45 });
  set(node, { class: `ring ${item.verdict}${item.id === focus ? " focus" : ""}` });
}

function makeLine() {
  return s("g", {}, s("line", { class: "hit" }), s("line", { class: "casing" }), s("line", { class: "stroke" }), s("line", { class: "miss-casing" }), s("line", { class: "miss" }));
}

function drawLine(node, item, focus) {
  const [hit, casing, stroke, ...misses] = node.children;
  const ends = { x1: item.from.x, y1: item.from.y, x2: item.to.x, y2: item.to.y };
  const joined = item.from.visible ? null : "hidden";
  for (const line of [hit, casing, stroke]) set(line, { ...ends, visibility: joined });
  set(stroke, { stroke: COLOURS[item.verdict] });
  const missed = item.right === false && item.truth?.visible;
  for (const miss of misses) {
    set(miss, { visibility: missed ? null : "hidden" });
    if (missed) set(miss, { x1: item.to.x, y1: item.to.y, x2: item.truth.x, y2: item.truth.y });
  }
  set(node, { class: `run-line ${item.verdict}${item.id === focus ? " focus" : ""}` });
}

// Create a disc, which drawSpot() turns into a square for a wrong point.
function makeSpot() {
  return s("g", {}, s("circle", { class: "hit" }), s("rect", { class: "face" }), s("text", { dy: "0.355em", "text-anchor": "middle" }));
}

function makeStart() {
  return set(makeSpot(), { role: "button", tabindex: "0" });
}

function drawSpot(node, item, position, radius, focus) {
  const [hit, face, text] = node.children;
  const side = item.right === false ? 0.92 * radius : radius;
  set(node, {
    transform: `translate(${position.x.toFixed(2)} ${position.y.toFixed(2)})`,
    class: `spot ${item.verdict}${item.id === focus ? " focus" : ""}`,
  });
  set(hit, { r: radius + 5 });
  const corner = item.right === false ? 0.15 * side : side;
  set(face, { x: -side, y: -side, width: 2 * side, height: 2 * side, rx: corner, fill: COLOURS[item.verdict] });
  const digits = String(item.number);
  set(text, { fill: "#fff", "font-size": radius * (digits.length < 2 ? 1.25 : 1.05) });
  setText(text, digits);
}

function labelOf({ number, name, right, error, score }) {
  const parts = [`Point ${number}, ${name}`];
  if (right !== null) parts.push(right ? "correct" : "wrong");
  if (error !== null) parts.push(`error ${error.toFixed(2)} thresholds`);
  if (score !== null) parts.push(`score ${score.toFixed(2)}`);
  return parts.join(", ");
}
