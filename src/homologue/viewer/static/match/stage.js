// @ts-check
// The panes side by side, and one SVG overlay over all of them.

import { h, s, set } from "../core/dom.js";

export class Stage {
  fontSize = 15; // of the page, in pixels
  overlay = s("svg", { class: "overlay", role: "group", "aria-label": "Points" });

  // panes: { source, target } or one of them
  constructor(panes) {
    this.panes = panes;
    this.element = h("div", { class: "stage" }, ...Object.values(panes).map((pane) => pane.element));
    this.element.append(this.overlay);
    new ResizeObserver(() => this.#fit()).observe(this.element);
  }

  // Return a function that maps a point of an image to the stage as it is laid out now:
  // { x, y, visible }, stage frame, CSS pixels.
  placer(end) {
    const { viewport } = this.panes[end];
    const corner = this.corner(end);
    return (point) => {
      const [left, top] = viewport.toPane(point);
      const inside = left >= -1 && left <= viewport.paneWidth + 1;
      const visible = inside && top >= -1 && top <= viewport.paneHeight + 1;
      return { x: corner.x + left, y: corner.y + top, visible };
    };
  }

  // The top left corner of a pane's well, stage frame.
  corner(end) {
    const well = this.panes[end].well.getBoundingClientRect();
    const stage = this.element.getBoundingClientRect();
    return { x: well.left - stage.left, y: well.top - stage.top };
  }

  // Return the point of an image at a position of the window, clamped to the image.
  pointAt(end, clientX, clientY) {
    const pane = this.panes[end];
    const well = pane.well.getBoundingClientRect();
    return pane.viewport.inside(
      pane.viewport.toPicture([clientX - well.left, clientY - well.top]),
    );
  }

  #fit() {
    this.fontSize = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
    const { clientWidth, clientHeight } = this.element;
    set(this.overlay, { width: clientWidth, height: clientHeight });
  }
}
