// @ts-check
// What a card says of a target, and which cards are shown in which order.

/** @typedef {import("./target_store.js").Row} Row */
/** @typedef {import("./target_store.js").SheetPoint} SheetPoint */

/**
 * Gives { row, points, state, lowest, low, corrected, hidden, stale }.
 *
 * state: "refused" (there is no picture), "failed", "source" (it is the source itself), "done",
 * "running", "held" or "waiting".
 * @param {import("./target_store.js").Sheet} sheet
 * @param {Row} row
 * @param {{ running?: string | null, held?: boolean }} work
 */
export function summarise(sheet, row, { running, held }) {
  const points = sheet.points(row);
  /** @param {(point: SheetPoint) => boolean | undefined} is */
  const count = (is) => points.filter(is).length;
  const scores = points.flatMap(({ score }) => (typeof score === "number" ? [score] : []));
  return {
    row,
    points,
    state: stateOf(sheet, row, points, running, held),
    lowest: scores.length ? Math.min(...scores) : null,
    low: count((point) => point.low),
    corrected: count((point) => point.corrected && !point.hidden),
    hidden: count((point) => point.hidden),
    stale: count((point) => point.stale),
  };
}

/**
 * @param {import("./target_store.js").Sheet} sheet
 * @param {Row} row
 * @param {SheetPoint[]} points
 * @param {string | null | undefined} running
 * @param {boolean | undefined} held
 */
function stateOf(sheet, row, points, running, held) {
  if (!row.picture) return "refused";
  if (sheet.isSource(row)) return "source";
  if (row.problem) return "failed";
  if (!points.some((point) => point.missing)) return "done";
  if (running === row.picture.id) return "running";
  return held ? "held" : "waiting";
}

/** @typedef {ReturnType<typeof summarise>} Summary */

/** @type {Record<string, { label: string, fits: (one: Summary) => boolean }>} */
export const FILTERS = {
  all: { label: "All", fits: () => true },
  low: { label: "Low", fits: (one) => one.low > 0 },
  corrected: { label: "Corrected", fits: (one) => one.corrected + one.hidden > 0 },
  failed: { label: "Failed", fits: (one) => one.state === "failed" || one.state === "refused" },
};

const names = new Intl.Collator(undefined, { numeric: true });

/** @type {Record<string, { label: string, compare: (a: Summary, b: Summary) => number }>} */
export const ORDERS = {
  added: { label: "As added", compare: () => 0 },
  name: { label: "Name", compare: (a, b) => names.compare(a.row.name, b.row.name) },
  // Those without a score come last.
  score: { label: "Lowest score", compare: (a, b) => (a.lowest ?? 2) - (b.lowest ?? 2) },
};

/**
 * "2 low · 1 corrected"
 * @param {Summary} one
 */
export function notes(one) {
  const parts = [];
  if (one.low) parts.push(`${one.low} low`);
  if (one.corrected) parts.push(`${one.corrected} corrected`);
  if (one.hidden) parts.push(`${one.hidden} not visible`);
  if (one.stale) parts.push(`${one.stale} outdated`);
  return parts.join(" · ");
}
