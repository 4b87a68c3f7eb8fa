// @ts-check
// Drawing once for all that happens until then, however often it is asked for.

/**
 * Gives a function that has something drawn before the next frame.
 * @param {() => void} draw
 */
export function beforeFrame(draw) {
  return once((run) => requestAnimationFrame(run), draw);
}

/**
 * Gives a function that has something drawn after the next frame: that one is for what a person
 * does and wants to see without delay.
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
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    later(() => {
      asked = false;
      draw();
    });
  };
}
