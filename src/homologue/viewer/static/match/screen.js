// @ts-check
// The Match screen: two images, points, heat maps.

import { iconButton, UndoButtons } from "../core/buttons.js";
import { h, on } from "../core/dom.js";
import { afterFrame } from "../core/scheduling.js";
import { exportMenu, stageEntries } from "../export/menu.js";
import { HeatOverlay } from "../maps/heat_overlay.js";
import { PointMapStrip } from "../maps/point_map_strip.js";
import { ImageInput } from "./image_input.js";
import { Pane } from "./pane.js";
import { PointList } from "./point_list.js";
import { Points } from "./points.js";
import { Settings } from "./settings.js";
import { Stage } from "./stage.js";
import { StatusLine } from "./status_line.js";
import { PointViewState } from "./view_state.js";

export const matchScreen = {
  open: (app) => new MatchScreen(app),
};

class MatchScreen {
  /** @type {HTMLElement} */
  element;
  /** @type {HTMLElement[]} */
  tools;
  /** @type {(() => void)[]} */
  cleanups = [];
  drawSoon = afterFrame(() => this.#draw());

  constructor(app) {
    const { session, options, toasts } = app;
    this.app = app;
    this.session = session;
    this.viewState = new PointViewState();
    this.panes = {
      source: new Pane("source", "Source", { placing: true }),
      target: new Pane("target", "Target", { placing: false }),
    };
    this.stage = new Stage(this.panes);
    this.imageInput = new ImageInput(session, options, this.panes, toasts);
    this.points = new Points(this.stage, session, this.viewState);
    this.list = new PointList(session, this.viewState);
    this.line = new StatusLine(session);
    this.settings = new Settings(session, options);
    const mapsOf = (end) => session.state.match.points[this.viewState.point]?.maps[end];
    this.heat = new HeatOverlay(mapsOf, this.viewState, this.panes, options.colours);
    this.strip = new PointMapStrip(session, this.viewState, options.colours);
    this.undoButtons = new UndoButtons(session);
    this.swap = iconButton("⇄", "Swap source and target", "X", () => session.act("swap"));
    const save = exportMenu(stageEntries(this.stage, session), toasts);
    this.tools = [this.settings.element, h("div", { class: "tools" }, ...this.undoButtons.elements, this.swap, save)];
    this.element = h(
      "main",
      { class: "match" },
      h("div", { class: "match-stage" }, this.stage.element, this.line.element),
      this.list.element,
      this.strip.element,
    );
    this.#listen();
    this.#draw();
  }

  close() {
    this.imageInput.close();
    for (const cleanUp of this.cleanups) cleanUp();
  }

  #listen() {
    const { session, viewState, app, imageInput } = this;
    const { keys } = app;
    this.cleanups = [
      on(session, "change", () => this.#drawAllSoon()),
      on(session, "progress", () => this.#drawAllSoon()),
      on(viewState, "change", () => this.#drawAllSoon()),
      ...this.undoButtons.addKeys(keys),
      keys.add("]", "Select the next point", () => this.points.step(1)),
      keys.add("[", "Select the previous point", () => this.points.step(-1)),
      keys.add("h", "Show or hide the heat maps on the images", () => viewState.set("heat", !viewState.get("heat"))),
      keys.add("x", "Swap source and target", () => session.act("swap")),
      keys.add("o", "Open a source image", () => imageInput.browse("source")),
      keys.add("Shift+O", "Open a target image", () => imageInput.browse("target")),
      keys.add("s", "Choose a sample as the source image", () => imageInput.sample("source")),
      keys.add("Shift+S", "Choose a sample as the target image", () => imageInput.sample("target")),
      keys.add("Escape", "Cancel the running jobs, or clear the selection", () => this.#escape()),
      keys.add("Arrows", "On the source image: move the crosshair"),
      keys.add("Enter", "On the source image: add a point at the crosshair"),
      keys.add("Arrows or Shift+Arrows", "On a point: move it by 1 or 10 screen pixels"),
      keys.add("Delete", "On a point: delete it"),
      keys.add("+ or − or 0", "On an image: zoom in, zoom out, fit"),
    ];
  }

  #escape() {
    if (this.line.busy) this.line.cancel();
    else this.viewState.set("selected", null);
  }

  // The points are drawn before the next frame, everything else after it.
  #drawAllSoon() {
    this.points.drawSoon();
    this.drawSoon();
  }

  #draw() {
    const { scene } = this.session;
    for (const end of ["source", "target"]) this.panes[end].show(scene[end]);
    this.viewState.forgetAllBut(scene.points);
    this.swap.disabled = !scene.source || !scene.target;
    for (const part of [this.undoButtons, this.settings, this.heat, this.strip, this.list, this.line]) part.draw();
    this.#announce();
  }

  // Announce finished points to screen readers, and show the errors of those that failed.
  #announce() {
    const before = this.states; // undefined on the first call
    const { points } = this.session.state.match;
    this.states = Object.fromEntries(Object.entries(points).map(([id, point]) => [id, point.state]));
    for (const { id, number } of this.session.scene.points) {
      const now = points[id];
      if (!before || !now || before[id] === now.state) continue;
      if (now.state === "done" && now.found) {
        this.app.toasts.announce(`Point ${number} found, score ${now.found.score.toFixed(2)}`);
      } else if (now.state === "failed") this.app.toasts.show(`Point ${number}: ${now.error}`, "problem");
    }
  }
}
