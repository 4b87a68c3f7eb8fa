// @ts-check
// Words: a sentence, and for each of its words a heat map over the picture.

import { h, on } from "../core/dom.js";
import { beforeFrame } from "../core/scheduling.js";
import { exportMenu } from "../export/menu.js";
import { saveAnswer, savePng, saveSvg } from "../export/save.js";
import { enlarge } from "../maps/map_dialog.js";
import { Painting } from "../maps/map_controls.js";
import { Opening } from "../match/image_input.js";
import { Pane } from "../match/pane.js";
import { Settings } from "../match/settings.js";
import { Cards } from "./word_cards.js";
import { drawWords } from "./figure.js";
import { Form } from "./prompt_form.js";
import { Layers } from "./layer_strip.js";
import { Legend } from "./legend.js";
import { WordLook } from "./view_state.js";
import { Marks } from "./word_marks.js";
import { Names } from "./nearest_words.js";
import { Notice } from "./model_notice.js";
import { Results } from "./results.js";
import { Shown } from "./image_overlay.js";

export const wordsScreen = {
  open: (app) => new WordsScreen(app),
};

class WordsScreen {
  /** @type {HTMLElement} */
  element;
  /** @type {HTMLElement[]} */
  tools;
  /** @type {(() => void)[]} */
  ends = [];
  /** @type {HTMLButtonElement} */
  undo;
  /** @type {HTMLButtonElement} */
  redo;
  drawSoon = beforeFrame(() => this.#draw());

  /** @type {number[] | null} */
  #chosen = null; // what has been ticked and not been answered yet

  constructor(app) {
    const { session, options } = app;
    this.app = app;
    this.session = session;
    this.look = new WordLook();
    this.results = new Results();
    this.pane = new Pane("source", "Picture", { empty: this.#empty(), placing: false });
    this.opening = new Opening(session, options, { source: this.pane }, app.toasts);
    this.settings = new Settings(session, options, ["model"]);
    this.form = new Form(session);
    const choice = () => this.choice;
    this.shown = new Shown(session, this.look, this.results, this.pane, options.colours, choice);
    this.names = new Names(session);
    this.marks = new Marks(session, this.results, this.shown, this.pane, (id) => this.names.toggle(id));
    this.legend = new Legend(this.look, this.results, this.shown, choice, () => this.#choose([]), app.toasts);
    this.cards = new Cards(session, this.look, this.results, options.colours, choice, {
      choose: (word, whether) => this.#tick(word, whether),
      enlarge: (word) => this.#enlarge("", word),
    });
    this.layers = new Layers(session, this.look, this.results, options.colours, (word, index) => this.#enlarge(`/${word}`, index));
    this.painting = new Painting(this.look, options.colours);
    this.notice = new Notice(session, options);
    this.#build();
    this.#listen();
    this.#draw();
    if (session.state.words.state === "waiting") this.#again(); // its maps may have made room for others
    // Not where that would bring up a keyboard over the page.
    const typing = !session.state.words.prompt && matchMedia("(pointer: fine)").matches;
    if (typing) requestAnimationFrame(() => this.form.field.focus());
  }

  close() {
    this.opening.close();
    for (const end of this.ends) end();
  }

  // Places in the sentence of the words that are combined.
  get choice() {
    return this.#chosen ?? this.session.state.words.chosen;
  }

  #build() {
    const { app, session, pane } = this;
    pane.tools.append(
      h("button", { class: "quiet", onclick: () => this.opening.browse("source") }, "Open"),
      h("button", { class: "quiet", onclick: () => this.opening.sample("source") }, "Sample"),
      h("button", { class: "icon zoom", "aria-label": "Zoom out", onclick: () => pane.zoom(1 / 1.5) }, "−"),
      h("button", { class: "icon zoom", "aria-label": "Zoom in", onclick: () => pane.zoom(1.5) }, "+"),
    );
    const button = (sign, label, action, keys) =>
      h("button", { class: "icon", "aria-label": label, title: `${label} (${keys})`, onclick: () => session.act(action) }, sign);
    this.undo = button("↶", "Undo", "undo", "Ctrl+Z");
    this.redo = button("↷", "Redo", "redo", "Ctrl+Y");
    const save = exportMenu(this.#entries(), app.toasts);
    this.tools = [this.settings.element, h("div", { class: "tools" }, this.undo, this.redo, save)];
    this.element = h(
      "main",
      { class: "words-screen" },
      this.form.element,
      h("div", { class: "words-picture" }, pane.element, this.legend.element),
      h("section", { class: "card words-cards", "aria-label": "Words" },
        h("div", { class: "card-head" }, h("h2", {}, "Words"), h("div", { class: "strip-tools" }, this.painting.element)),
        this.notice.element,
        this.cards.element,
      ),
      this.layers.element,
      this.names.element,
    );
  }

  #entries() {
    const { results, session } = this;
    const there = (run) => () => {
      if (!results.there) throw new Error("show the words of a sentence first.");
      return run();
    };
    return [
      ["Figure (PNG)", there(async () => savePng(await this.#figure(), "words.png"))],
      ["Figure (SVG)", there(async () => saveSvg(await this.#figure(), "words.svg"))],
      ["Mask (PNG)", there(() => this.legend.save())],
      ["Words (JSON)", there(() => saveAnswer(`api/words/${results.address}/words.json?threshold=${this.look.get("threshold")}`, "words.json"))],
      ["Names of points (JSON)", () => saveAnswer(`api/sessions/${session.id}/names.json`, "names.json")],
    ];
  }

  #figure() {
    const { results, look, pane } = this;
    return drawWords({
      picture: this.session.scene.source, results, look,
      shown: this.shown.now, canvas: pane.heat, colours: this.app.options.colours,
    });
  }

  #empty() {
    return h(
      "div", { class: "empty" },
      h("p", {}, "Drop a picture here, paste one, or choose:"),
      h("div", {},
        h("button", { class: "main", onclick: () => this.opening.browse("source") }, "Open a picture"),
        h("button", { class: "quiet", onclick: () => this.opening.sample("source") }, "Take a sample"),
      ),
    );
  }

  #listen() {
    const { session, look, app, results } = this;
    this.ends = [
      on(session, "change", () => this.drawSoon()),
      on(session, "progress", () => this.drawSoon()),
      on(look, "change", () => this.drawSoon()),
      on(results, "change", () => this.drawSoon()),
      on(results, "gone", () => this.#again()),
      app.keys.add("/", "Write a sentence", () => this.form.field.select()),
      app.keys.add("Ctrl+Z", "Undo", () => session.act("undo")),
      app.keys.add("Ctrl+Y or Ctrl+Shift+Z", "Redo", () => session.act("redo")),
      app.keys.add("o", "Open a picture", () => this.opening.browse("source")),
      app.keys.add("s", "Take a sample", () => this.opening.sample("source")),
      app.keys.add("Escape", "Cancel what is running", () => this.form.cancel()),
      app.keys.add("Tab, Enter", "On a word: lay its map over the picture, enlarge it"),
      app.keys.add("+ − 0", "On the picture: zoom in, out, show all of it"),
    ];
  }

  // Begins the sentence again.
  #again() {
    const { prompt } = this.session.state.words;
    if (prompt) this.session.act("read", { prompt });
  }

  #tick(word, whether) {
    const others = this.choice.filter((one) => one !== word);
    this.#choose(whether ? [...others, word].sort((a, b) => a - b) : others);
  }

  async #choose(words) {
    this.#chosen = words;
    this.drawSoon();
    await this.session.act("choose", { words });
    if (this.#chosen === words) this.#chosen = null;
    this.drawSoon();
  }

  // The map with an index of those at an address below that of the sentence.
  #enlarge(below, index) {
    const { session, look, results } = this;
    const address = `words/${results.address}${below}`;
    const views = [{ name: "picture", picture: () => session.scene.source, address: () => address }];
    enlarge({ title: `“${results.facts.prompt}”`, views, view: "picture", index, look, colours: this.app.options.colours });
  }

  #draw() {
    const { scene, state } = this.session;
    this.pane.show(scene.source);
    this.undo.disabled = !state.undo;
    this.redo.disabled = !state.redo;
    if (this.results.address !== state.words.address) this.look.set("hovered", null);
    this.results.ask(state.words.address, this.look.get("threshold"));
    for (const name of ["hovered", "layers"]) {
      const word = this.look.get(name);
      if (word !== null && !(word < this.results.facts?.names.length)) this.look.set(name, null);
    }
    for (const part of [this.settings, this.form, this.notice, this.painting, this.cards, this.shown, this.marks, this.legend, this.layers, this.names]) part.draw();
    this.#say();
  }

  // Tells those who cannot see the page that the maps are there.
  #say() {
    const before = this.state;
    this.state = this.session.state.words.state;
    if (before && before !== this.state && this.state === "done") this.app.toasts.say("The maps of the words are there.");
  }
}
