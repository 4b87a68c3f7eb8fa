// @ts-check
// The line below the pictures: what is being done, how long it takes yet, and a way to stop it.

import { h, set, write } from "../core/dom.js";
import { describe, shareOf } from "./progress_text.js";

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
    let text = this.#idle();
    if (running) {
      text = `Point ${running.number}: ${describe(running.told).toLowerCase()}`;
      if (waiting) text += ` · ${waiting} more`;
    } else if (waiting) text = `${waiting} waiting`;
    else if (match.problem) text = match.problem;
    else if (!match.ready && ready) text = `Getting ready · ${describe(ready).toLowerCase()}`;
    write(this.#text, text);
    set(this.#cancel, { hidden: !this.busy });
    const share = running ? shareOf(running.told) : 0;
    set(this.#bar, { hidden: !running });
    this.#filled.style.width = `${100 * share}%`;
    this.element.classList.toggle("problem", !running && Boolean(match.problem));
  }

  #idle() {
    const { source, target, points } = this.session.scene;
    if (!source) return "Open a picture as the source.";
    if (!target) return "Open a picture as the target.";
    if (!points.length) return "Click a part in the source: its counterpart is sought in the target.";
    return "Hover or select a point to see where the model looks.";
  }

  #running() {
    const told = this.session.progress.match?.points ?? {};
    const { points } = this.session.state.match;
    for (const point of this.session.scene.points) {
      if (points[point.id]?.state === "running") return { ...point, told: told[point.id] ?? null };
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
