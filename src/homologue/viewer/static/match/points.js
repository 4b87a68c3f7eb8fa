// @ts-check
// The points on the stage: numbered discs on both images, joined by lines.

import { colourOf, inkOn } from "../core/colours.js";
import { find, keyed, s, set, setText } from "../core/dom.js";
import { newId } from "../core/ids.js";
import { beforeFrame } from "../core/scheduling.js";
import { LOW_SCORE, fractionDone, formatPoint } from "./progress_text.js";
import { Dragging } from "./dragging.js";

const MIN_RADIUS = 9; // pixels, at a font size of 15 pixels
const MAX_RADIUS = 13;

export class Points {
  #lines = s("g", { class: "lines" });
  #targets = s("g", { class: "targets", "aria-hidden": "true" });
  #sources = s("g", { class: "sources" });
  drawSoon = beforeFrame(() => this.draw());

  constructor(stage, session, viewState) {
    this.stage = stage;
    this.session = session;
    this.viewState = viewState;
    const find = (id) => session.scene.points.find((point) => point.id === id);
    const commit = (moved) => session.act("move", moved);
    this.dragging = new Dragging(stage, { end: "source", find, commit }, () => this.draw());
    for (const pane of Object.values(stage.panes)) pane.addEventListener("view", () => this.drawSoon());
    stage.panes.source.addEventListener("place", (event) => this.#add(event.detail));
    stage.overlay.append(this.#lines, this.#targets, this.#sources);
    stage.overlay.addEventListener("pointerover", (event) => this.#hover(event));
    stage.overlay.addEventListener("pointerout", () => this.viewState.set("hovered", null));
    stage.overlay.addEventListener("click", (event) => this.#select(event));
    stage.overlay.addEventListener("focusin", (event) => this.#select(event));
    stage.overlay.addEventListener("keydown", (event) => this.#press(event));
    stage.overlay.addEventListener("pointerdown", (event) => {
      const id = event.target.closest(".sources > .point")?.dataset.key;
      if (id && event.button === 0) this.dragging.begin(id, event);
    });
  }

  draw() {
    const items = this.#items();
    const radius = this.#radius(items.length);
    const focus = this.viewState.point;
    set(this.stage.overlay, { class: `overlay${focus && items.length > 8 ? " focussed" : ""}` });
    const joined = items.filter((item) => item.to?.visible && item.from.visible);
    keyed(this.#lines, joined, (item) => item.id, makeLine, (node, item) => drawLine(node, item, focus));
    const found = items.filter((item) => item.to?.visible);
    keyed(this.#targets, found, (item) => item.id, makeTarget, (node, item) =>
      drawDisc(node, item, item.to, radius, focus),
    );
    const visible = items.filter((item) => item.from.visible);
    keyed(this.#sources, visible, (item) => item.id, makeSource, (node, item) => {
      drawDisc(node, item, item.from, radius, focus);
      drawProgress(node, item, radius);
      const stop = item.id === this.viewState.get("selected") || (!this.#selectedSeen(visible) && item === visible[0]);
      set(node, { tabindex: stop ? "0" : "-1", "aria-label": label(item) });
    });
  }

  #add([x, y]) {
    const id = newId();
    this.session.act("add", { id, x, y });
    this.viewState.set("selected", id);
    this.draw(); // at once; everything else may be drawn a frame later
  }

  // Select the next (1) or the previous (-1) point.
  step(by) {
    const { points } = this.session.scene;
    if (!points.length) return;
    const index = points.findIndex((point) => point.id === this.viewState.get("selected"));
    const { id } = points[index < 0 ? 0 : (index + by + points.length) % points.length];
    this.viewState.set("hovered", null);
    this.viewState.set("selected", id);
    this.focus(id);
  }

  // Move the keyboard focus to a point.
  focus(id) {
    this.draw();
    find(this.#sources, `[data-key="${CSS.escape(id)}"]`)?.focus();
  }

  #selectedSeen(visible) {
    return visible.some((item) => item.id === this.viewState.get("selected"));
  }

  // Return the points with everything that is drawn of them.
  #items() {
    const progress = this.session.progress.match?.points ?? {};
    const onSource = this.stage.placer("source");
    const onTarget = this.stage.panes.target ? this.stage.placer("target") : null;
    return this.session.scene.points.map((stored) => {
      const point = this.dragging.moved(stored);
      const facts = this.session.state.match.points[point.id];
      const found = (onTarget && facts?.found) ?? null;
      return {
        ...point,
        state: facts?.state ?? "waiting",
        error: facts?.error ?? "",
        found,
        progress: progress[point.id] ?? null,
        dragged: point !== stored,
        from: onSource([point.x, point.y]),
        to: found ? onTarget([found.x, found.y]) : null,
      };
    });
  }

  // Return the radius of the discs, which is smaller if there are many.
  #radius(count) {
    const { paneWidth, paneHeight } = this.stage.panes.source.viewport;
    const room = Math.sqrt((paneWidth * paneHeight) / Math.max(count, 1)) / 14;
    return (this.stage.fontSize / 15) * Math.min(Math.max(room, MIN_RADIUS), MAX_RADIUS);
  }

  #hover(event) {
    const id = event.target.closest(".point, .line")?.dataset.key;
    if (id) this.viewState.set("hovered", id);
  }

  #select(event) {
    const id = event.target.closest(".point")?.dataset.key;
    if (id) this.viewState.set("selected", id);
  }

  #press(event) {
    const id = event.target.closest(".sources > .point")?.dataset.key;
    if (!id) return;
    if (event.key === "Delete" || event.key === "Backspace") this.#remove(id);
    else if (!this.dragging.press(id, event)) return;
    event.preventDefault();
  }

  #remove(id) {
    const { points } = this.session.scene;
    const index = points.findIndex((point) => point.id === id);
    const next = points[index + 1] ?? points[index - 1];
    this.session.act("delete", { id });
    if (next) this.focus(next.id);
    else this.stage.panes.source.well.focus();
  }
}

