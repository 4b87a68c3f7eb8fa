// @ts-check
// Summaries of targets, and the filters and orders of the grid.

/** @typedef {import("./target_store.js").Target} Target */
/** @typedef {import("./target_store.js").TargetPoint} TargetPoint */

/**
 * Summarise a target: its points and state, the lowest score, and the numbers of points that have a low
 * score, are corrected, hidden or stale.
 *
 * state: "refused" (not an image), "failed", "source" (the target is the source image), "done",
 * "running", "held" (stopped) or "waiting".
 * @param {import("./target_store.js").TargetStore} store
 * @param {Target} row
 * @param {{ running?: string | null, held?: boolean }} work
 */
export function summarise(store, row, { running, held }) {
  const points = store.points(row);
  /** @param {(point: TargetPoint) => boolean | undefined} test */
  const count = (test) => points.filter(test).length;
  const scores = points.flatMap(({ score }) => (typeof score === "number" ? [score] : []));
  return {
    row,
    points,
    state: stateOf(store, row, points, running, held),
    lowest: scores.length ? Math.min(...scores) : null,
    low: count((point) => point.low),
    corrected: count((point) => point.corrected && !point.hidden),
    hidden: count((point) => point.hidden),
    stale: count((point) => point.stale),
  };
}

/**
 * @param {import("./target_store.js").TargetStore} store
 * @param {Target} row
 * @param {TargetPoint[]} points
 * @param {string | null | undefined} running
 * @param {boolean | undefined} held
 */
function stateOf(store, row, points, running, held) {
  if (!row.picture) return "refused";
  if (store.isSource(row)) return "source";
  if (row.problem) return "failed";
  if (!points.some((point) => point.missing)) return "done";
  if (running === row.picture.id) return "running";
  return held ? "held" : "waiting";
}

/** @typedef {ReturnType<typeof summarise>} Summary */

/** @type {Record<string, { label: string, fits: (summary: Summary) => boolean }>} */
export const FILTERS = {
  all: { label: "All", fits: () => true },
  low: { label: "Low score", fits: (summary) => summary.low > 0 },
  corrected: { label: "Corrected", fits: (summary) => summary.corrected + summary.hidden > 0 },
  failed: { label: "Failed", fits: (summary) => summary.state === "failed" || summary.state === "refused" },
};

const names = new Intl.Collator(undefined, { numeric: true });

/** @type {Record<string, { label: string, compare: (a: Summary, b: Summary) => number }>} */
export const ORDERS = {
  added: { label: "As added", compare: () => 0 },
  name: { label: "Name", compare: (a, b) => names.compare(a.row.name, b.row.name) },
  // Targets without a score come last.
  score: { label: "Lowest score", compare: (a, b) => (a.lowest ?? 2) - (b.lowest ?? 2) },
};

/**
 * Describe a target's points: "2 low · 1 corrected".
 * @param {Summary} summary
 */
export function notes(summary) {
  const parts = [];
  if (summary.low) parts.push(`${summary.low} low`);
  if (summary.corrected) parts.push(`${summary.corrected} corrected`);
  if (summary.hidden) parts.push(`${summary.hidden} not visible`);
  if (summary.stale) parts.push(`${summary.stale} outdated`);
  return parts.join(" · ");
}
