// @ts-check
// The progress of a job as text and as a fraction.

/**
 * The progress of a job: its stage, steps done of a total, the loss of a fit, the estimated seconds
 * left.
 * @typedef {{ stage: string, done: number, total: number, loss: number | null, left: number | null }} Progress
 */

/** @type {Record<string, string>} */
const STAGES = {
  load: "Loading the model",
  look: "Encoding the image",
  fit: "Fitting",
  locate: "Locating",
};

// Start and end of each stage within a job.
/** @type {Record<string, [number, number]>} */
const RANGES = { load: [0, 0.05], look: [0.05, 0.2], fit: [0.2, 0.9], locate: [0.9, 1] };

/**
 * Return the fraction done, 0 to 1. It never decreases during a job.
 * @param {Progress | null} progress
 */
export function fractionDone(progress) {
  if (!progress) return 0;
  const [from, to] = RANGES[progress.stage] ?? [0, 1];
  return from + (to - from) * (progress.done / Math.max(progress.total, 1));
}

/**
 * Describe the progress: "Fitting, step 43 of 100 · loss 2.31 · about 3 s left"
 * @param {Progress | null} progress
 */
export function describeProgress(progress) {
  if (!progress) return "Waiting";
  const parts = [STAGES[progress.stage] ?? progress.stage];
  if (progress.stage === "fit") parts[0] += `, step ${progress.done} of ${progress.total}`;
  else if (progress.total > 1) parts[0] += `, ${progress.done} of ${progress.total}`;
  if (progress.stage === "fit" && progress.loss !== null) parts.push(`loss ${progress.loss.toFixed(2)}`);
  if (progress.left !== null) parts.push(timeLeft(progress.left));
  return parts.join(" · ");
}

/**
 * Describe the progress in few words: "Fitting 43 of 100 · loss 2.31"
 * @param {Progress | null} progress
 */
export function progressLabel(progress) {
  if (!progress) return "Waiting";
  const steps = progress.total > 1 ? ` ${progress.done} of ${progress.total}` : "";
  const loss = progress.stage === "fit" && progress.loss !== null ? ` · loss ${progress.loss.toFixed(2)}` : "";
  return `${STAGES[progress.stage] ?? progress.stage}${steps}${loss}`;
}

/** @param {number} seconds */
export function timeLeft(seconds) {
  if (seconds < 1.5) return "about 1 s left";
  if (seconds < 90) return `about ${Math.round(seconds)} s left`;
  return `about ${Math.round(seconds / 60)} min left`;
}

export const LOW_SCORE = 0.3; // scores below are marked: the heat map has several peaks

/**
 * Format a point: "96, 146", with one decimal on a small image.
 * @param {{ x: number, y: number }} point
 * @param {{ width: number, height: number } | null} picture
 */
export function formatPoint({ x, y }, picture = null) {
  const digits = picture && Math.min(picture.width, picture.height) < 200 ? 1 : 0;
  return `${x.toFixed(digits)}, ${y.toFixed(digits)}`;
}
