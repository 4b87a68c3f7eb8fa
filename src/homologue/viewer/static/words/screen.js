// @ts-check
// The Words screen: a sentence, and a heat map over the image for each of its words.

import { UndoButtons } from "../core/buttons.js";
import { h, on } from "../core/dom.js";
import { beforeFrame } from "../core/scheduling.js";
import { exportMenu } from "../export/menu.js";
import { saveResponse, savePng, saveSvg } from "../export/save.js";
import { enlarge } from "../maps/map_dialog.js";
import { MapControls } from "../maps/map_controls.js";
import { ImageInput } from "../match/image_input.js";
import { Pane } from "../match/pane.js";
import { Settings } from "../match/settings.js";
import { WordCards } from "./word_cards.js";
import { drawWords } from "./figure.js";
import { PromptForm } from "./prompt_form.js";
import { LayerStrip } from "./layer_strip.js";
import { Legend } from "./legend.js";
import { WordViewState } from "./view_state.js";
import { WordMarks } from "./word_marks.js";
import { NearestWords } from "./nearest_words.js";
import { ModelNotice } from "./model_notice.js";
import { WordResults } from "./results.js";
import { ImageOverlay } from "./image_overlay.js";

export const wordsScreen = {
  open: (app) => new WordsScreen(app),
};

