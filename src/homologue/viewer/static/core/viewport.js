// @ts-check
// The visible part of an image in a pane. Coordinate frames: *picture*, pixels of the original image
// with pixel centres at +0.5; *pane*, CSS pixels from the pane's top left corner.

const MAX_SCALE = 32; // pane pixels per picture pixel
const MIN_ZOOM = 1;

/** @typedef {import("./types.js").Pair} Pair */

export class Viewport {
  width = 0; // of the image
  height = 0;
  paneWidth = 0;
  paneHeight = 0;
  zoom = 1; // 1: the whole image fits the pane
  #x = 0; // centre of the pane, picture frame
  #y = 0;

  /**
   * @param {number} width pixels of the original image
   * @param {number} height
   */
  setPicture(width, height) {
    this.width = width;
    this.height = height;
    this.reset();
  }

  /**
   * @param {number} width CSS pixels
   * @param {number} height
   */
  setPane(width, height) {
    this.paneWidth = width;
    this.paneHeight = height;
    this.#clamp();
  }

  reset() {
    this.zoom = 1;
    this.#x = this.width / 2;
    this.#y = this.height / 2;
  }

  // Pane pixels per picture pixel.
  get scale() {
    return this.#fit * this.zoom;
  }

  get maxZoom() {
    return Math.max(8, MAX_SCALE / this.#fit);
  }

  get #fit() {
    if (!this.width || !this.paneWidth || !this.paneHeight) return 1;
    return Math.min(this.paneWidth / this.width, this.paneHeight / this.height);
  }

  // Box of the image, { left, top, width, height }, pane frame.
  get box() {
    const [left, top] = this.toPane([0, 0]);
    return { left, top, width: this.width * this.scale, height: this.height * this.scale };
  }

  /**
   * @param {Pair} point picture frame
   * @returns {Pair} pane frame
   */
  toPane([x, y]) {
    return [
      (x - this.#x) * this.scale + this.paneWidth / 2,
      (y - this.#y) * this.scale + this.paneHeight / 2,
    ];
  }

  /**
   * @param {Pair} position pane frame
   * @returns {Pair} picture frame
   */
  toPicture([left, top]) {
    return [
      (left - this.paneWidth / 2) / this.scale + this.#x,
      (top - this.paneHeight / 2) / this.scale + this.#y,
    ];
  }

  /**
   * Return whether a position is on the image.
   * @param {Pair} position pane frame
   */
  holds(position) {
    const [x, y] = this.toPicture(position);
    return x >= 0 && y >= 0 && x <= this.width && y <= this.height;
  }

  /**
   * Return the nearest point of the image.
   * @param {Pair} point picture frame
   * @returns {Pair}
   */
  inside([x, y]) {
    return [Math.min(Math.max(x, 0), this.width), Math.min(Math.max(y, 0), this.height)];
  }

  /**
   * Zoom by a factor around a fixed position.
   * @param {Pair} position pane frame
   * @param {number} factor
   */
  zoomAt(position, factor) {
    const [x, y] = this.toPicture(position);
    this.zoom = Math.min(Math.max(this.zoom * factor, MIN_ZOOM), this.maxZoom);
    this.#x = x - (position[0] - this.paneWidth / 2) / this.scale;
    this.#y = y - (position[1] - this.paneHeight / 2) / this.scale;
    this.#clamp();
  }

  /**
   * Shift the image by pane pixels.
   * @param {number} right
   * @param {number} down
   */
  panBy(right, down) {
    this.#x -= right / this.scale;
    this.#y -= down / this.scale;
    this.#clamp();
  }

  /**
   * Centre a point of the image, if it is outside the pane.
   * @param {Pair} point picture frame
   */
  show(point) {
    const [left, top] = this.toPane(point);
    if (left < 0 || top < 0 || left > this.paneWidth || top > this.paneHeight) {
      [this.#x, this.#y] = point;
      this.#clamp();
    }
  }

  // Move the image so that it covers as much of the pane as possible.
  #clamp() {
    this.#x = clampCentre(this.#x, this.width, this.paneWidth / this.scale);
    this.#y = clampCentre(this.#y, this.height, this.paneHeight / this.scale);
  }
}

/**
 * Return the allowed centre that is nearest; all are picture pixels along one axis.
 * @param {number} centre
 * @param {number} length of the image
 * @param {number} visible length of the pane
 */
function clampCentre(centre, length, visible) {
  if (visible >= length) return length / 2;
  return Math.min(Math.max(centre, visible / 2), length - visible / 2);
}
