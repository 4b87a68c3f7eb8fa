// @ts-check
// The grid of pairs. Only cards in or near the window are in the page, and only their pairs are loaded.

import { find, h, keyed, set } from "../core/dom.js";
import { beforeFrame } from "../core/scheduling.js";
import { runsPath } from "./address.js";
import { makeCard, showCard, showPlaceholder } from "./pair_card.js";
import { ThumbnailCache } from "./thumbnail_cache.js";

const MIN_WIDTH = 17; // of a card, rem
const CAPTION = 3.4; // height, rem
const ASPECT = 0.42; // of the drawing, height to width
const MARGIN = 1; // rows above and below the window

const STEPS = { ArrowLeft: () => -1, ArrowRight: () => 1, ArrowUp: (columns) => -columns, ArrowDown: (columns) => columns };

export class PairGrid {
  #anchor = h("div", { class: "grid-anchor" }); // scrolled to, to scroll to a row
  #focus = 0; // index of the card in the tab order
  drawSoon = beforeFrame(() => this.#draw());
  #layout = { columns: 1, width: 0, across: 0, tall: 0, row: 1 }; // pixels; row: height with the gap

  // hrefOf(pair): return the address of a pair. open(pair): open it. scrolled(): called after scrolling.
  constructor({ hrefOf, open, scrolled }) {
    this.hrefOf = hrefOf;
    this.open = open;
    this.scrolled = scrolled;
    this.windows = null;
    this.thumbs = new ThumbnailCache(() => this.drawSoon());
    this.cards = h("div", { class: "grid-cards" });
    this.element = h("div", { class: "grid", role: "group", "aria-label": "Pairs" }, this.#anchor, this.cards);
    this.element.addEventListener("click", (event) => this.#click(event));
    this.element.addEventListener("keydown", (event) => this.#press(event));
    document.addEventListener("scroll", this.#scroll, { capture: true, passive: true });
    window.addEventListener("resize", this.#scroll);
    this.observer = new ResizeObserver(() => this.#arrange());
    this.observer.observe(this.element);
  }

  close() {
    document.removeEventListener("scroll", this.#scroll, { capture: true });
    window.removeEventListener("resize", this.#scroll);
    this.observer.disconnect();
    this.thumbs.close();
  }

  // Show other pairs. at: index of the first visible pair.
  show(windows, at) {
    this.windows = windows;
    this.#focus = Math.min(at, Math.max(0, windows.total - 1));
    this.#arrange();
    this.scrollTo(at);
  }

  // The index of the first pair in the window.
  get at() {
    const top = Math.max(0, this.#top() - this.element.getBoundingClientRect().top);
    const row = Math.min(Math.ceil(top / this.#layout.row - 0.5), this.#rows - 1);
    return Math.max(0, row) * this.#layout.columns;
  }

  /**
   * @param {number} index
   * @param {ScrollLogicalPosition} block
   */
  scrollTo(index, block = "start") {
    const { columns, row } = this.#layout;
    const at = Math.floor(index / columns);
    Object.assign(this.#anchor.style, { top: `${at * row}px`, height: `${row}px` });
    const hidden = this.element.getBoundingClientRect().top < this.#top();
    if (index > 0 || hidden || block !== "start") this.#anchor.scrollIntoView({ block });
    this.#draw();
  }

  // Scroll to a pair and move the keyboard focus to it.
  focus(index) {
    this.#focus = Math.min(Math.max(index, 0), Math.max(0, this.windows.total - 1));
    this.scrollTo(this.#focus, "nearest");
    find(this.cards, `[data-key="${this.#focus}"]`)?.focus({ preventScroll: true });
  }

  #scroll = () => {
    this.drawSoon();
    if (this.element.offsetParent) this.scrolled();
  };

  get #rows() {
    return Math.ceil((this.windows?.total ?? 0) / this.#layout.columns);
  }

  // The top of the visible area: of the box in which the grid scrolls, or of the window.
  #top() {
    const box = this.element.closest(".grid-scroll");
    return Math.max(0, box?.getBoundingClientRect().top ?? 0);
  }

  #arrange() {
    const { clientWidth } = this.element;
    if (!clientWidth || !this.windows) return;
    const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
    const gap = Math.round(0.75 * rem);
    const columns = Math.max(1, Math.floor((clientWidth + gap) / (MIN_WIDTH * rem + gap)));
    const across = Math.floor((clientWidth - gap * (columns - 1)) / columns);
    const tall = Math.round(ASPECT * across);
    const at = this.at;
    const reflowed = this.#layout.columns !== columns && this.#layout.width > 0;
    this.#layout = { columns, width: clientWidth, across, tall, gap, row: tall + Math.round(CAPTION * rem) + gap };
    this.element.style.height = `${Math.max(0, this.#rows * this.#layout.row - gap)}px`;
    if (reflowed) this.scrollTo(at);
    this.#draw();
  }

  #draw() {
    if (!this.windows || !this.element.offsetParent) return;
    const { columns, row } = this.#layout;
    const { top } = this.element.getBoundingClientRect();
    const first = Math.max(0, Math.floor(-top / row) - MARGIN) * columns;
    const rows = Math.ceil((window.innerHeight - top) / row) + MARGIN;
    const last = Math.min(this.windows.total, Math.max(0, rows) * columns) - 1;
    const indices = [];
    for (let index = first; index <= last; index += 1) indices.push(index);
    if (indices.length && !indices.includes(this.#focus)) this.#keepFocus(indices);
    // Removing cards first avoids moving others: a focused card would lose the focus.
    for (const node of [...this.cards.children]) {
      if (!indices.includes(Number(node.getAttribute("data-key")))) node.remove();
    }
    keyed(this.cards, indices, (index) => index, makeCard, (node, index) => this.#show(node, index));
    if (last >= first) this.windows.want(first, last);
    this.thumbs.want(this.#near(first, last).flatMap((card) => Object.values(this.#addresses(card))));
  }

  // Keep a card that has the keyboard focus; otherwise put the first visible card into the tab order.
  #keepFocus(indices) {
    if (document.activeElement?.getAttribute("data-key") === String(this.#focus)) indices.push(this.#focus);
    else this.#focus = Math.max(indices[0], Math.min(this.at, indices.at(-1)));
    indices.sort((a, b) => a - b);
  }

  // Return the loaded pairs, those in the window before those in the margin.
  #near(first, last) {
    const { columns } = this.#layout;
    const inside = [];
    const margin = [];
    for (let index = first; index <= last; index += 1) {
      const card = this.windows.get(index);
      const edge = index < first + MARGIN * columns || index > last - MARGIN * columns;
      if (card) (edge ? margin : inside).push(card);
    }
    return [...inside, ...margin];
  }

  #addresses({ pair }) {
    const { run, version } = this.windows.parameters;
    const address = (end) => runsPath("thumb", { run, pair, end, version });
    return { source: address("source"), target: address("target") };
  }

  #show(node, index) {
    const { columns, across, tall, gap, row } = this.#layout;
    const left = (index % columns) * (across + gap);
    const top = Math.floor(index / columns) * row;
    node.style.transform = `translate(${left}px, ${top}px)`;
    node.style.width = `${across}px`;
    node.style.height = `${row - gap}px`;
    set(node, { tabindex: index === this.#focus ? "0" : "-1" });
    const size = { width: across, height: tall };
    const card = this.windows.get(index);
    if (!card) return node.windows === this.windows ? undefined : showPlaceholder(node, size);
    node.windows = this.windows;
    const addresses = this.#addresses(card);
    set(node, { href: this.hrefOf(card.pair) });
    const pictures = { source: this.thumbs.get(addresses.source), target: this.thumbs.get(addresses.target) };
    return showCard(node, card, pictures, size);
  }

  // A plain click opens the pair here. With a modifier, the browser opens a new tab or window.
  #click(event) {
    const node = event.target.closest(".pair-card");
    if (!node || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const card = this.windows.get(Number(node.getAttribute("data-key")));
    event.preventDefault();
    if (card) this.open(card.pair);
  }

  #press(event) {
    const node = event.target.closest(".pair-card");
    if (!node || event.ctrlKey || event.metaKey || event.altKey) return;
    const index = Number(node.getAttribute("data-key"));
    const step = STEPS[event.key]?.(this.#layout.columns);
    if (step) this.focus(index + step);
    else if (event.key === "Home") this.focus(0);
    else if (event.key === "End") this.focus(this.windows.total - 1);
    else return;
    event.preventDefault();
  }
}
