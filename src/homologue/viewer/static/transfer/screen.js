// @ts-check
// One source, many targets: a grid in which the source's points are found, and corrected.

import { h, on } from "../core/dom.js";
import { afterFrame } from "../core/scheduling.js";
import { newId } from "../core/ids.js";
import { exportMenu } from "../export/menu.js";
import { saveAnswer, savePng, saveSvg } from "../export/save.js";
import { Opening } from "../match/image_input.js";
import { Pane } from "../match/pane.js";
import { Points } from "../match/points.js";
import { Settings } from "../match/settings.js";
import { Stage } from "../match/stage.js";
import { figure } from "./figure.js";
import { Grid } from "./target_grid.js";
import { addKeys } from "./keys.js";
import { Large } from "./target_dialog.js";
import { TransferLine } from "./status_line.js";
import { TransferLook } from "./view_state.js";
import { Names } from "./point_names.js";
import { Sheet } from "./target_store.js";
import { Targets } from "./target_input.js";
import { uploadsOf } from "./uploads.js";

export const transferScreen = {
  open: (app) => new TransferScreen(app),
};

class TransferScreen {
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
  clear;
  /** @type {HTMLElement} */
  inviting;
  /** @type {Large | null} */
  large = null; // the enlarged target
  drawSoon = afterFrame(() => this.draw());

