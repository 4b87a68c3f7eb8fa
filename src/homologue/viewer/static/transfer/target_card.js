// @ts-check
// A target's card in the grid.

import { h, set, setText } from "../core/dom.js";
import { LOW_SCORE } from "../match/progress_text.js";
import { notes } from "./summary.js";
import { clearThumbnail, drawThumbnail, makeThumbnail } from "./thumbnail.js";

const STATES = { failed: "Failed", refused: "Not an image", source: "Source image", running: "Locating", held: "Stopped", waiting: "Waiting" };

// handlers: { open(id), remove(id), retry(id) }
export function makeCard(id, handlers) {
  return h(
    "li", { class: "target-card" },
    h("button", { class: "target-open", onclick: () => handlers.open(id) },
      makeThumbnail(),
      h("span", { class: "target-problem", hidden: true }),
    ),
    h("div", { class: "target-foot" },
      h("span", { class: "target-name" }),
      h("span", { class: "score" }),
      h("button", { class: "icon again", title: "Retry", onclick: () => handlers.retry(id) }, "↻"),
      h("button", { class: "icon remove", title: "Remove this target", onclick: () => handlers.remove(id) }, "×"),
      h("span", { class: "target-notes" }),
    ),
  );
}

// summary: see summarise. visible: whether the card is in or near the window.
export function drawCard(card, summary, { visible, focus, canRetry }) {
  const { row, state } = summary;
  const [open, foot] = card.children;
  const [view, problem] = open.children;
  const [name, score, again, remove, notesNode] = foot.children;
  const failed = state === "failed" || state === "refused";
  set(card, { "data-state": state });
  set(view, { hidden: !row.picture });
  if (row.picture) {
    view.style.setProperty("--ratio", row.picture.width / row.picture.height);
    if (visible) drawThumbnail(view, row.picture, summary.points, focus);
    else clearThumbnail(view);
  }
  setText(problem, row.problem);
  set(problem, { hidden: !failed });
  setText(name, row.name);
  set(name, { title: row.name });
  const hasScore = summary.lowest !== null;
  setText(score, hasScore ? summary.lowest.toFixed(2) : "");
  set(score, { hidden: !hasScore, title: "Lowest score" });
  score.classList.toggle("low", hasScore && summary.lowest < LOW_SCORE);
  card.classList.toggle("low", summary.low > 0);
  setText(notesNode, [STATES[state], notes(summary)].filter(Boolean).join(" · "));
  notesNode.classList.toggle("problem", failed || summary.low > 0);
  set(again, { hidden: !canRetry, "aria-label": `Retry: ${row.name}` });
  set(remove, { "aria-label": `Remove ${row.name}` });
  open.disabled = !row.picture;
  set(open, { "aria-label": label(summary) });
}

function label(summary) {
  const parts = [`Enlarge ${summary.row.name}`];
  if (summary.lowest !== null) parts.push(`lowest score ${summary.lowest.toFixed(2)}`);
  const details = [STATES[summary.state], notes(summary)].filter(Boolean);
  return [...parts, ...details].join(", ");
}