function makeLine() {
  return s("g", { class: "line" }, s("line", { class: "casing" }), s("line", { class: "stroke" }));
}

function makeTarget() {
  return makeDisc("point target");
}

function makeSource() {
  const node = makeDisc("point source");
  set(node, { role: "button" });
  node.append(s("circle", { class: "arc", pathLength: "1" }));
  return node;
}

function makeDisc(kind) {
  return s(
    "g",
    { class: kind },
    s("circle", { class: "hit" }),
    s("circle", { class: "rim" }),
    s("circle", { class: "face" }),
    s("text", { dy: "0.355em", "text-anchor": "middle" }),
  );
}

function drawLine(node, item, focus) {
  const ends = { x1: item.from.x, y1: item.from.y, x2: item.to.x, y2: item.to.y };
  const [casing, stroke] = node.children;
  set(casing, ends);
  set(stroke, { ...ends, stroke: colourOf(item.number) });
  node.classList.toggle("focus", item.id === focus);
  node.classList.toggle("stale", item.dragged || item.state !== "done");
}

function drawDisc(node, item, position, radius, focus) {
  const [hit, rim, face, text] = node.children;
  set(node, { transform: `translate(${position.x.toFixed(2)} ${position.y.toFixed(2)})` });
  set(hit, { r: radius + 5 });
  set(rim, { r: radius + 2.5 });
  set(face, { r: radius, fill: colourOf(item.number) });
  const digits = String(item.number);
  set(text, { fill: inkOn(item.number), "font-size": radius * (digits.length < 2 ? 1.25 : 1.05) });
  setText(text, digits);
  node.classList.toggle("focus", item.id === focus);
  node.classList.toggle("stale", item.dragged);
  node.classList.toggle("unsure", item.found !== null && item.found.score < LOW_SCORE);
  node.classList.toggle("failed", item.state === "failed");
}

function drawProgress(node, item, radius) {
  const arc = node.lastChild;
  const busy = item.state === "running" || item.state === "waiting";
  const fraction = item.state === "running" ? Math.max(fractionDone(item.progress), 0.04) : 0.12;
  set(arc, { r: radius + 5, "stroke-dasharray": `${fraction} 1`, visibility: busy ? null : "hidden" });
  node.classList.toggle("waiting", item.state === "waiting");
}

function label(item) {
  const parts = [`Point ${item.number} at ${formatPoint(item)}`];
  if (item.found) {
    parts.push(`found at ${formatPoint(item.found)}`);
    parts.push(`score ${item.found.score.toFixed(2)}`);
  } else parts.push(item.error || item.state);
  return parts.join(", ");
}
