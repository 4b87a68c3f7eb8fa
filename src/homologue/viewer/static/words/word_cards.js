// @ts-check
// The cards of the words: heat map, peak, region, and whether the word is combined with others.

import { colourOf, inkOn } from "../core/colours.js";
import { h, keyed, set, setText } from "../core/dom.js";
import { formatPoint } from "../match/progress_text.js";
import { makeThumb, showThumb } from "../maps/map_thumbnail.js";
import { valueText } from "../maps/paint.js";

export class WordCards {
  #list = h("ol", { class: "words" });
  #drawn = "";

  // choice(): return the combined words. handlers: { choose(word, chosen), enlarge(word) }. Words are
  // named by their index in the sentence.
  constructor(session, viewState, results, colours, choice, handlers) {
    this.session = session;
    this.viewState = viewState;
    this.results = results;
    this.colours = colours;
    this.choice = choice;
    this.handlers = handlers;
    this.element = this.#list;
  }

  draw() {
    const { results, viewState } = this;
    const picture = this.session.scene.source;
    const ready = results.ready && picture;
    set(this.#list, { hidden: !ready });
    if (!ready) return this.#list.replaceChildren();
    const wanted = `${results.address} ${viewState.get("colours")} ${viewState.get("opacity")} ${results.facts.settings.threshold}`;
    const changed = wanted !== this.#drawn;
    this.#drawn = wanted;
    const items = results.facts.names.map((name, word) => ({ name, word }));
    const chosen = this.choice();
    return keyed(this.#list, items, ({ word }) => `${results.address} ${word}`, (item) => this.#make(item), (node, item) => {
      if (changed) this.#drawMap(node, item, picture);
      this.#drawChoice(node, item, chosen);
    });
  }

  #make({ word }) {
    const marks = [h("span", { class: "mark-box" }), h("span", { class: "mark-centre" }), h("span", { class: "mark-peak" })];
    const thumb = makeThumb(...marks);
    const hover = () => this.viewState.set("hovered", word);
    const leave = () => this.viewState.set("hovered", null);
    const tick = h("input", { type: "checkbox", onchange: () => this.handlers.choose(word, tick.checked) });
    const layers = () => this.viewState.set("layers", this.viewState.get("layers") === word ? null : word);
    thumb.addEventListener("pointerenter", hover);
    thumb.addEventListener("focus", () => thumb.matches(":focus-visible") && hover());
    thumb.addEventListener("pointerleave", leave);
    thumb.addEventListener("blur", leave);
    thumb.addEventListener("click", () => this.handlers.enlarge(word));
    return h(
      "li",
      { class: "word" },
      thumb,
      h("span", { class: "swatch", hidden: true }),
      h("span", { class: "word-facts" }),
      h("div", { class: "word-tools" },
        h("label", { class: "check" }, tick, "Combine"),
        h("button", { class: "quiet", onclick: layers }, "Layers"),
      ),
    );
  }

  // Draw everything that depends on the maps.
  #drawMap(node, { name, word }, picture) {
    const { maps, facts } = this.results;
    const [map, found] = [maps.maps[word], facts.words[word]];
    const [thumb, , text] = node.children;
    const colours = this.colours[this.viewState.get("colours")];
    const opacity = this.viewState.get("opacity");
    showThumb(thumb, { map, side: maps.side, name, picture, colours, opacity });
    const view = thumb.firstChild;
    view.style.setProperty("--ratio", picture.width / picture.height);
    view.style.setProperty("--faded", opacity);
    const [box, centre, peak] = [...view.children].slice(-3);
    for (const [mark, [x, y]] of [[centre, found.centre], [peak, found.peak]]) {
      Object.assign(mark.style, { left: percentage(x, picture.width), top: percentage(y, picture.height) });
    }
    const [left, top, right, bottom] = found.box;
    Object.assign(box.style, {
      left: percentage(left, picture.width), top: percentage(top, picture.height),
      width: percentage(right - left, picture.width), height: percentage(bottom - top, picture.height),
    });
    const [cx, cy] = found.centre;
    setText(text, [
      `peak ${formatPoint({ x: found.peak[0], y: found.peak[1] }, picture)} · ${valueText(map.scale)}`,
      `centre ${formatPoint({ x: cx, y: cy }, picture)} · region ${percent(facts.regions[word])}`,
    ].join("\n"));
    text.title = "Peak: position and value of the maximum. Centre: centre of mass of the region. Region: its share of the image";
  }

  // Draw everything that depends on the selection.
  #drawChoice(node, { name, word }, chosen) {
    const [thumb, swatch, , tools] = node.children;
    const [label, layers] = tools.children;
    const tick = label.firstChild;
    const index = chosen.indexOf(word);
    if (tick.checked !== index >= 0) tick.checked = index >= 0;
    set(tick, { "aria-label": `Combine: ${name}` });
    set(swatch, { hidden: index < 0 });
    if (index >= 0) {
      setText(swatch, String(index + 1));
      Object.assign(swatch.style, { background: colourOf(index + 1), color: inkOn(index + 1) });
    }
    set(layers, { "aria-pressed": String(this.viewState.get("layers") === word), "aria-label": `Layers: ${name}` });
    node.classList.toggle("chosen", index >= 0);
    node.classList.toggle("hovered", this.viewState.get("hovered") === word);
    thumb.title = "Enlarge";
  }
}

function percentage(part, whole) {
  return `${(100 * part) / whole}%`;
}

function percent(fraction) {
  const value = 100 * fraction;
  return `${value < 10 ? value.toFixed(1) : value.toFixed(0)} %`;
}
