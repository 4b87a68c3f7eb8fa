// @ts-check
// What a point is doing, in words and as a share.

/**
 * What a job last told: its stage, steps done of a total, the loss of a fit, seconds that are left.
 * @typedef {{ stage: string, done: number, total: number, loss: number | null, left: number | null }} Told
 */

/** @type {Record<string, string>} */
const STAGES = {
  load: "Loading the model",
  look: "Looking",
  fit: "Fitting",
  locate: "Searching",
};

// Where in a job each stage begins and ends, for a bar that only ever grows.
/** @type {Record<string, [number, number]>} */
const SHARES = { load: [0, 0.05], look: [0.05, 0.2], fit: [0.2, 0.9], locate: [0.9, 1] };

/**
 * told: what a job last told, null if nothing yet. From 0 to 1.
 * @param {Told | null} told
 */
export function shareOf(told) {
  if (!told) return 0;
  const [from, to] = SHARES[told.stage] ?? [0, 1];
  return from + (to - from) * (told.done / Math.max(told.total, 1));
}

/**
 * "Fitting, step 43 of 100 · loss 2.31 · about 3 s left"
 * @param {Told | null} told
 */
export function describe(told) {
  if (!told) return "Waiting";
  const parts = [STAGES[told.stage] ?? told.stage];
  if (told.stage === "fit") parts[0] += `, step ${told.done} of ${told.total}`;
  else if (told.total > 1) parts[0] += `, ${told.done} of ${told.total}`;
  if (told.stage === "fit" && told.loss !== null) parts.push(`loss ${told.loss.toFixed(2)}`);
  if (told.left !== null) parts.push(timeLeft(told.left));
  return parts.join(" · ");
}

/**
 * "Fitting 43 of 100 · loss 2.31"
 * @param {Told | null} told
 */
export function brief(told) {
  if (!told) return "Waiting";
  const share = told.total > 1 ? ` ${told.done} of ${told.total}` : "";
  const loss = told.stage === "fit" && told.loss !== null ? ` · loss ${told.loss.toFixed(2)}` : "";
  return `${STAGES[told.stage] ?? told.stage}${share}${loss}`;
}

/** @param {number} seconds */
export function timeLeft(seconds) {
  if (seconds < 1.5) return "about 1 s left";
  if (seconds < 90) return `about ${Math.round(seconds)} s left`;
  return `about ${Math.round(seconds / 60)} min left`;
}

export const LOW = 0.3; // a score below it is marked: the heat map lights up in several places

/**
 * "96, 146"; with a decimal on a small picture.
 * @param {{ x: number, y: number }} point
 * @param {{ width: number, height: number } | null} picture
 */
export function place({ x, y }, picture = null) {
  const digits = picture && Math.min(picture.width, picture.height) < 200 ? 1 : 0;
  return `${x.toFixed(digits)}, ${y.toFixed(digits)}`;
}
