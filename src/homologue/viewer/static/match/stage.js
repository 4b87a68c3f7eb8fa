// @ts-check
// Source and target side by side, or one of them alone, and one drawing over all of it.

import { h, s, set } from "../core/dom.js";

export class Stage {
  type = 15; // size of the page's type, in pixels
  overlay = s("svg", { class: "overlay", role: "group", "aria-label": "Points" });

  // panes: { source, target } or one of them
  constructor(panes) {
    this.panes = panes;
    this.element = h("div", { class: "stage" }, ...Object.values(panes).map((pane) => pane.element));
    this.element.append(this.overlay);
    new ResizeObserver(() => this.#fit()).observe(this.element);
  }

  // Gives a function that says where a point of a picture is on the stage as it is laid out now:
  // { x, y, seen }, stage frame, CSS pixels.
  placer(end) {
    const { viewport } = this.panes[end];
    const corner = this.corner(end);
    return (point) => {
      const [left, top] = viewport.toPane(point);
      const across = left >= -1 && left <= viewport.paneWidth + 1;
      const seen = across && top >= -1 && top <= viewport.paneHeight + 1;
      return { x: corner.x + left, y: corner.y + top, seen };
    };
  }

  // The top left corner of a pane's well, stage frame.
  corner(end) {
    const well = this.panes[end].well.getBoundingClientRect();
    const stage = this.element.getBoundingClientRect();
    return { x: well.left - stage.left, y: well.top - stage.top };
  }

  // The point of a picture under a place of the window, on its edge if it is beyond.
  under(end, clientX, clientY) {
    const pane = this.panes[end];
    const well = pane.well.getBoundingClientRect();
    return pane.viewport.inside(
      pane.viewport.toPicture([clientX - well.left, clientY - well.top]),
    );
  }

  #fit() {
    this.type = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
    const { clientWidth, clientHeight } = this.element;
    set(this.overlay, { width: clientWidth, height: clientHeight });
  }
}
