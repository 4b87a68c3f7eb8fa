// @ts-check
// A card for each word: its map, where it is, and whether it is combined with others.

import { colourOf, inkOn } from "../core/colours.js";
import { h, keyed, set, write } from "../core/dom.js";
import { place } from "../match/progress_text.js";
import { makeThumb, showThumb } from "../maps/map_thumbnail.js";
import { valueText } from "../maps/paint.js";

export class Cards {
  #list = h("ol", { class: "words" });
  #drawn = "";

  // on: { choose(word, whether), enlarge(word) }. choice: gives the words that are combined.
  constructor(session, look, results, colours, choice, on) {
    this.session = session;
    this.look = look;
    this.results = results;
    this.colours = colours;
    this.choice = choice;
    this.on = on;
    this.element = this.#list;
  }

  draw() {
    const { results, look } = this;
    const picture = this.session.scene.source;
    const there = results.there && picture;
    set(this.#list, { hidden: !there });
    if (!there) return this.#list.replaceChildren();
    const wanted = `${results.address} ${look.get("colours")} ${look.get("opacity")} ${results.facts.settings.threshold}`;
    const fresh = wanted !== this.#drawn;
    this.#drawn = wanted;
    const items = results.facts.names.map((name, word) => ({ name, word }));
    const chosen = this.choice();
    return keyed(this.#list, items, ({ word }) => `${results.address} ${word}`, (item) => this.#make(item), (node, item) => {
      if (fresh) this.#show(node, item, picture);
      this.#update(node, item, chosen);
    });
  }

  #make({ word }) {
    const marks = [h("span", { class: "mark-box" }), h("span", { class: "mark-centre" }), h("span", { class: "mark-peak" })];
    const thumb = makeThumb(...marks);
    const hover = () => this.look.set("hovered", word);
    const leave = () => this.look.set("hovered", null);
    const tick = h("input", { type: "checkbox", onchange: () => this.on.choose(word, tick.checked) });
    const layers = () => this.look.set("layers", this.look.get("layers") === word ? null : word);
    thumb.addEventListener("pointerenter", hover);
    thumb.addEventListener("focus", () => thumb.matches(":focus-visible") && hover());
    thumb.addEventListener("pointerleave", leave);
    thumb.addEventListener("blur", leave);
    thumb.addEventListener("click", () => this.on.enlarge(word));
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

  // What depends on the maps.
  #show(node, { name, word }, picture) {
    const { maps, facts } = this.results;
    const [map, found] = [maps.maps[word], facts.words[word]];
    const [thumb, , text] = node.children;
    const colours = this.colours[this.look.get("colours")];
    const opacity = this.look.get("opacity");
    showThumb(thumb, { map, side: maps.side, name, picture, colours, opacity });
    const view = thumb.firstChild;
    view.style.setProperty("--ratio", picture.width / picture.height);
    view.style.setProperty("--faded", opacity);
    const [box, centre, peak] = [...view.children].slice(-3);
    for (const [mark, [x, y]] of [[centre, found.centre], [peak, found.peak]]) {
      Object.assign(mark.style, { left: share(x, picture.width), top: share(y, picture.height) });
    }
    const [left, top, right, bottom] = found.box;
    Object.assign(box.style, {
      left: share(left, picture.width), top: share(top, picture.height),
      width: share(right - left, picture.width), height: share(bottom - top, picture.height),
    });
    const [cx, cy] = found.centre;
    write(text, [
      `peak ${place({ x: found.peak[0], y: found.peak[1] }, picture)} · ${valueText(map.scale)}`,
      `centre ${place({ x: cx, y: cy }, picture)} · region ${percent(facts.regions[word])}`,
    ].join("\n"));
    text.title = "Highest place and its value; centre of mass of the region, and its share of the picture";
  }

  // What depends on what is chosen.
  #update(node, { name, word }, chosen) {
    const [thumb, swatch, , tools] = node.children;
    const [label, layers] = tools.children;
    const tick = label.firstChild;
    const at = chosen.indexOf(word);
    if (tick.checked !== at >= 0) tick.checked = at >= 0;
    set(tick, { "aria-label": `Combine: ${name}` });
    set(swatch, { hidden: at < 0 });
    if (at >= 0) {
      write(swatch, String(at + 1));
      Object.assign(swatch.style, { background: colourOf(at + 1), color: inkOn(at + 1) });
    }
    set(layers, { "aria-pressed": String(this.look.get("layers") === word), "aria-label": `Layers: ${name}` });
    node.classList.toggle("chosen", at >= 0);
    node.classList.toggle("hovered", this.look.get("hovered") === word);
    thumb.title = "Enlarge";
  }
}

function share(part, whole) {
  return `${(100 * part) / whole}%`;
}

function percent(part) {
  const value = 100 * part;
  return `${value < 10 ? value.toFixed(1) : value.toFixed(0)} %`;
}
