// @ts-check
// Live matching: two pictures, points, heat maps.

import { h, on } from "../core/dom.js";
import { afterFrame } from "../core/scheduling.js";
import { newId } from "../core/ids.js";
import { exportMenu, stageEntries } from "../export/menu.js";
import { Heat } from "../maps/heat_overlay.js";
import { Strip } from "../maps/point_map_strip.js";
import { StatusLine } from "./status_line.js";
import { PointList } from "./point_list.js";
import { PointLook } from "./view_state.js";
import { Opening } from "./image_input.js";
import { Pane } from "./pane.js";
import { Points } from "./points.js";
import { Settings } from "./settings.js";
import { Stage } from "./stage.js";

export const matchScreen = {
  // app: see main.js. Gives { element, tools, close() }; tools go into the page's head.
  open: (app) => new MatchScreen(app),
};

class MatchScreen {
  /** @type {HTMLElement} */
  element;
  /** @type {HTMLElement[]} */
  tools;
  /** @type {(() => void)[]} */
  ends = [];
  /** @type {HTMLButtonElement} */
  undo;
  /** @type {HTMLButtonElement} */
  redo;
  /** @type {HTMLButtonElement} */
  swap;
  drawSoon = afterFrame(() => this.#draw());

  constructor(app) {
    this.app = app;
    this.session = app.session;
    this.look = new PointLook();
    this.panes = {
      source: new Pane("source", "Source", { empty: this.#empty("source"), placing: true }),
      target: new Pane("target", "Target", { empty: this.#empty("target"), placing: false }),
    };
    this.stage = new Stage(this.panes);
    this.opening = new Opening(this.session, app.options, this.panes, app.toasts);
    this.points = new Points(this.stage, this.session, this.look);
    this.list = new PointList(this.session, this.look);
    this.line = new StatusLine(this.session);
    this.settings = new Settings(this.session, app.options);
    const mapsOf = (end) => this.session.state.match.points[this.look.point]?.maps[end];
    this.heat = new Heat(mapsOf, this.look, this.panes, app.options.colours);
    this.strip = new Strip(this.session, this.look, app.options.colours);
    this.#build();
    this.#listen();
    this.#draw();
  }

  close() {
    this.opening.close();
    for (const end of this.ends) end();
  }

  #build() {
    for (const [end, pane] of Object.entries(this.panes)) {
      const open = () => this.opening.browse(end);
      const sample = () => this.opening.sample(end);
      pane.tools.append(
        h("button", { class: "quiet", onclick: open }, "Open"),
        h("button", { class: "quiet", onclick: sample }, "Sample"),
        h("button", { class: "icon zoom", "aria-label": `Zoom the ${end} out`, onclick: () => pane.zoom(1 / 1.5) }, "−"),
        h("button", { class: "icon zoom", "aria-label": `Zoom the ${end} in`, onclick: () => pane.zoom(1.5) }, "+"),
      );
    }
    this.undo = this.#button("↶", "Undo", "undo", "Ctrl+Z");
    this.redo = this.#button("↷", "Redo", "redo", "Ctrl+Y");
    this.swap = this.#button("⇄", "Swap source and target", "swap", "X");
    const save = exportMenu(stageEntries(this.stage, this.session), this.app.toasts);
    this.tools = [this.settings.element, h("div", { class: "tools" }, this.undo, this.redo, this.swap, save)];
    this.element = h(
      "main",
      { class: "match" },
      h("div", { class: "match-stage" }, this.stage.element, this.line.element),
      this.list.element,
      this.strip.element,
    );
  }

  #button(sign, label, action, keys) {
    const act = () => this.session.act(action);
    return h("button", { class: "icon", "aria-label": label, title: `${label} (${keys})`, onclick: act }, sign);
  }

  #empty(end) {
    return h(
      "div", { class: "empty" },
      h("p", {}, `Drop a picture here as the ${end}, paste one, or choose:`),
      h("div", {},
        h("button", { class: "main", onclick: () => this.opening.browse(end) }, "Open a picture"),
        h("button", { class: "quiet", onclick: () => this.opening.sample(end) }, "Take a sample"),
      ),
    );
  }

  #listen() {
    const { session, look, app } = this;
    for (const pane of Object.values(this.panes)) {
      pane.addEventListener("view", () => this.points.ask());
    }
    on(this.panes.source, "place", (event) => this.#add(event.detail));
    this.ends = [
      on(session, "change", () => this.#ask()),
      on(session, "progress", () => this.#ask()),
      on(look, "change", () => this.#ask()),
      app.keys.add("Ctrl+Z", "Undo", () => session.act("undo")),
      app.keys.add("Ctrl+Y or Ctrl+Shift+Z", "Redo", () => session.act("redo")),
      app.keys.add("]", "Next point", () => this.#step(1)),
      app.keys.add("[", "Previous point", () => this.#step(-1)),
      app.keys.add("h", "Heat map over the pictures, or not", () => look.set("heat", !look.get("heat"))),
      app.keys.add("x", "Swap source and target", () => session.act("swap")),
      app.keys.add("o", "Open a source", () => this.opening.browse("source")),
      app.keys.add("Shift+O", "Open a target", () => this.opening.browse("target")),
      app.keys.add("s", "Sample as the source", () => this.opening.sample("source")),
      app.keys.add("Shift+S", "Sample as the target", () => this.opening.sample("target")),
      app.keys.add("Escape", "Cancel what is running; else select no point", () => this.#escape()),
      app.keys.add("Arrows, Enter", "On the source: move a cross, put a point there"),
      app.keys.add("Arrows, Shift+Arrows", "On a point: move it by a pixel, by ten"),
      app.keys.add("Delete", "On a point: delete it"),
      app.keys.add("+ − 0", "On a picture: zoom in, out, show all of it"),
    ];
  }

  #add([x, y]) {
    const id = newId();
    this.session.act("add", { id, x, y });
    this.look.set("selected", id);
    this.points.draw(); // at once; all else may come a frame later
  }

  #step(by) {
    const { points } = this.session.scene;
    if (!points.length) return;
    const at = points.findIndex((point) => point.id === this.look.get("selected"));
    const next = at < 0 ? 0 : (at + by + points.length) % points.length;
    this.look.set("hovered", null);
    this.look.set("selected", points[next].id);
    this.points.focus(points[next].id);
  }

  #escape() {
    if (this.line.busy) this.line.cancel();
    else this.look.set("selected", null);
  }

  // Has everything drawn soon, the points first.
  #ask() {
    this.points.ask();
    this.drawSoon();
  }

  #draw() {
    const { scene, state } = this.session;
    for (const end of ["source", "target"]) this.panes[end].show(scene[end]);
    for (const name of ["selected", "hovered"]) {
      const id = this.look.get(name);
      if (id && !scene.points.some((point) => point.id === id)) this.look.set(name, null);
    }
    this.undo.disabled = !state.undo;
    this.redo.disabled = !state.redo;
    this.swap.disabled = !scene.source || !scene.target;
    for (const part of [this.settings, this.heat, this.strip, this.list, this.line]) part.draw();
    this.#say();
  }

  // Tells those who cannot see the page what was found.
  #say() {
    const before = this.states; // none yet when the page has just been opened
    const { points } = this.session.state.match;
    this.states = Object.fromEntries(Object.entries(points).map(([id, one]) => [id, one.state]));
    for (const { id, number } of this.session.scene.points) {
      const now = points[id];
      if (!before || !now || before[id] === now.state) continue;
      if (now.state === "done" && now.found) {
        this.app.toasts.say(`Point ${number} found, score ${now.found.score.toFixed(2)}`);
      } else if (now.state === "failed") this.app.toasts.show(`Point ${number}: ${now.error}`, "problem");
    }
  }
}