  constructor(app) {
    this.app = app;
    this.session = app.session;
    this.look = new TransferLook();
    this.sheet = new Sheet(app.session);
    this.uploads = uploadsOf(app.session, app.options, app.toasts);
    this.pane = new Pane("source", "Source", { empty: this.#empty(), placing: true });
    this.stage = new Stage({ source: this.pane });
    this.opening = new Opening(app.session, app.options, { source: this.pane }, app.toasts);
    this.points = new Points(this.stage, app.session, this.look);
    this.names = new Names(app.session, this.look);
    this.settings = new Settings(app.session, app.options);
    this.line = new TransferLine(app.session, this.sheet, this.uploads);
    this.grid = new Grid(app.session, this.sheet, this.look, this.uploads, {
      open: (id) => this.#enlarge(id, this.grid.shown),
      remove: (id) => app.session.act("remove-targets", { targets: [id] }),
      retry: (id) => this.#retry(id),
    });
    this.#build();
    this.targets = new Targets(app, this.sheet, this.uploads, this.element, this.pane.element);
    this.#listen();
    this.draw();
    this.#begin();
  }

  close() {
    this.opening.close();
    this.targets.close();
    this.grid.close();
    this.closing = true;
    this.large?.dialog.close();
    for (const end of this.ends) end();
  }

  // The address names the target that is enlarged, if one is.
  move(rest) {
    const id = Number(rest);
    if (this.large && id) this.large.show(id);
    else if (this.large) this.large.dialog.close();
    else if (id) this.#enlarge(id, this.grid.shown);
  }

  async #begin() {
    await this.sheet.update();
    if (this.closing) return;
    this.draw();
    this.move(this.app.rest);
  }

  #build() {
    const { pane, app } = this;
    pane.tools.append(
      h("button", { class: "quiet", onclick: () => this.opening.browse("source") }, "Open"),
      h("button", { class: "quiet", onclick: () => this.opening.sample("source") }, "Sample"),
      this.#button("−", "Zoom the source out", "−", () => pane.zoom(1 / 1.5)),
      this.#button("+", "Zoom the source in", "+", () => pane.zoom(1.5)),
    );
    this.undo = this.#button("↶", "Undo", "Ctrl+Z", () => app.session.act("undo"));
    this.redo = this.#button("↷", "Redo", "Ctrl+Y", () => app.session.act("redo"));
    const save = exportMenu(this.#files(), app.toasts);
    this.tools = [this.settings.element, h("div", { class: "tools" }, this.undo, this.redo, save)];
    this.clear = h("button", { class: "quiet", onclick: () => this.#clear() }, "Remove all");
    this.inviting = h(
      "div", { class: "inviting" },
      h("p", {}, "Drop a folder of pictures here, or choose:"),
      h("div", {}, ...this.#choices(true)),
    );
    this.element = h(
      "main", { class: "transfer" },
      h("div", { class: "transfer-source" }, this.stage.element, this.names.element),
      h("section", { class: "card transfer-targets", "aria-label": "Targets" },
        h("div", { class: "card-head" }, h("h2", {}, "Targets"), h("div", { class: "target-choices" }, ...this.#choices(false), this.clear), this.grid.tools),
        this.line.element,
        this.inviting,
        this.grid.element,
      ),
    );
  }

  #choices(main) {
    return [
      h("button", { class: main ? "main" : "quiet", onclick: () => this.targets.browse({ folder: true }) }, "Folder"),
      h("button", { class: "quiet", onclick: () => this.targets.browse() }, "Files"),
      h("button", { class: "quiet", onclick: () => this.targets.sample() }, "Samples"),
    ];
  }

  #empty() {
    return h(
      "div", { class: "empty" },
      h("p", {}, "Drop one picture here as the source, or choose:"),
      h("div", {},
        h("button", { class: "main", onclick: () => this.opening.browse("source") }, "Open a picture"),
        h("button", { class: "quiet", onclick: () => this.opening.sample("source") }, "Take a sample"),
      ),
    );
  }

  #files() {
    const path = `api/sessions/${this.session.id}/transfer`;
    const draw = () => figure(this.session.scene, this.grid.summaries);
    return [
      ["COCO keypoints (JSON)", () => saveAnswer(`${path}/coco.json`, "keypoints.json")],
      ["Table (CSV)", () => saveAnswer(`${path}/points.csv`, "points.csv", "text/csv")],
      ["Grid (PNG)", async () => savePng(await draw(), "transfer.png")],
      ["Grid (SVG)", async () => saveSvg(await draw(), "transfer.svg")],
    ];
  }

  #button(sign, label, keys, run) {
    return h("button", { class: "icon", "aria-label": label, title: `${label} (${keys})`, onclick: run }, sign);
  }

  #listen() {
    const { session, look, sheet, uploads, app, pane } = this;
    pane.addEventListener("view", () => this.points.ask());
    on(pane, "place", (event) => this.#add(event.detail));
    this.ends = [
      on(session, "change", () => {
        sheet.update();
        this.#ask();
      }),
      on(session, "progress", () => this.#follow()),
      on(sheet, "change", () => this.#ask()),
      on(uploads, "change", () => this.#ask()),
      on(look, "change", () => this.#ask()),
      ...addKeys(app.keys, {
        undo: () => session.act("undo"),
        redo: () => session.act("redo"),
        step: (by) => this.#step(by),
        open: () => this.opening.browse("source"),
        sample: () => this.opening.sample("source"),
        openTargets: () => this.targets.browse(),
        sampleTargets: () => this.targets.sample(),
        escape: () => this.#escape(),
      }),
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
    this.look.set("selected", points[next].id);
    this.points.focus(points[next].id);
  }

  #escape() {
    if (this.line.busy) this.line.stop();
    else this.look.set("selected", null);
  }

  #clear() {
    this.session.act("remove-targets", { targets: this.sheet.targets.map((row) => row.id) });
  }

  #retry(id) {
    const row = this.sheet.target(id);
    if (!row) return; // it was removed
    if (row.picture) this.session.act("go-on", { target: id });
    else this.uploads.retry(row.name);
  }

  #enlarge(id, ids) {
    if (!this.sheet.target(id)?.picture) return this.app.go("", { replace: true });
    const { session, sheet, app } = this;
    app.go(String(id));
    this.large = new Large(session, sheet, app.toasts, ids.includes(id) ? ids : [id], id, {
      change: (other) => app.go(String(other), { replace: true }),
      close: (last) => this.#shrink(last),
      match: (row) => this.#openMatch(row),
    });
    return undefined;
  }

  #shrink(last) {
    this.large = null;
    if (this.closing) return;
    this.app.go("", { replace: true });
    this.grid.focus(last);
  }

  // On the screen for matching, where the heat maps are.
  async #openMatch(row) {
    await this.session.act("target", { picture: row.picture.id });
    location.hash = `#/match/${this.session.id}`;
  }

  // Progress comes many times a second, and is little.
  #follow() {
    this.points.ask();
    this.line.draw();
    const running = this.session.progress.transfer?.picture;
    if (running !== this.running) this.#ask();
    this.running = running;
  }

  // Has everything drawn soon, the points first.
  #ask() {
    this.points.ask();
    this.drawSoon();
  }

  draw() {
    const { scene, state } = this.session;
    this.pane.show(scene.source);
    for (const name of ["selected", "hovered"]) {
      const id = this.look.get(name);
      if (id && !scene.points.some((point) => point.id === id)) this.look.set(name, null);
    }
    this.undo.disabled = !state.undo;
    this.redo.disabled = !state.redo;
    const none = !this.sheet.targets.length;
    this.inviting.hidden = !none;
    this.clear.hidden = none;
    for (const part of [this.settings, this.names, this.line, this.grid]) part.draw();
    this.#say();
  }

  // Tells those who cannot see the page when all is done, or has failed.
  #say() {
    const { pictures, done, failed } = this.session.state.transfer;
    const { searching } = this.line;
    if (this.wasSearching && !searching) {
      this.app.toasts.say(`${done} of ${pictures} pictures done${failed ? `, ${failed} failed` : ""}`);
    }
    this.wasSearching = searching;
  }
}
