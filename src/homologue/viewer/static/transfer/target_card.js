// @ts-check
// One target in the grid.

import { h, set, write } from "../core/dom.js";
import { LOW } from "../match/progress_text.js";
import { notes } from "./summary.js";
import { drawView, emptyView, makeView } from "./thumbnail.js";

const STATES = { failed: "Failed", refused: "No picture", source: "The source itself", running: "Searching", held: "Stopped", waiting: "Waiting" };

// act: { open(id), remove(id), retry(id) }
export function makeCard(id, act) {
  return h(
    "li", { class: "target-card" },
    h("button", { class: "target-open", onclick: () => act.open(id) },
      makeView(),
      h("span", { class: "target-problem", hidden: true }),
    ),
    h("div", { class: "target-foot" },
      h("span", { class: "target-name" }),
      h("span", { class: "score" }),
      h("button", { class: "icon again", title: "Try again", onclick: () => act.retry(id) }, "↻"),
      h("button", { class: "icon remove", title: "Remove", onclick: () => act.remove(id) }, "×"),
      h("span", { class: "target-notes" }),
    ),
  );
}

// one: see summarise. seen: whether anybody can see the card.
export function drawCard(card, one, { seen, focus, canRetry }) {
  const { row, state } = one;
  const [open, foot] = card.children;
  const [view, problem] = open.children;
  const [name, score, again, remove, told] = foot.children;
  const failed = state === "failed" || state === "refused";
  set(card, { "data-state": state });
  set(view, { hidden: !row.picture });
  if (row.picture) {
    view.style.setProperty("--ratio", row.picture.width / row.picture.height);
    if (seen) drawView(view, row.picture, one.points, focus);
    else emptyView(view);
  }
  write(problem, row.problem);
  set(problem, { hidden: !failed });
  write(name, row.name);
  set(name, { title: row.name });
  const hasScore = one.lowest !== null;
  write(score, hasScore ? one.lowest.toFixed(2) : "");
  set(score, { hidden: !hasScore, title: "Lowest score" });
  score.classList.toggle("low", hasScore && one.lowest < LOW);
  card.classList.toggle("low", one.low > 0);
  write(told, [STATES[state], notes(one)].filter(Boolean).join(" · "));
  told.classList.toggle("problem", failed || one.low > 0);
  set(again, { hidden: !canRetry, "aria-label": `Try again: ${row.name}` });
  set(remove, { "aria-label": `Remove ${row.name}` });
  open.disabled = !row.picture;
  set(open, { "aria-label": label(one) });
}

function label(one) {
  const parts = [`Enlarge ${one.row.name}`];
  if (one.lowest !== null) parts.push(`lowest score ${one.lowest.toFixed(2)}`);
  const more = [STATES[one.state], notes(one)].filter(Boolean);
  return [...parts, ...more].join(", ");
}
