// @ts-check
// The list of points: position in the source, position in the target, score, state.

import { colourOf, inkOn } from "../core/colours.js";
import { find, h, keyed, set, setText } from "../core/dom.js";
import { LOW_SCORE, fractionDone, formatPoint, progressLabel } from "./progress_text.js";

export class PointList {
  #rows = h("ol", { class: "rows" });
  #none = h("p", { class: "hint" }, "No points yet. Click the source image to add one.");
  #count = h("span", { class: "count" });

  constructor(session, viewState) {
    this.session = session;
    this.viewState = viewState;
    this.clear = h("button", { class: "quiet", onclick: () => session.act("clear") }, "Clear");
    this.element = h(
      "section",
      { class: "card list", "aria-label": "Points" },
      h("div", { class: "card-head" }, h("h2", {}, "Points"), this.#count, this.clear),
      this.#none,
      this.#rows,
    );
    this.#rows.addEventListener("pointerleave", () => viewState.set("hovered", null));
  }

  draw() {
    const { scene } = this.session;
    const { points } = scene;
    const progress = this.session.progress.match?.points ?? {};
    set(this.#none, { hidden: points.length > 0 });
    set(this.clear, { hidden: points.length === 0 });
    setText(this.#count, points.length ? String(points.length) : "");
    keyed(this.#rows, points, (point) => point.id, (point) => this.#make(point), (row, point) => {
      const facts = this.session.state.match.points[point.id];
      update(row, point, scene, facts, progress[point.id] ?? null, this.viewState);
    });
  }

  #make({ id }) {
    const act = (name) => () => this.session.act(name, { id });
    const row = h(
      "li",
      { class: "row" },
      h(
        "button",
        { class: "row-main", onclick: () => this.viewState.set("selected", id) },
        h("span", { class: "disc" }),
        h("span", { class: "row-text" }, h("span", { class: "row-places" }), h("span", { class: "row-state" })),
        h("span", { class: "score" }),
      ),
      h("button", { class: "icon again", onclick: act("retry"), title: "Run again" }, "↻"),
      h("button", { class: "icon stop", onclick: act("cancel"), title: "Cancel" }, "■"),
      h("button", { class: "icon delete", onclick: act("delete"), title: "Delete" }, "×"),
      h("span", { class: "bar" }, h("span", {})),
    );
    row.addEventListener("pointerenter", () => this.viewState.set("hovered", id));
    find(row, ".row-main")?.addEventListener("focus", () => this.viewState.set("selected", id));
    return row;
  }
}

function update(row, point, scene, facts, progress, viewState) {
  const state = facts?.state ?? "waiting";
  const found = facts?.found ?? null;
  const busy = state === "running" || state === "waiting";
  const [main, again, stop, remove, bar] = row.children;
  const [disc, text, score] = main.children;
  row.classList.toggle("selected", viewState.get("selected") === point.id);
  row.classList.toggle("focus", viewState.point === point.id);
  disc.style.background = colourOf(point.number);
  disc.style.color = inkOn(point.number);
  setText(disc, String(point.number));
  const from = formatPoint(point, scene.source);
  setText(text.firstChild, found ? `${from}  →  ${formatPoint(found, scene.target)}` : from);
  setText(text.lastChild, stateText(state, facts, progress, found));
  text.lastChild.classList.toggle("problem", state === "failed");
  setText(score, found ? found.score.toFixed(2) : "");
  set(score, { hidden: !found });
  score.classList.toggle("low", found !== null && found.score < LOW_SCORE);
  set(main, { "aria-pressed": String(viewState.get("selected") === point.id) });
  set(again, { hidden: busy || (state === "done" && facts.maps.target !== null) });
  set(stop, { hidden: !busy });
  for (const [button, name] of [[again, "Run again"], [stop, "Cancel"], [remove, "Delete"]]) {
    set(button, { "aria-label": `${name}: point ${point.number}` });
  }
  set(bar, { hidden: !busy });
  bar.firstChild.style.width = `${100 * (state === "running" ? fractionDone(progress) : 0)}%`;
}

function stateText(state, facts, progress, found) {
  if (state === "running") return progressLabel(progress);
  if (state === "failed") return facts.error;
  if (state === "cancelled") return "Cancelled";
  if (state === "waiting") return "Waiting";
  if (!found) return "Fitted. Open a target image to locate it";
  return found.score < LOW_SCORE ? "Low score: the heat map has several peaks" : "Found";
}
