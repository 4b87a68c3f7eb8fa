// @ts-check
// The list of points: where each is, where it was found, how sure that is, what it is doing.

import { colourOf, inkOn } from "../core/colours.js";
import { find, h, keyed, set, write } from "../core/dom.js";
import { LOW, brief, place, shareOf } from "./progress_text.js";

export class PointList {
  #rows = h("ol", { class: "rows" });
  #none = h("p", { class: "hint" }, "No points yet. Click a part of the source.");
  #count = h("span", { class: "count" });

  constructor(session, look) {
    this.session = session;
    this.look = look;
    this.clear = h("button", { class: "quiet", onclick: () => session.act("clear") }, "Clear");
    this.element = h(
      "section",
      { class: "card list", "aria-label": "Points" },
      h("div", { class: "card-head" }, h("h2", {}, "Points"), this.#count, this.clear),
      this.#none,
      this.#rows,
    );
    this.#rows.addEventListener("pointerleave", () => look.set("hovered", null));
  }

  draw() {
    const { scene } = this.session;
    const { points } = scene;
    const told = this.session.progress.match?.points ?? {};
    set(this.#none, { hidden: points.length > 0 });
    set(this.clear, { hidden: points.length === 0 });
    write(this.#count, points.length ? String(points.length) : "");
    keyed(this.#rows, points, (point) => point.id, (point) => this.#make(point), (row, point) => {
      const facts = this.session.state.match.points[point.id];
      update(row, point, scene, facts, told[point.id] ?? null, this.look);
    });
  }

  #make({ id }) {
    const act = (name) => () => this.session.act(name, { id });
    const row = h(
      "li",
      { class: "row" },
      h(
        "button",
        { class: "row-main", onclick: () => this.look.set("selected", id) },
        h("span", { class: "disc" }),
        h("span", { class: "row-text" }, h("span", { class: "row-places" }), h("span", { class: "row-state" })),
        h("span", { class: "score" }),
      ),
      h("button", { class: "icon again", onclick: act("retry"), title: "Run again" }, "↻"),
      h("button", { class: "icon stop", onclick: act("cancel"), title: "Cancel" }, "■"),
      h("button", { class: "icon delete", onclick: act("delete"), title: "Delete" }, "×"),
      h("span", { class: "bar" }, h("span", {})),
    );
    row.addEventListener("pointerenter", () => this.look.set("hovered", id));
    find(row, ".row-main")?.addEventListener("focus", () => this.look.set("selected", id));
    return row;
  }
}

function update(row, point, scene, facts, told, look) {
  const state = facts?.state ?? "waiting";
  const found = facts?.found ?? null;
  const busy = state === "running" || state === "waiting";
  const [main, again, stop, remove, bar] = row.children;
  const [disc, text, score] = main.children;
  row.classList.toggle("selected", look.get("selected") === point.id);
  row.classList.toggle("focus", look.point === point.id);
  disc.style.background = colourOf(point.number);
  disc.style.color = inkOn(point.number);
  write(disc, String(point.number));
  const from = place(point, scene.source);
  write(text.firstChild, found ? `${from}  →  ${place(found, scene.target)}` : from);
  write(text.lastChild, words(state, facts, told, found));
  text.lastChild.classList.toggle("problem", state === "failed");
  write(score, found ? found.score.toFixed(2) : "");
  set(score, { hidden: !found });
  score.classList.toggle("low", found !== null && found.score < LOW);
  set(main, { "aria-pressed": String(look.get("selected") === point.id) });
  set(again, { hidden: busy || (state === "done" && facts.maps.target !== null) });
  set(stop, { hidden: !busy });
  for (const [button, name] of [[again, "Run again"], [stop, "Cancel"], [remove, "Delete"]]) {
    set(button, { "aria-label": `${name}: point ${point.number}` });
  }
  set(bar, { hidden: !busy });
  bar.firstChild.style.width = `${100 * (state === "running" ? shareOf(told) : 0)}%`;
}

function words(state, facts, told, found) {
  if (state === "running") return brief(told);
  if (state === "failed") return facts.error;
  if (state === "cancelled") return "Cancelled";
  if (state === "waiting") return "Waiting";
  if (!found) return "Fitted; open a target to find it there";
  return found.score < LOW ? "Unsure: it lights up in several places" : "Found";
}
