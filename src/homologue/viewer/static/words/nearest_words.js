// @ts-check
// The words of the vocabulary that are most similar to the embedding of a fitted point.

import { colourOf, inkOn } from "../core/colours.js";
import { h, keyed, set, setText } from "../core/dom.js";
import { describeWordProgress } from "./prompt_form.js";

export class NearestWords {
  #points = h("div", { class: "name-points", role: "group", "aria-label": "Points" });
  #hint = h("p", { class: "hint" });
  #list = h("ol", { class: "names" });
  #retry = h("button", { class: "quiet" }, "Retry");

  constructor(session) {
    this.session = session;
    this.#retry.addEventListener("click", () => this.request(session.state.words.named.point));
    this.element = h(
      "section",
      { class: "card nearest-words", "aria-label": "Nearest words of a point" },
      h("div", { class: "card-head" }, h("h2", {}, "Nearest words of a point"), this.#points),
      this.#hint,
      this.#retry,
      this.#list,
    );
  }

  // Choose a point, or clear the choice if it is chosen already.
  toggle(id) {
    this.request(this.session.state.words.named.point === id ? null : id);
  }

  request(id) {
    this.session.act("call-point", id ? { id } : {});
  }

  draw() {
    const { points } = this.session.scene;
    const { named } = this.session.state.words;
    keyed(this.#points, points, (point) => point.id, ({ id }) => this.#make(id), (node, point) => {
      setText(node, String(point.number));
      node.style.background = colourOf(point.number);
      node.style.color = inkOn(point.number);
      set(node, { "aria-pressed": String(point.id === named.point), "aria-label": `Point ${point.number}` });
    });
    const words = named.words ?? [];
    const message = this.#message(points, named);
    const text = message.map((part) => part.textContent ?? part).join("");
    if (this.#hint.textContent !== text) this.#hint.replaceChildren(...message);
    this.#hint.classList.toggle("problem", named.state === "failed");
    set(this.#retry, { hidden: named.state !== "failed" && named.state !== "cancelled" });
    set(this.#list, { hidden: !words.length });
    keyed(this.#list, words, ({ word }) => word, makeName, showName);
  }

  #make(id) {
    return h("button", { class: "disc", onclick: () => this.toggle(id) });
  }

  #message(points, named) {
    const match = h("a", { href: `#/match/${this.session.id}` }, "Match screen");
    if (!points.length) return ["No points yet. Add points to this image on the ", match, "."];
    if (!named.point) return ["Choose a point to list the words of the model’s vocabulary that are most similar to its embedding."];
    const point = points.find(({ id }) => id === named.point);
    const label = point?.name ? `${point.number}, “${point.name}”` : point?.number;
    if (named.state === "failed") return [named.error];
    if (named.state === "cancelled") return ["Cancelled."];
    if (named.state === "waiting") return ["Waiting for other jobs."];
    if (named.state === "running") {
      const progress = this.session.progress.words?.named;
      const text = describeWordProgress(progress);
      return [progress?.stage === "words" ? text.replace("Computing heat maps", "Reading the vocabulary, once per model") : text];
    }
    const isBuiltin = this.session.scene.settings.model === "builtin";
    return [`Point ${label}: most similar first (1: attends to the same positions, 0: unrelated).`, isBuiltin ? " The built-in model understands too few words for this list to be meaningful." : ""];
  }
}

function makeName() {
  return h("li", {}, h("span", { class: "name-word" }), h("span", { class: "name-bar" }, h("span", {})), h("span", { class: "name-value" }));
}

function showName(node, { word, similarity }) {
  const [name, bar, value] = node.children;
  setText(name, word);
  bar.firstChild.style.width = `${100 * Math.max(0, similarity)}%`;
  setText(value, similarity.toFixed(2));
}
