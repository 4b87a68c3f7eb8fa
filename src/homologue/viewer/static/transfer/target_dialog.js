// @ts-check
// The dialog that shows one target as large as possible, to check and correct its points.

import { openDialog } from "../core/dialog.js";
import { iconButton, UndoButtons } from "../core/buttons.js";
import { h, setText } from "../core/dom.js";
import { drawStage } from "../export/stage_drawing.js";
import { exportMenu } from "../export/menu.js";
import { savePng, saveSvg } from "../export/save.js";
import { Pane } from "../match/pane.js";
import { Stage } from "../match/stage.js";
import { TargetPoints } from "./target_points.js";
import { TargetPointList } from "./target_point_list.js";
import { drawThumbnail, makeThumbnail } from "./thumbnail.js";

export class TargetDialog {
  #source = makeThumbnail();
  #counter = h("span", { class: "soft" });

  // ids: of the targets in the order of "next" and "previous". id: of the first one to show. handlers:
  // { change(id), close(id), match(row) }; change: another target is shown; match: open it on the Match
  // screen.
  constructor(session, store, toasts, ids, id, handlers) {
    this.session = session;
    this.store = store;
    this.ids = ids;
    this.id = id;
    this.handlers = handlers;
    this.pane = new Pane("target", "Target", { placing: false });
    this.stage = new Stage({ target: this.pane });
    this.points = new TargetPoints(this.stage, session, store, (point) => this.#select(point));
    this.list = new TargetPointList(store, (point) => this.#select(point), (point) => this.points.focus(point));
    this.selected = null;
    const save = exportMenu([
      ["Image (PNG)", async () => savePng(await drawStage(this.stage), "target.png")],
      ["Image (SVG)", async () => saveSvg(await drawStage(this.stage), "target.svg")],
    ], toasts);
    this.pane.tools.prepend(
      this.#counter,
      iconButton("‹", "Previous target", "Page up", () => this.step(-1)),
      iconButton("›", "Next target", "Page down", () => this.step(1)),
    );
    this.undoButtons = new UndoButtons(session);
    this.reset = h("button", { class: "quiet", title: "Discard all corrections of this target", onclick: () => store.resetAll(this.id) }, "Reset all");
    const match = h("button", { class: "quiet", title: "Open the source and this target on the Match screen, with heat maps", onclick: () => handlers.match(this.row) }, "Open in Match");
    const side = h("div", { class: "enlarged-side" },
      h("h3", {}, "Source"), this.#source, this.list.element,
      h("div", { class: "enlarged-tools" }, ...this.undoButtons.elements, this.reset, match, save));
    this.dialog = openDialog("Target", h("div", { class: "enlarged" }, this.stage.element, side), { wide: true });
    this.dialog.classList.add("enlarged-dialog");
    this.dialog.addEventListener("keydown", (event) => this.#press(event));
    this.dialog.addEventListener("close", () => this.#onClose());
    this.pane.addEventListener("view", () => this.points.drawSoon());
    for (const target of [session, store]) target.addEventListener("change", this.draw);
    this.draw();
    this.pane.well.focus();
  }

  get row() {
    return this.store.target(this.id);
  }

  // Show another target.
  show(id) {
    this.id = id;
    this.draw();
  }

  step(by) {
    const ids = this.ids.filter((id) => this.store.target(id));
    if (ids.length < 2) return;
    this.show(ids[(ids.indexOf(this.id) + by + ids.length) % ids.length]);
    this.handlers.change(this.id);
  }

  draw = () => {
    const { row } = this;
    if (!row?.picture) return this.dialog.close(); // the target was removed
    this.pane.show({ ...row.picture, name: row.name });
    const points = this.store.points(row);
    this.points.show(row, points, this.selected);
    this.list.show(row, points, this.selected);
    setText(/** @type {Element} */ (this.dialog.querySelector("h2")), row.name);
    setText(this.#counter, this.ids.length > 1 ? `${this.ids.indexOf(this.id) + 1} of ${this.ids.length}` : "");
    this.undoButtons.draw();
    this.reset.disabled = !points.some((point) => point.corrected);
    const { source, points: sourcePoints } = this.session.scene;
    if (source) drawThumbnail(this.#source, source, sourcePoints, this.selected);
    return undefined;
  };

  #select(point) {
    if (this.selected === point) return;
    this.selected = point;
    this.draw();
  }

  #press(event) {
    const control = event.ctrlKey || event.metaKey;
    const key = event.key.toLowerCase();
    if (control && key === "z" && !event.shiftKey) this.session.act("undo");
    else if (control && (key === "y" || key === "z")) this.session.act("redo");
    else if (control || event.altKey) return;
    else if (event.key === "PageDown" || event.key === "PageUp") this.step(event.key === "PageDown" ? 1 : -1);
    else if (event.key === "]" || event.key === "[") this.points.step(event.key === "]" ? 1 : -1, this.selected);
    else return;
    event.preventDefault();
  }

  #onClose() {
    for (const target of [this.session, this.store]) target.removeEventListener("change", this.draw);
    this.points.dragging.commit();
    this.handlers.close(this.id);
  }
}
