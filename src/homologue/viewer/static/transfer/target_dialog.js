// @ts-check
// One target as large as the window allows: its points can be dragged to where they belong.

import { openDialog } from "../core/dialog.js";
import { h, write } from "../core/dom.js";
import { drawStage } from "../export/stage_drawing.js";
import { exportMenu } from "../export/menu.js";
import { savePng, saveSvg } from "../export/save.js";
import { Pane } from "../match/pane.js";
import { Stage } from "../match/stage.js";
import { LargePoints } from "./target_points.js";
import { LargeList } from "./target_point_list.js";
import { drawView, makeView } from "./thumbnail.js";

export class Large {
  #source = makeView();
  #place = h("span", { class: "soft" });

  // ids: of the targets that next and previous go through. to: { change(id), close(), match(row) },
  // is told which target is looked at, that none is, and that one is to be seen with its maps.
  constructor(session, sheet, toasts, ids, id, to) {
    this.session = session;
    this.sheet = sheet;
    this.ids = ids;
    this.id = id;
    this.to = to;
    this.pane = new Pane("target", "Target", { empty: h("div", { class: "empty" }), placing: false });
    this.stage = new Stage({ target: this.pane });
    this.points = new LargePoints(this.stage, session, sheet, (point) => this.#select(point));
    this.list = new LargeList(sheet, (point) => this.#select(point), (point) => this.points.focus(point));
    this.selected = null;
    const save = exportMenu([
      ["Picture (PNG)", async () => savePng(await drawStage(this.stage), "target.png")],
      ["Drawing (SVG)", async () => saveSvg(await drawStage(this.stage), "target.svg")],
    ], toasts);
    this.pane.tools.append(
      this.#place,
      this.#button("‹", "Previous target", "Page up", () => this.step(-1)),
      this.#button("›", "Next target", "Page down", () => this.step(1)),
      this.#button("−", "Zoom out", "−", () => this.pane.zoom(1 / 1.5)),
      this.#button("+", "Zoom in", "+", () => this.pane.zoom(1.5)),
    );
    this.undo = this.#button("↶", "Undo", "Ctrl+Z", () => session.act("undo"));
    this.redo = this.#button("↷", "Redo", "Ctrl+Y", () => session.act("redo"));
    this.reset = h("button", { class: "quiet", onclick: () => sheet.resetAll(this.id) }, "Reset all");
    const match = h("button", { class: "quiet", title: "With heat maps", onclick: () => to.match(this.row) }, "Open in Match");
    const side = h("div", { class: "enlarged-side" },
      h("h3", {}, "Source"), this.#source, this.list.element,
      h("div", { class: "enlarged-tools" }, this.undo, this.redo, this.reset, match, save));
    this.dialog = openDialog("Target", h("div", { class: "enlarged" }, this.stage.element, side), { wide: true });
    this.dialog.classList.add("enlarged-dialog");
    this.dialog.addEventListener("keydown", (event) => this.#press(event));
    this.dialog.addEventListener("close", () => this.#end());
    this.pane.addEventListener("view", () => this.points.ask());
    for (const [target, kind] of this.#heard) target.addEventListener(kind, this.draw);
    this.draw();
    this.pane.well.focus();
  }

  get #heard() {
    return [[this.session, "change"], [this.sheet, "change"]];
  }

  get row() {
    return this.sheet.target(this.id);
  }

  // Looks at another target.
  show(id) {
    this.id = id;
    this.draw();
  }

  step(by) {
    const there = this.ids.filter((id) => this.sheet.target(id));
    const at = there.indexOf(this.id);
    if (there.length < 2) return;
    this.show(there[(at + by + there.length) % there.length]);
    this.to.change(this.id);
  }

  draw = () => {
    const { row } = this;
    if (!row?.picture) return this.dialog.close(); // it was removed
    this.pane.show({ ...row.picture, name: row.name });
    const points = this.sheet.points(row);
    this.points.show(row, points, this.selected);
    this.list.show(row, points, this.selected);
    write(/** @type {Element} */ (this.dialog.querySelector("h2")), row.name);
    write(this.#place, this.ids.length > 1 ? `${this.ids.indexOf(this.id) + 1} of ${this.ids.length}` : "");
    this.undo.disabled = !this.session.state.undo;
    this.redo.disabled = !this.session.state.redo;
    this.reset.disabled = !points.some((point) => point.corrected);
    const { source, points: given } = this.session.scene;
    if (source) drawView(this.#source, source, given, this.selected);
    return undefined;
  };

  #button(sign, label, keys, run) {
    return h("button", { class: "icon", "aria-label": label, title: `${label} (${keys})`, onclick: run }, sign);
  }

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

  #end() {
    for (const [target, kind] of this.#heard) target.removeEventListener(kind, this.draw);
    this.points.dragging.settle();
    this.to.close(this.id);
  }
}
