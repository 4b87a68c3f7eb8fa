// @ts-check
// Looking through evaluation runs: which run, its pairs as a grid, a pair by itself.

import { get, post } from "../core/api.js";
import { find, h } from "../core/dom.js";
import { fitting, formatRest, parseRest } from "./address.js";
import { Browse } from "./pair_browser.js";
import { makeChooser } from "./run_table.js";
import { PairView } from "./pair_view.js";
import { Tools } from "./run_controls.js";

const LINGER = 300; // milliseconds after which an address is written that changes all the time

export const runsScreen = {
  // app: see main.js. Gives { element, tools, close(), move(rest) }.
  open: (app) => new RunsScreen(app),
};

class RunsScreen {
  /** @type {number | undefined} */
  #later;
  #closed = false;
  /** @type {(() => void)[]} */
  #ends = [];
  /** @type {Browse | null} */
  browse = null;
  /** @type {any[]} */
  runs = []; // none until the server has told them
  /** @type {Tools | undefined} */
  head;
  /** @type {PairView} */
  pair;

  constructor(app) {
    this.app = app;
    this.element = h("main", { class: "runs" });
    this.slot = h("div", { class: "run-tools-slot" });
    this.tools = [this.slot];
    this.state = parseRest(app.rest);
    this.#begin();
  }

  async #begin() {
    try {
      this.runs = await get("api/runs");
    } catch (error) {
      return this.#fail(error);
    }
    if (this.#closed) return undefined;
    this.head = new Tools(this.runs, {
      run: (name) => this.#go({ run: name, pair: this.pair.has(name) ? this.state.pair : null }, false),
      change: (filters, lingering) => this.#go({ filters, at: 0 }, lingering),
      reload: () => this.#reload(),
    });
    this.slot.replaceChildren(this.head.element);
    this.pair = new PairView({
      go: (changes, lingering) => this.#go(changes, lingering),
      hrefOf: (changes) => this.#hrefOf(changes),
      back: () => this.#back(),
      fail: (error) => this.#lose(error),
    }, this.app.options, this.app.toasts);
    this.#listen();
    return this.#show();
  }

  // The address has changed: forward, back, a link.
  move(rest) {
    clearTimeout(this.#later);
    this.state = parseRest(rest);
    if (this.head) this.#show();
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#later);
    this.browse?.close();
    for (const end of this.#ends) end();
  }

  get run() {
    return this.runs.find((one) => one.name === this.state.run) ?? null;
  }

  #listen() {
    const { keys } = this.app;
    const here = (run) => () => this.state.pair && run();
    this.#ends = [
      keys.add("n or j or ArrowRight", "Next pair", here(() => this.pair.step(1))),
      keys.add("p or k or ArrowLeft", "Previous pair", here(() => this.pair.step(-1))),
      keys.add("Escape", "Back to all pairs", here(() => this.#back())),
      keys.add("]", "Next point", here(() => this.pair.stepPoint(1))),
      keys.add("[", "Previous point", here(() => this.pair.stepPoint(-1))),
      keys.add("l", "Next heat map", here(() => this.pair.strip.step(1))),
      keys.add("Shift+L", "Previous heat map", here(() => this.pair.strip.step(-1))),
      keys.add("e", "Enlarge the heat map", here(() => this.pair.strip.enlarge())),
      keys.add("h", "Heat map over the pictures, or not", here(() => this.pair.look.set("heat", !this.pair.look.get("heat")))),
      keys.add("r", "The same pair in the next run", here(() => this.pair.turn())),
      keys.add("/", "Search by name", () => this.browse && find(this.browse.element, "[name=text]")?.focus()),
      keys.add("Arrows, Home, End, Enter", "In the grid: another pair, open it"),
      keys.add("Enter", "On a point: its heat maps"),
      keys.add("+ − 0", "On a picture: zoom in, out, show all of it"),
    ];
  }

  #hrefOf(changes) {
    return `#/runs/-/${formatRest({ ...this.state, ...changes })}`;
  }

  // Shows something else. lingering: there may be more to come, which takes no step in the history.
  #go(changes, lingering) {
    this.state = { ...this.state, ...changes };
    if ("run" in changes && this.run) this.state.filters = fitting(this.state.filters, this.run);
    clearTimeout(this.#later);
    const write = () => this.app.go(formatRest(this.state), { replace: lingering });
    if (lingering) this.#later = setTimeout(write, LINGER);
    else write();
    this.#show();
  }

  #back() {
    this.#go({ pair: null, point: null, map: 0 }, false);
    this.browse?.focus(this.pair.place);
  }

  #show() {
    if (!this.run && this.runs.length === 1) this.state = { ...this.state, run: this.runs[0].name };
    const { run, state } = this;
    this.head?.show(run, state.filters);
    document.title = `${(run && state.pair) ?? run?.name ?? "Runs"} · homologue`;
    if (!run) return this.#choose();
    const browse = this.browse && this.browse.run === run ? this.browse : this.#open(run);
    if (state.pair) {
      if (this.element.firstChild === browse.element) browse.leave();
      this.#put(this.pair.element);
      return this.pair.show(run, state);
    }
    this.#put(browse.element);
    return browse.show(state);
  }

  #choose() {
    if (this.state.run) this.app.toasts.show(`There is no run ${this.state.run} here.`, "problem");
    this.#put(makeChooser(this.runs, (run) => this.#hrefOf({ run: run.name, filters: fitting(this.state.filters, run), pair: null })));
  }

  #put(element) {
    if (this.element.firstChild !== element) this.element.replaceChildren(element);
  }

  #open(run) {
    this.browse?.close();
    const browse = new Browse(run, {
      change: (filters, lingering) => this.#go({ filters, at: 0 }, lingering),
      open: (pair) => this.#go({ pair, point: null, map: 0 }, false),
      hrefOf: (pair) => this.#hrefOf({ pair, point: null, map: 0 }),
      scrolled: (at) => this.#scrolled(at),
      fail: (error) => this.#fail(error),
    }, this.app.toasts);
    this.browse = browse;
    return browse;
  }

  // The address follows when the scrolling has come to rest.
  #scrolled(at) {
    if (this.state.pair || this.state.at === at) return;
    this.state.at = at;
    clearTimeout(this.#later);
    this.#later = setTimeout(() => this.app.go(formatRest(this.state), { replace: true }), LINGER);
  }

  async #reload() {
    try {
      const run = await post("api/runs/reload", { run: this.run.name });
      this.runs = this.runs.map((one) => (one.name === run.name ? run : one));
      this.#show();
    } catch (error) {
      this.#fail(error);
    }
  }

  // A pair that there is not, any more: all pairs are shown instead.
  #lose(error) {
    this.#fail(error);
    if (error.status === 404 && this.state.pair) this.#go({ pair: null, point: null, map: 0 }, true);
  }

  #fail(error) {
    this.app.toasts.show(error.message, "problem");
  }
}
