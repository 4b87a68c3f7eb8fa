// @ts-check
// Which part of a picture a pane shows. Frames: *picture*, pixels of the original image, with
// pixel centres at +0.5; *pane*, CSS pixels from the pane's top left corner.

const MOST_SCALE = 32; // pane pixels to a picture pixel
const LEAST_ZOOM = 1;

/** @typedef {import("./types.js").Pair} Pair */

export class Viewport {
  width = 0; // of the picture
  height = 0;
  paneWidth = 0;
  paneHeight = 0;
  zoom = 1; // 1 shows the whole picture
  #x = 0; // the picture point in the middle of the pane
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
    this.#settle();
  }

  reset() {
    this.zoom = 1;
    this.#x = this.width / 2;
    this.#y = this.height / 2;
  }

  // Pane pixels to a picture pixel.
  get scale() {
    return this.#fit * this.zoom;
  }

  get mostZoom() {
    return Math.max(8, MOST_SCALE / this.#fit);
  }

  get #fit() {
    if (!this.width || !this.paneWidth || !this.paneHeight) return 1;
    return Math.min(this.paneWidth / this.width, this.paneHeight / this.height);
  }

  // Where the picture lies in the pane: { left, top, width, height }, pane frame.
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
   * @param {Pair} place pane frame
   * @returns {Pair} picture frame
   */
  toPicture([left, top]) {
    return [
      (left - this.paneWidth / 2) / this.scale + this.#x,
      (top - this.paneHeight / 2) / this.scale + this.#y,
    ];
  }

  /**
   * Whether a point of the pane is on the picture.
   * @param {Pair} place pane frame
   */
  holds(place) {
    const [x, y] = this.toPicture(place);
    return x >= 0 && y >= 0 && x <= this.width && y <= this.height;
  }

  /**
   * The point of the picture that is nearest to one of its frame.
   * @param {Pair} point picture frame
   * @returns {Pair}
   */
  inside([x, y]) {
    return [Math.min(Math.max(x, 0), this.width), Math.min(Math.max(y, 0), this.height)];
  }

  /**
   * Zooms by a factor; what is at `place`, pane frame, stays there.
   * @param {Pair} place
   * @param {number} factor
   */
  zoomAt(place, factor) {
    const [x, y] = this.toPicture(place);
    this.zoom = Math.min(Math.max(this.zoom * factor, LEAST_ZOOM), this.mostZoom);
    this.#x = x - (place[0] - this.paneWidth / 2) / this.scale;
    this.#y = y - (place[1] - this.paneHeight / 2) / this.scale;
    this.#settle();
  }

  /**
   * Shifts the picture by pane pixels.
   * @param {number} right
   * @param {number} down
   */
  panBy(right, down) {
    this.#x -= right / this.scale;
    this.#y -= down / this.scale;
    this.#settle();
  }

  /**
   * Brings a point of the picture into the pane, if it is not.
   * @param {Pair} point picture frame
   */
  show(point) {
    const [left, top] = this.toPane(point);
    if (left < 0 || top < 0 || left > this.paneWidth || top > this.paneHeight) {
      [this.#x, this.#y] = point;
      this.#settle();
    }
  }

  // No more empty ground than there has to be.
  #settle() {
    this.#x = settled(this.#x, this.width, this.paneWidth / this.scale);
    this.#y = settled(this.#y, this.height, this.paneHeight / this.scale);
  }
}

/**
 * Where the middle of what is seen has to be; all are picture pixels along one axis.
 * @param {number} middle
 * @param {number} length of the picture
 * @param {number} seen
 */
function settled(middle, length, seen) {
  if (seen >= length) return length / 2;
  return Math.min(Math.max(middle, seen / 2), length - seen / 2);
}