class WordsScreen {
  /** @type {HTMLElement} */
  element;
  /** @type {HTMLElement[]} */
  tools;
  /** @type {(() => void)[]} */
  cleanups = [];
  drawSoon = beforeFrame(() => this.#draw());

  /** @type {number[] | null} */
  #chosen = null; // a choice that the server has not answered yet

  constructor(app) {
    const { session, options } = app;
    this.app = app;
    this.session = session;
    this.viewState = new WordViewState();
    this.results = new WordResults();
    this.pane = new Pane("source", "Image", { placing: false });
    this.imageInput = new ImageInput(session, options, { source: this.pane }, app.toasts);
    this.settings = new Settings(session, options, ["model"]);
    this.undoButtons = new UndoButtons(session);
    this.form = new PromptForm(session);
    const choice = () => this.choice;
    this.overlay = new ImageOverlay(session, this.viewState, this.results, this.pane, options.colours, choice);
    this.nearestWords = new NearestWords(session);
    this.marks = new WordMarks(session, this.results, this.overlay, this.pane, (id) => this.nearestWords.toggle(id));
    this.legend = new Legend(this.viewState, this.results, this.overlay, choice, () => this.#choose([]), app.toasts);
    this.cards = new WordCards(session, this.viewState, this.results, options.colours, choice, {
      choose: (word, chosen) => this.#tick(word, chosen),
      enlarge: (word) => this.#enlarge("", word),
    });
    this.layers = new LayerStrip(session, this.viewState, this.results, options.colours, (word, index) => this.#enlarge(`/${word}`, index));
    this.controls = new MapControls(this.viewState, options.colours);
    this.notice = new ModelNotice(session, options);
    this.#build();
    this.#listen();
    this.#draw();
    if (session.state.words.state === "waiting") this.#computeAgain(); // its maps were dropped from memory
    // Focus the field, except on touch screens, where this would open the on-screen keyboard.
    const focusField = !session.state.words.prompt && matchMedia("(pointer: fine)").matches;
    if (focusField) requestAnimationFrame(() => this.form.field.focus());
  }

  close() {
    this.imageInput.close();
    for (const cleanUp of this.cleanups) cleanUp();
  }

  // The combined words, as indices in the sentence.
  get choice() {
    return this.#chosen ?? this.session.state.words.chosen;
  }

  #build() {
    const save = exportMenu(this.#exports(), this.app.toasts);
    this.tools = [this.settings.element, h("div", { class: "tools" }, ...this.undoButtons.elements, save)];
    this.element = h(
      "main",
      { class: "words-screen" },
      this.form.element,
      h("div", { class: "words-picture" }, this.pane.element, this.legend.element),
      h("section", { class: "card words-cards", "aria-label": "Words" },
        h("div", { class: "card-head" }, h("h2", {}, "Words"), h("div", { class: "strip-tools" }, this.controls.element)),
        this.notice.element,
        this.cards.element,
      ),
      this.layers.element,
      this.nearestWords.element,
    );
  }

  #exports() {
    const { results, session } = this;
    const whenReady = (run) => () => {
      if (!results.ready) throw new Error("show the words of a sentence first.");
      return run();
    };
    return [
      ["Figure (PNG)", whenReady(async () => savePng(await this.#figure(), "words.png"))],
      ["Figure (SVG)", whenReady(async () => saveSvg(await this.#figure(), "words.svg"))],
      ["Mask (PNG)", whenReady(() => this.legend.save())],
      ["Words (JSON)", whenReady(() => saveResponse(`api/words/${results.address}/words.json?threshold=${this.viewState.get("threshold")}`, "words.json"))],
      ["Nearest words (JSON)", () => saveResponse(`api/sessions/${session.id}/names.json`, "names.json")],
    ];
  }

  #figure() {
    const { results, viewState, pane } = this;
    return drawWords({
      picture: this.session.scene.source, results, viewState,
      overlay: this.overlay.content, canvas: pane.heat, colours: this.app.options.colours,
    });
  }

  #listen() {
    const { session, viewState, app, results } = this;
    this.cleanups = [
      on(session, "change", () => this.drawSoon()),
      on(session, "progress", () => this.drawSoon()),
      on(viewState, "change", () => this.drawSoon()),
      on(results, "change", () => this.drawSoon()),
      on(results, "gone", () => this.#computeAgain()),
      app.keys.add("/", "Edit the sentence", () => this.form.field.select()),
      ...this.undoButtons.addKeys(app.keys),
      app.keys.add("o", "Open an image", () => this.imageInput.browse("source")),
      app.keys.add("s", "Choose a sample", () => this.imageInput.sample("source")),
      app.keys.add("Escape", "Cancel the running jobs", () => this.form.cancel()),
      app.keys.add("Tab", "Next word: show its heat map on the image"),
      app.keys.add("Enter", "On a word: enlarge its heat map"),
      app.keys.add("+ or − or 0", "On the image: zoom in, zoom out, fit"),
    ];
  }

  // Compute the maps of the current sentence again.
  #computeAgain() {
    const { prompt } = this.session.state.words;
    if (prompt) this.session.act("read", { prompt });
  }

  #tick(word, chosen) {
    const others = this.choice.filter((other) => other !== word);
    this.#choose(chosen ? [...others, word].sort((a, b) => a - b) : others);
  }

  async #choose(words) {
    this.#chosen = words;
    this.drawSoon();
    await this.session.act("choose", { words });
    if (this.#chosen === words) this.#chosen = null;
    this.drawSoon();
  }

  // Open a map in a dialog. path: "" for the maps of the words, "/N" for the layers of a word.
  #enlarge(path, index) {
    const { session, viewState, results } = this;
    const address = `words/${results.address}${path}`;
    const views = [{ name: "image", picture: () => session.scene.source, address: () => address }];
    enlarge({ title: `“${results.facts.prompt}”`, views, view: "image", index, viewState, colours: this.app.options.colours });
  }

  #draw() {
    const { scene, state } = this.session;
    this.pane.show(scene.source);
    if (this.results.address !== state.words.address) this.viewState.set("hovered", null);
    this.results.request(state.words.address, this.viewState.get("threshold"));
    for (const name of ["hovered", "layers"]) {
      const word = this.viewState.get(name);
      if (word !== null && !(word < this.results.facts?.names.length)) this.viewState.set(name, null);
    }
    for (const part of [this.undoButtons, this.settings, this.form, this.notice, this.controls, this.cards, this.overlay, this.marks, this.legend, this.layers, this.nearestWords]) part.draw();
    this.#announce();
  }

  // Announce finished maps to screen readers.
  #announce() {
    const before = this.state;
    this.state = this.session.state.words.state;
    if (before && before !== this.state && this.state === "done") this.app.toasts.announce("The heat maps of the words are ready.");
  }
}
