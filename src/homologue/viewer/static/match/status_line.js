// @ts-check
// The status line below the images: the running job, its remaining time, and a button to cancel it.

import { h, set, setText } from "../core/dom.js";
import { describeProgress, fractionDone } from "./progress_text.js";

export class StatusLine {
  #text = h("span", { class: "status-text" });
  #filled = h("span", {});
  #bar = h("span", { class: "bar" }, this.#filled);
  #cancel = h("button", { class: "quiet", title: "Escape" }, "Cancel");

  constructor(session) {
    this.session = session;
    this.#cancel.addEventListener("click", () => this.cancel());
    this.element = h("div", { class: "status" }, this.#bar, this.#text, this.#cancel);
  }

  get busy() {
    return this.#running() !== null || this.#waiting() > 0;
  }

  cancel() {
    if (this.busy) this.session.act("cancel");
  }

  draw() {
    const running = this.#running();
    const waiting = this.#waiting();
    const { match } = this.session.state;
    const ready = this.session.progress.match?.ready ?? null;
    let text = this.#hint();
    if (running) {
      text = `Point ${running.number}: ${describeProgress(running.progress).toLowerCase()}`;
      if (waiting) text += ` · ${waiting} waiting`;
    } else if (waiting) text = `${waiting} waiting`;
    else if (match.problem) text = match.problem;
    else if (!match.ready && ready) text = `Preparing · ${describeProgress(ready).toLowerCase()}`;
    setText(this.#text, text);
    set(this.#cancel, { hidden: !this.busy });
    const fraction = running ? fractionDone(running.progress) : 0;
    set(this.#bar, { hidden: !running });
    this.#filled.style.width = `${100 * fraction}%`;
    this.element.classList.toggle("problem", !running && Boolean(match.problem));
  }

  #hint() {
    const { source, target, points } = this.session.scene;
    if (!source) return "Open a source image.";
    if (!target) return "Open a target image.";
    if (!points.length) return "Click a point in the source image to find its counterpart in the target image.";
    return "Hover over a point or select it to see its heat maps.";
  }

  #running() {
    const progress = this.session.progress.match?.points ?? {};
    const { points } = this.session.state.match;
    for (const point of this.session.scene.points) {
      if (points[point.id]?.state === "running") return { ...point, progress: progress[point.id] ?? null };
    }
    return null;
  }

  #waiting() {
    const { points } = this.session.state.match;
    return this.session.scene.points.filter(
      (point) => (points[point.id]?.state ?? "waiting") === "waiting",
    ).length;
  }
}
