// @ts-check
// The other way round: what the model would call a point that was fitted to the picture.

import { colourOf, inkOn } from "../core/colours.js";
import { h, keyed, set, write } from "../core/dom.js";
import { describe } from "./prompt_form.js";

export class Names {
  #points = h("div", { class: "name-points", role: "group", "aria-label": "Points" });
  #hint = h("p", { class: "hint" });
  #list = h("ol", { class: "names" });
  #again = h("button", { class: "quiet" }, "Try again");

  constructor(session) {
    this.session = session;
    this.#again.addEventListener("click", () => this.ask(session.state.words.named.point));
    this.element = h(
      "section",
      { class: "card naming", "aria-label": "What would the model call a point?" },
      h("div", { class: "card-head" }, h("h2", {}, "What would the model call a point?"), this.#points),
      this.#hint,
      this.#again,
      this.#list,
    );
  }

  // Has a point named; the one that is, not any more.
  toggle(id) {
    this.ask(this.session.state.words.named.point === id ? null : id);
  }

  ask(id) {
    this.session.act("call-point", id ? { id } : {});
  }

  draw() {
    const { points } = this.session.scene;
    const { named } = this.session.state.words;
    keyed(this.#points, points, (point) => point.id, ({ id }) => this.#make(id), (node, point) => {
      write(node, String(point.number));
      node.style.background = colourOf(point.number);
      node.style.color = inkOn(point.number);
      set(node, { "aria-pressed": String(point.id === named.point), "aria-label": `Point ${point.number}` });
    });
    const words = named.words ?? [];
    const said = this.#say(points, named);
    const text = said.map((part) => part.textContent ?? part).join("");
    if (this.#hint.textContent !== text) this.#hint.replaceChildren(...said);
    this.#hint.classList.toggle("problem", named.state === "failed");
    set(this.#again, { hidden: named.state !== "failed" && named.state !== "cancelled" });
    set(this.#list, { hidden: !words.length });
    keyed(this.#list, words, ({ word }) => word, makeName, showName);
  }

  #make(id) {
    return h("button", { class: "disc", onclick: () => this.toggle(id) });
  }

  #say(points, named) {
    const match = h("a", { href: `#/match/${this.session.id}` }, "Match screen");
    if (!points.length) return ["There are no points on the picture yet: put some there on the ", match, "."];
    if (!named.point) return ["Choose a point: the words of the model’s vocabulary that are most like its embedding are listed."];
    const point = points.find(({ id }) => id === named.point);
    const called = point?.name ? `${point.number}, “${point.name}”` : point?.number;
    if (named.state === "failed") return [named.error];
    if (named.state === "cancelled") return ["Cancelled."];
    if (named.state === "waiting") return ["Waiting for what is more urgent."];
    if (named.state === "running") {
      const told = this.session.progress.words?.named;
      return [told?.stage === "words" ? describe(told).replace("Looking", "Reading the vocabulary, once a model") : describe(told)];
    }
    const weak = this.session.scene.settings.model === "builtin";
    return [`Point ${called}: most similar first (1: attends to the same places, 0: unrelated).`, weak ? " The built-in model knows words too little for these to mean anything." : ""];
  }
}

function makeName() {
  return h("li", {}, h("span", { class: "name-word" }), h("span", { class: "name-bar" }, h("span", {})), h("span", { class: "name-value" }));
}

function showName(node, { word, similarity }) {
  const [name, bar, value] = node.children;
  write(name, word);
  bar.firstChild.style.width = `${100 * Math.max(0, similarity)}%`;
  write(value, similarity.toFixed(2));
}
