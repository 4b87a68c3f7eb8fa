// @ts-check
// The grid of pairs: only cards near the window are in the page, and only they are loaded.

import { find, h, keyed, set } from "../core/dom.js";
import { beforeFrame } from "../core/scheduling.js";
import { asking } from "./address.js";
import { makeCard, showCard, showNothing } from "./pair_card.js";
import { Thumbs } from "./thumbnail_cache.js";

const LEAST = 17; // width of a card, in sizes of the type
const CAPTION = 3.4; // height, in sizes of the type
const SHAPE = 0.42; // of the drawing: height to width
const BEYOND = 1; // rows above and below the window

const WAYS = { ArrowLeft: () => -1, ArrowRight: () => 1, ArrowUp: (columns) => -columns, ArrowDown: (columns) => columns };

export class Grid {
  #mark = h("div", { class: "grid-mark" }); // scrolled to, to bring a row into the window
  #focus = 0; // index of the card that Tab leads to
  ask = beforeFrame(() => this.#draw());
  #shape = { columns: 1, width: 0, across: 0, tall: 0, row: 1 };

  // hrefOf(pair): the address of a pair. open(pair). scrolled(): another part is seen.
  constructor({ hrefOf, open, scrolled }) {
    this.hrefOf = hrefOf;
    this.open = open;
    this.scrolled = scrolled;
    this.windows = null;
    this.thumbs = new Thumbs(() => this.ask());
    this.cards = h("div", { class: "grid-cards" });
    this.element = h("div", { class: "grid", role: "group", "aria-label": "Pairs" }, this.#mark, this.cards);
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

  // Shows other pairs. at: the index that the window begins with.
  show(windows, at) {
    this.windows = windows;
    this.#focus = Math.min(at, Math.max(0, windows.total - 1));
    this.#arrange();
    this.scrollTo(at);
  }

  // The index of the first pair in the window.
  get at() {
    const top = Math.max(0, this.#top() - this.element.getBoundingClientRect().top);
    const row = Math.min(Math.ceil(top / this.#shape.row - 0.5), this.#rows - 1);
    return Math.max(0, row) * this.#shape.columns;
  }

  /**
   * @param {number} index
   * @param {ScrollLogicalPosition} block
   */
  scrollTo(index, block = "start") {
    const { columns, row } = this.#shape;
    const at = Math.floor(index / columns);
    Object.assign(this.#mark.style, { top: `${at * row}px`, height: `${row}px` });
    const hidden = this.element.getBoundingClientRect().top < this.#top();
    if (index > 0 || hidden || block !== "start") this.#mark.scrollIntoView({ block });
    this.#draw();
  }

  // Brings the keyboard's focus to a pair, and the pair into the window.
  focus(index) {
    this.#focus = Math.min(Math.max(index, 0), Math.max(0, this.windows.total - 1));
    this.scrollTo(this.#focus, "nearest");
    find(this.cards, `[data-key="${this.#focus}"]`)?.focus({ preventScroll: true });
  }

  #scroll = () => {
    this.ask();
    if (this.element.offsetParent) this.scrolled();
  };

  get #rows() {
    return Math.ceil((this.windows?.total ?? 0) / this.#shape.columns);
  }

  // Where the window begins: below what covers its top, if the grid scrolls in a box of its own.
  #top() {
    const box = this.element.closest(".grid-scroll");
    return Math.max(0, box?.getBoundingClientRect().top ?? 0);
  }

  #arrange() {
    const { clientWidth } = this.element;
    if (!clientWidth || !this.windows) return;
    const type = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
    const gap = Math.round(0.75 * type);
    const columns = Math.max(1, Math.floor((clientWidth + gap) / (LEAST * type + gap)));
    const across = Math.floor((clientWidth - gap * (columns - 1)) / columns);
    const tall = Math.round(SHAPE * across);
    const at = this.at;
    const turned = this.#shape.columns !== columns && this.#shape.width > 0;
    this.#shape = { columns, width: clientWidth, across, tall, gap, row: tall + Math.round(CAPTION * type) + gap };
    this.element.style.height = `${Math.max(0, this.#rows * this.#shape.row - gap)}px`;
    if (turned) this.scrollTo(at);
    this.#draw();
  }

  #draw() {
    if (!this.windows || !this.element.offsetParent) return;
    const { columns, row } = this.#shape;
    const { top } = this.element.getBoundingClientRect();
    const first = Math.max(0, Math.floor(-top / row) - BEYOND) * columns;
    const rows = Math.ceil((window.innerHeight - top) / row) + BEYOND;
    const last = Math.min(this.windows.total, Math.max(0, rows) * columns) - 1;
    const indices = [];
    for (let index = first; index <= last; index += 1) indices.push(index);
    if (indices.length && !indices.includes(this.#focus)) this.#keepFocus(indices);
    // First, so that no card has to be moved: the one that has the keyboard's focus would lose it.
    for (const node of [...this.cards.children]) {
      if (!indices.includes(Number(node.getAttribute("data-key")))) node.remove();
    }
    keyed(this.cards, indices, (index) => index, makeCard, (node, index) => this.#show(node, index));
    if (last >= first) this.windows.want(first, last);
    this.thumbs.want(this.#near(first, last).flatMap((card) => Object.values(this.#addresses(card))));
  }

  // A card that has the keyboard's focus stays, however far away; else Tab leads to one that is seen.
  #keepFocus(indices) {
    if (document.activeElement?.getAttribute("data-key") === String(this.#focus)) indices.push(this.#focus);
    else this.#focus = Math.max(indices[0], Math.min(this.at, indices.at(-1)));
    indices.sort((one, other) => one - other);
  }

  // The pairs in the window first, then those beyond it.
  #near(first, last) {
    const { columns } = this.#shape;
    const inside = [];
    const beyond = [];
    for (let index = first; index <= last; index += 1) {
      const card = this.windows.get(index);
      const edge = index < first + BEYOND * columns || index > last - BEYOND * columns;
      if (card) (edge ? beyond : inside).push(card);
    }
    return [...inside, ...beyond];
  }

  #addresses({ pair }) {
    const { run, version } = this.windows.parameters;
    const address = (end) => asking("thumb", { run, pair, end, version });
    return { source: address("source"), target: address("target") };
  }

  #show(node, index) {
    const { columns, across, tall, gap, row } = this.#shape;
    const left = (index % columns) * (across + gap);
    const top = Math.floor(index / columns) * row;
    node.style.transform = `translate(${left}px, ${top}px)`;
    node.style.width = `${across}px`;
    node.style.height = `${row - gap}px`;
    set(node, { tabindex: index === this.#focus ? "0" : "-1" });
    const size = { width: across, height: tall };
    const card = this.windows.get(index);
    if (!card) return node.windows === this.windows ? undefined : showNothing(node, size);
    node.windows = this.windows;
    const addresses = this.#addresses(card);
    set(node, { href: this.hrefOf(card.pair) });
    const pictures = { source: this.thumbs.get(addresses.source), target: this.thumbs.get(addresses.target) };
    return showCard(node, card, pictures, size);
  }

  // A plain click opens the pair here; others are the browser's: a new tab, a new window.
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
    const way = WAYS[event.key]?.(this.#shape.columns);
    if (way) this.focus(index + way);
    else if (event.key === "Home") this.focus(0);
    else if (event.key === "End") this.focus(this.windows.total - 1);
    else return;
    event.preventDefault();
  }
}
