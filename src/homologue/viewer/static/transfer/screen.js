// @ts-check
// The Transfer screen: the points of one source image, located in many targets.

import { UndoButtons } from "../core/buttons.js";
import { h, on } from "../core/dom.js";
import { afterFrame } from "../core/scheduling.js";
import { exportMenu } from "../export/menu.js";
import { saveResponse, savePng, saveSvg } from "../export/save.js";
import { ImageInput } from "../match/image_input.js";
import { Pane } from "../match/pane.js";
import { Points } from "../match/points.js";
import { Settings } from "../match/settings.js";
import { Stage } from "../match/stage.js";
import { figure } from "./figure.js";
import { TargetGrid } from "./target_grid.js";
import { addKeys } from "./keys.js";
import { TargetDialog } from "./target_dialog.js";
import { TransferStatusLine } from "./status_line.js";
import { TransferViewState } from "./view_state.js";
import { PointNames } from "./point_names.js";
import { TargetStore } from "./target_store.js";
import { TargetInput } from "./target_input.js";
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
  cleanups = [];
  /** @type {HTMLButtonElement} */
  clear;
  /** @type {HTMLElement} */
  invitation; // shown without targets
  /** @type {TargetDialog | null} */
  targetDialog = null; // while a target is enlarged
  drawSoon = afterFrame(() => this.draw());

  constructor(app) {
    this.app = app;
    this.session = app.session;
    this.viewState = new TransferViewState();
    this.store = new TargetStore(app.session);
    this.uploads = uploadsOf(app.session, app.options, app.toasts);
    this.pane = new Pane("source", "Source", { placing: true });
    this.stage = new Stage({ source: this.pane });
    this.imageInput = new ImageInput(app.session, app.options, { source: this.pane }, app.toasts);
    this.points = new Points(this.stage, app.session, this.viewState);
    this.pointNames = new PointNames(app.session, this.viewState);
    this.settings = new Settings(app.session, app.options);
    this.undoButtons = new UndoButtons(app.session);
    this.line = new TransferStatusLine(app.session, this.store, this.uploads);
    this.grid = new TargetGrid(app.session, this.store, this.viewState, this.uploads, {
      open: (id) => this.#enlarge(id, this.grid.shown),
      remove: (id) => app.session.act("remove-targets", { targets: [id] }),
      retry: (id) => this.#retry(id),
    });
    this.#build();
    this.targetInput = new TargetInput(app, this.store, this.uploads, this.element, this.pane.element);
    this.#listen();
    this.draw();
    this.#loadTargets();
  }

  close() {
    this.imageInput.close();
    this.targetInput.close();
    this.grid.close();
    this.closing = true;
    this.targetDialog?.dialog.close();
    for (const cleanUp of this.cleanups) cleanUp();
  }

  // The rest of the address is the id of the enlarged target, or "".
  move(rest) {
    const id = Number(rest);
    if (this.targetDialog && id) this.targetDialog.show(id);
    else if (this.targetDialog) this.targetDialog.dialog.close();
    else if (id) this.#enlarge(id, this.grid.shown);
  }

  async #loadTargets() {
    await this.store.update();
    if (this.closing) return;
    this.draw();
    this.move(this.app.rest);
  }

  #build() {
    const save = exportMenu(this.#exports(), this.app.toasts);
    this.tools = [this.settings.element, h("div", { class: "tools" }, ...this.undoButtons.elements, save)];
    this.clear = h("button", { class: "quiet", onclick: () => this.#clear() }, "Remove all");
    this.invitation = h(
      "div", { class: "inviting" },
      h("p", {}, "Drop a folder of images here, or add:"),
      h("div", {}, ...this.#choices(true)),
    );
    this.element = h(
      "main", { class: "transfer" },
      h("div", { class: "transfer-source" }, this.stage.element, this.pointNames.element),
      h("section", { class: "card transfer-targets", "aria-label": "Targets" },
        h("div", { class: "card-head" }, h("h2", {}, "Targets"), h("div", { class: "target-choices" }, ...this.#choices(false), this.clear), this.grid.tools),
        this.line.element,
        this.invitation,
        this.grid.element,
      ),
    );
  }

  #choices(main) {
    return [
      h("button", { class: main ? "main" : "quiet", onclick: () => this.targetInput.browse({ folder: true }) }, "Folder"),
      h("button", { class: "quiet", onclick: () => this.targetInput.browse() }, "Files"),
      h("button", { class: "quiet", onclick: () => this.targetInput.sample() }, "Samples"),
    ];
  }

  #exports() {
    const path = `api/sessions/${this.session.id}/transfer`;
    const draw = () => figure(this.session.scene, this.grid.summaries);
    return [
      ["COCO keypoints (JSON)", () => saveResponse(`${path}/coco.json`, "keypoints.json")],
      ["Table (CSV)", () => saveResponse(`${path}/points.csv`, "points.csv", "text/csv")],
      ["Grid (PNG)", async () => savePng(await draw(), "transfer.png")],
      ["Grid (SVG)", async () => saveSvg(await draw(), "transfer.svg")],
    ];
  }

  #listen() {
    const { session, viewState, store, uploads, app } = this;
    this.cleanups = [
      on(session, "change", () => {
        store.update();
        this.#drawAllSoon();
      }),
      on(session, "progress", () => this.#drawProgress()),
      on(store, "change", () => this.#drawAllSoon()),
      on(uploads, "change", () => this.#drawAllSoon()),
      on(viewState, "change", () => this.#drawAllSoon()),
      ...this.undoButtons.addKeys(app.keys),
      ...addKeys(app.keys, {
        step: (by) => this.points.step(by),
        open: () => this.imageInput.browse("source"),
        sample: () => this.imageInput.sample("source"),
        openTargets: () => this.targetInput.browse(),
        sampleTargets: () => this.targetInput.sample(),
        escape: () => this.#escape(),
      }),
    ];
  }

  #escape() {
    if (this.line.busy) this.line.stop();
    else this.viewState.set("selected", null);
  }

  #clear() {
    this.session.act("remove-targets", { targets: this.store.targets.map((row) => row.id) });
  }

  #retry(id) {
    const row = this.store.target(id);
    if (!row) return; // it was removed meanwhile
    if (row.picture) this.session.act("go-on", { target: id });
    else this.uploads.retry(row.name);
  }

  #enlarge(id, ids) {
    if (!this.store.target(id)?.picture) return this.app.go("", { replace: true });
    const { session, store, app } = this;
    app.go(String(id));
    this.targetDialog = new TargetDialog(session, store, app.toasts, ids.includes(id) ? ids : [id], id, {
      change: (other) => app.go(String(other), { replace: true }),
      close: (last) => this.#onDialogClose(last),
      match: (row) => this.#openMatch(row),
    });
    return undefined;
  }

  #onDialogClose(last) {
    this.targetDialog = null;
    if (this.closing) return;
    this.app.go("", { replace: true });
    this.grid.focus(last);
  }

  // Open a target on the Match screen, which shows heat maps.
  async #openMatch(row) {
    await this.session.act("target", { picture: row.picture.id });
    location.hash = `#/match/${this.session.id}`;
  }

  // Draw only what depends on progress, which arrives many times a second.
  #drawProgress() {
    this.points.drawSoon();
    this.line.draw();
    const running = this.session.progress.transfer?.picture;
    if (running !== this.running) this.#drawAllSoon();
    this.running = running;
  }

  // The points are drawn before the next frame, everything else after it.
  #drawAllSoon() {
    this.points.drawSoon();
    this.drawSoon();
  }

  draw() {
    const { scene } = this.session;
    this.pane.show(scene.source);
    this.viewState.forgetAllBut(scene.points);
    const none = !this.store.targets.length;
    this.invitation.hidden = !none;
    this.clear.hidden = none;
    for (const part of [this.undoButtons, this.settings, this.pointNames, this.line, this.grid]) part.draw();
    this.#announce();
  }

  // Announce the end of the search to screen readers.
  #announce() {
    const { pictures, done, failed } = this.session.state.transfer;
    const { searching } = this.line;
    if (this.wasSearching && !searching) {
      this.app.toasts.announce(`${done} of ${pictures} images done${failed ? `, ${failed} failed` : ""}`);
    }
    this.wasSearching = searching;
  }
}
