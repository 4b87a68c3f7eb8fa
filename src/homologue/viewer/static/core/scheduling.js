// @ts-check
// Schedule drawing: several requests before the next frame cause one drawing.

/**
 * Return a function that schedules draw() before the next frame.
 * @param {() => void} draw
 */
export function beforeFrame(draw) {
  return once((run) => requestAnimationFrame(run), draw);
}

/**
 * Return a function that schedules draw() after the next frame, which is left to the immediate
 * feedback to an input event.
 * @param {() => void} draw
 */
export function afterFrame(draw) {
  return once((run) => requestAnimationFrame(() => setTimeout(run)), draw);
}

/**
 * @param {(run: () => void) => void} later
 * @param {() => void} draw
 */
function once(later, draw) {
  let scheduled = false;
  return () => {
    if (scheduled) return;
    scheduled = true;
    later(() => {
      scheduled = false;
      draw();
    });
  };
}
