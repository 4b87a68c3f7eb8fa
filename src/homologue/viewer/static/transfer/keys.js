// @ts-check
// The keyboard shortcuts of the Transfer screen. Those of the target dialog are only listed here.

// keys: see core/keys.js. run: the handlers. Return functions that remove the shortcuts.
export function addKeys(keys, run) {
  return [
    keys.add("]", "Select the next point", () => run.step(1)),
    keys.add("[", "Select the previous point", () => run.step(-1)),
    keys.add("o", "Open a source image", run.open),
    keys.add("s", "Choose a sample as the source image", run.sample),
    keys.add("Shift+O", "Add files as targets", run.openTargets),
    keys.add("Shift+S", "Add samples as targets", run.sampleTargets),
    keys.add("Escape", "Cancel the running jobs, or clear the selection", run.escape),
    keys.add("Arrows", "On the source image: move the crosshair"),
    keys.add("Enter", "On the source image: add a point at the crosshair"),
    keys.add("Arrows or Shift+Arrows", "On a point: move it by 1 or 10 screen pixels"),
    keys.add("Delete", "On a source point: delete it. On a target point: mark it as not visible"),
    keys.add("F2", "On a point in the list: rename it"),
    keys.add("Enter", "On a target: enlarge it. On a target point: confirm its position"),
    keys.add("R", "On a target point: discard its correction"),
    keys.add("Page up or Page down", "In an enlarged target: previous or next target"),
    keys.add("+ or − or 0", "On an image: zoom in, zoom out, fit"),
  ];
}
