// @ts-check
// The list of the source points, whose names can be edited.

import { colourOf, inkOn } from "../core/colours.js";
import { h, keyed, set, setText } from "../core/dom.js";

export class PointNames {
  #list = h("ol", { class: "point-names", "aria-label": "Points" });
  #usage = h("span", { class: "soft" }, "Double-click or F2 to rename");
  #hint = h("p", { class: "hint" }, "No points yet. Click the source image to add one.");

  constructor(session, viewState) {
    this.session = session;
    this.viewState = viewState;
    this.clear = h("button", { class: "quiet", onclick: () => session.act("clear") }, "Clear");
    this.element = h(
      "section", { class: "card points-card", "aria-label": "Points" },
      h("div", { class: "card-head" }, h("h2", {}, "Points"), this.#usage, this.clear),
      this.#hint,
      this.#list,
    );
    this.#list.addEventListener("pointerleave", () => viewState.set("hovered", null));
  }

  draw() {
    const { points } = this.session.scene;
    set(this.#hint, { hidden: points.length > 0 });
    set(this.clear, { hidden: !points.length });
    set(this.#usage, { hidden: !points.length });
    keyed(this.#list, points, (point) => point.id, (point) => this.#make(point), (item, point) => {
      const [button] = item.children;
      const [disc, name] = /** @type {Iterable<HTMLElement>} */ (/** @type {unknown} */ (button.children));
      disc.style.background = colourOf(point.number);
      disc.style.color = inkOn(point.number);
      setText(disc, String(point.number));
      setText(name, point.name ?? "");
      set(name, { hidden: !point.name });
      const pressed = this.viewState.get("selected") === point.id;
      set(button, { "aria-pressed": String(pressed), "aria-label": `Point ${point.number}${point.name ? `, ${point.name}` : ""}` });
      item.classList.toggle("focus", this.viewState.point === point.id);
    });
  }

  #make({ id }) {
    const button = h("button", { class: "point-name", title: "Double-click or press F2 to rename" }, h("span", { class: "disc" }), h("span", { class: "point-name-text" }));
    const item = h("li", {}, button);
    button.addEventListener("click", () => this.viewState.set("selected", id));
    button.addEventListener("dblclick", () => this.#edit(item, id));
    button.addEventListener("keydown", (event) => this.#press(event, item, id));
    item.addEventListener("pointerenter", () => this.viewState.set("hovered", id));
    return item;
  }

  #press(event, item, id) {
    if (event.key === "F2") this.#edit(item, id);
    else if (event.key === "Delete") this.session.act("delete", { id });
    else return;
    event.preventDefault();
  }

  #edit(item, id) {
    if (item.querySelector("input")) return;
    const [button] = item.children;
    const point = this.session.scene.points.find((candidate) => candidate.id === id);
    const input = h("input", { class: "point-name-input", maxlength: "40", "aria-label": `Name of point ${point.number}`, placeholder: String(point.number) });
    input.value = point.name ?? "";
    let ended = false; // removing the input sends another "blur"
    const end = (accept) => {
      if (ended) return;
      ended = true;
      const focused = document.activeElement === input;
      const name = input.value.trim();
      set(button, { hidden: false });
      input.remove();
      if (focused) button.focus();
      if (accept && name !== (point.name ?? "")) this.session.act("name", { id, name });
    };
    input.addEventListener("blur", () => end(true));
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === "Escape") {
        event.preventDefault();
        event.stopPropagation();
        end(event.key === "Enter");
      }
    });
    set(button, { hidden: true });
    item.append(input);
    input.focus();
    input.select();
  }
}
