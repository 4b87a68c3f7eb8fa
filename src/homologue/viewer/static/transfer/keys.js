// @ts-check
// The keys of the screen, those of the enlarged target among them, which only are listed here.

// keys: see core/keys.js. run: what they do. Gives functions that take them away.
export function addKeys(keys, run) {
  return [
    keys.add("Ctrl+Z", "Undo", run.undo),
    keys.add("Ctrl+Y or Ctrl+Shift+Z", "Redo", run.redo),
    keys.add("]", "Next point", () => run.step(1)),
    keys.add("[", "Previous point", () => run.step(-1)),
    keys.add("o", "Open a source", run.open),
    keys.add("s", "Sample as the source", run.sample),
    keys.add("Shift+O", "Open files as targets", run.openTargets),
    keys.add("Shift+S", "Samples as targets", run.sampleTargets),
    keys.add("Escape", "Cancel what is running; else select no point", run.escape),
    keys.add("Arrows, Enter", "On the source: move a cross, put a point there"),
    keys.add("Arrows, Shift+Arrows", "On a point: move it by a pixel, by ten"),
    keys.add("Delete", "On a point of the source: delete it; on one of a target: not visible"),
    keys.add("F2", "On a point in the list: name it"),
    keys.add("Enter", "On a target: enlarge it; on one of its points: it is right where it is"),
    keys.add("R", "On a point of a target: back to what the model says"),
    keys.add("Page up, Page down", "In an enlarged target: another target"),
    keys.add("+ − 0", "On a picture: zoom in, out, show all of it"),
  ];
}
