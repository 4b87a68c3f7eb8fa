// @ts-check
// The points on the stage: numbered discs on both pictures, joined by lines.

import { colourOf, inkOn } from "../core/colours.js";
import { find, keyed, s, set, write } from "../core/dom.js";
import { beforeFrame } from "../core/scheduling.js";
import { LOW, place, shareOf } from "./progress_text.js";
import { Dragging } from "./dragging.js";

const LEAST_RADIUS = 9; // pixels, with type of 15 pixels
const MOST_RADIUS = 13;

export class Points {
  #lines = s("g", { class: "lines" });
  #targets = s("g", { class: "targets", "aria-hidden": "true" });
  #sources = s("g", { class: "sources" });
  ask = beforeFrame(() => this.draw());

  constructor(stage, session, look) {
    this.stage = stage;
    this.session = session;
    this.look = look;
    const find = (id) => session.scene.points.find((point) => point.id === id);
    const commit = (moved) => session.act("move", moved);
    this.dragging = new Dragging(stage, { end: "source", find, commit }, () => this.draw());
    stage.overlay.append(this.#lines, this.#targets, this.#sources);
    stage.overlay.addEventListener("pointerover", (event) => this.#hover(event));
    stage.overlay.addEventListener("pointerout", () => this.look.set("hovered", null));
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
    const focus = this.look.point;
    set(this.stage.overlay, { class: `overlay${focus && items.length > 8 ? " focussed" : ""}` });
    const joined = items.filter((item) => item.to?.seen && item.from.seen);
    keyed(this.#lines, joined, (item) => item.id, makeLine, (node, item) => drawLine(node, item, focus));
    const found = items.filter((item) => item.to?.seen);
    keyed(this.#targets, found, (item) => item.id, makeTarget, (node, item) =>
      drawDisc(node, item, item.to, radius, focus),
    );
    const seen = items.filter((item) => item.from.seen);
    keyed(this.#sources, seen, (item) => item.id, makeSource, (node, item) => {
      drawDisc(node, item, item.from, radius, focus);
      drawProgress(node, item, radius);
      const stop = item.id === this.look.get("selected") || (!this.#selectedSeen(seen) && item === seen[0]);
      set(node, { tabindex: stop ? "0" : "-1", "aria-label": label(item) });
    });
  }

  // Moves the keyboard's focus to a point.
  focus(id) {
    this.draw();
    find(this.#sources, `[data-key="${CSS.escape(id)}"]`)?.focus();
  }

  #selectedSeen(seen) {
    return seen.some((item) => item.id === this.look.get("selected"));
  }

  // What there is to draw of each point.
  #items() {
    const told = this.session.progress.match?.points ?? {};
    const onSource = this.stage.placer("source");
    const onTarget = this.stage.panes.target ? this.stage.placer("target") : null;
    return this.session.scene.points.map((given) => {
      const point = this.dragging.place(given);
      const facts = this.session.state.match.points[point.id];
      const found = (onTarget && facts?.found) ?? null;
      return {
        ...point,
        state: facts?.state ?? "waiting",
        error: facts?.error ?? "",
        found,
        told: told[point.id] ?? null,
        dragged: point !== given,
        from: onSource([point.x, point.y]),
        to: found ? onTarget([found.x, found.y]) : null,
      };
    });
  }

  // Smaller discs where many share little room.
  #radius(count) {
    const { paneWidth, paneHeight } = this.stage.panes.source.viewport;
    const room = Math.sqrt((paneWidth * paneHeight) / Math.max(count, 1)) / 14;
    return (this.stage.type / 15) * Math.min(Math.max(room, LEAST_RADIUS), MOST_RADIUS);
  }

  #hover(event) {
    const id = event.target.closest(".point, .line")?.dataset.key;
    if (id) this.look.set("hovered", id);
  }

  #select(event) {
    const id = event.target.closest(".point")?.dataset.key;
    if (id) this.look.set("selected", id);
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
    const place = points.findIndex((point) => point.id === id);
    const next = points[place + 1] ?? points[place - 1];
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

function drawDisc(node, item, place, radius, focus) {
  const [hit, rim, face, text] = node.children;
  set(node, { transform: `translate(${place.x.toFixed(2)} ${place.y.toFixed(2)})` });
  set(hit, { r: radius + 5 });
  set(rim, { r: radius + 2.5 });
  set(face, { r: radius, fill: colourOf(item.number) });
  const digits = String(item.number);
  set(text, { fill: inkOn(item.number), "font-size": radius * (digits.length < 2 ? 1.25 : 1.05) });
  write(text, digits);
  node.classList.toggle("focus", item.id === focus);
  node.classList.toggle("stale", item.dragged);
  node.classList.toggle("unsure", item.found !== null && item.found.score < LOW);
  node.classList.toggle("failed", item.state === "failed");
}

function drawProgress(node, item, radius) {
  const arc = node.lastChild;
  const busy = item.state === "running" || item.state === "waiting";
  const share = item.state === "running" ? Math.max(shareOf(item.told), 0.04) : 0.12;
  set(arc, { r: radius + 5, "stroke-dasharray": `${share} 1`, visibility: busy ? null : "hidden" });
  node.classList.toggle("waiting", item.state === "waiting");
}

function label(item) {
  const parts = [`Point ${item.number} at ${place(item)}`];
  if (item.found) {
    parts.push(`found at ${place(item.found)}`);
    parts.push(`score ${item.found.score.toFixed(2)}`);
  } else parts.push(item.error || item.state);
  return parts.join(", ");
}
