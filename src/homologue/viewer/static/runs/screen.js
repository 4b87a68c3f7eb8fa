// @ts-check
// The Runs screen: the table of runs, the pairs of a run as a grid, one pair.

import { get, post } from "../core/api.js";
import { find, h } from "../core/dom.js";
import { applicableFilters, formatRest, parseRest } from "./address.js";
import { PairBrowser } from "./pair_browser.js";
import { makeRunTable } from "./run_table.js";
import { PairView } from "./pair_view.js";
import { RunControls } from "./run_controls.js";

const DEBOUNCE = 300; // milliseconds until the address is written after frequent changes

export const runsScreen = {
  open: (app) => new RunsScreen(app),
};

class RunsScreen {
  /** @type {number | undefined} */
  #timer;
  #closed = false;
  /** @type {(() => void)[]} */
  #cleanups = [];
  /** @type {PairBrowser | null} */
  browse = null;
  /** @type {any[]} */
  runs = []; // empty until loaded
  /** @type {RunControls | undefined} */
  controls;
  /** @type {PairView} */
  pair;

  constructor(app) {
    this.app = app;
    this.element = h("main", { class: "runs" });
    this.slot = h("div", { class: "run-tools-slot" });
    this.tools = [this.slot];
    this.state = parseRest(app.rest);
    this.#load();
  }

  async #load() {
    try {
      this.runs = await get("api/runs");
    } catch (error) {
      return this.#fail(error);
    }
    if (this.#closed) return undefined;
    this.controls = new RunControls(this.runs, {
      run: (name) => this.#go({ run: name, pair: this.pair.has(name) ? this.state.pair : null }, false),
      change: (filters, debounced) => this.#go({ filters, at: 0 }, debounced),
      reload: () => this.#reload(),
    });
    this.slot.replaceChildren(this.controls.element);
    this.pair = new PairView({
      go: (changes, debounced) => this.#go(changes, debounced),
      hrefOf: (changes) => this.#hrefOf(changes),
      back: () => this.#back(),
      fail: (error) => this.#onPairError(error),
    }, this.app.options, this.app.toasts);
    this.#listen();
    return this.#show();
  }

  // The address has changed.
  move(rest) {
    clearTimeout(this.#timer);
    this.state = parseRest(rest);
    if (this.controls) this.#show();
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.browse?.close();
    for (const cleanUp of this.#cleanups) cleanUp();
  }

  get run() {
    return this.runs.find(({ name }) => name === this.state.run) ?? null;
  }

  #listen() {
    const { keys } = this.app;
    const onPair = (run) => () => this.state.pair && run();
    this.#cleanups = [
      keys.add("n or j or ArrowRight", "Next pair", onPair(() => this.pair.step(1))),
      keys.add("p or k or ArrowLeft", "Previous pair", onPair(() => this.pair.step(-1))),
      keys.add("Escape", "Back to all pairs", onPair(() => this.#back())),
      keys.add("]", "Select the next point", onPair(() => this.pair.stepPoint(1))),
      keys.add("[", "Select the previous point", onPair(() => this.pair.stepPoint(-1))),
      keys.add("l", "Next heat map", onPair(() => this.pair.strip.step(1))),
      keys.add("Shift+L", "Previous heat map", onPair(() => this.pair.strip.step(-1))),
      keys.add("e", "Enlarge the heat map", onPair(() => this.pair.strip.enlarge())),
      keys.add("h", "Show or hide the heat maps on the images", onPair(() => this.pair.viewState.set("heat", !this.pair.viewState.get("heat")))),
      keys.add("r", "Show this pair in the next run", onPair(() => this.pair.nextRun())),
      keys.add("/", "Filter by name", () => this.browse && find(this.browse.element, "[name=text]")?.focus()),
      keys.add("Arrows or Home or End", "In the grid: move to another pair"),
      keys.add("Enter", "On a pair: open it. On a point: show its heat maps"),
      keys.add("+ or − or 0", "On an image: zoom in, zoom out, fit"),
    ];
  }

  #hrefOf(changes) {
    return `#/runs/-/${formatRest({ ...this.state, ...changes })}`;
  }

  // Change the state. debounced: more changes may follow, so no entry is added to the history.
  #go(changes, debounced) {
    this.state = { ...this.state, ...changes };
    if ("run" in changes && this.run) this.state.filters = applicableFilters(this.state.filters, this.run);
    clearTimeout(this.#timer);
    const updateAddress = () => this.app.go(formatRest(this.state), { replace: debounced });
    if (debounced) this.#timer = setTimeout(updateAddress, DEBOUNCE);
    else updateAddress();
    this.#show();
  }

  #back() {
    this.#go({ pair: null, point: null, map: 0 }, false);
    this.browse?.focus(this.pair.place);
  }

  #show() {
    if (!this.run && this.runs.length === 1) this.state = { ...this.state, run: this.runs[0].name };
    const { run, state } = this;
    this.controls?.show(run, state.filters);
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
    if (this.state.run) this.app.toasts.show(`The run ${this.state.run} is not open in this viewer.`, "problem");
    this.#put(makeRunTable(this.runs, (run) => this.#hrefOf({ run: run.name, filters: applicableFilters(this.state.filters, run), pair: null })));
  }

  #put(element) {
    if (this.element.firstChild !== element) this.element.replaceChildren(element);
  }

  #open(run) {
    this.browse?.close();
    const browse = new PairBrowser(run, {
      change: (filters, debounced) => this.#go({ filters, at: 0 }, debounced),
      open: (pair) => this.#go({ pair, point: null, map: 0 }, false),
      hrefOf: (pair) => this.#hrefOf({ pair, point: null, map: 0 }),
      scrolled: (at) => this.#scrolled(at),
      fail: (error) => this.#fail(error),
    }, this.app.toasts);
    this.browse = browse;
    return browse;
  }

  // Write the address when the scrolling has stopped.
  #scrolled(at) {
    if (this.state.pair || this.state.at === at) return;
    this.state.at = at;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.app.go(formatRest(this.state), { replace: true }), DEBOUNCE);
  }

  async #reload() {
    try {
      const run = await post("api/runs/reload", { run: this.run.name });
      this.runs = this.runs.map((other) => (other.name === run.name ? run : other));
      this.#show();
    } catch (error) {
      this.#fail(error);
    }
  }

  // Report an error. If the pair does not exist, show all pairs instead.
  #onPairError(error) {
    this.#fail(error);
    if (error.status === 404 && this.state.pair) this.#go({ pair: null, point: null, map: 0 }, true);
  }

  #fail(error) {
    this.app.toasts.show(error.message, "problem");
  }
}
