// @ts-check
// The source's points as a list of their names, which can be changed.

import { colourOf, inkOn } from "../core/colours.js";
import { h, keyed, set, write } from "../core/dom.js";

export class Names {
  #list = h("ol", { class: "point-names", "aria-label": "Points" });
  #how = h("span", { class: "soft" }, "Double click or F2 names one");
  #hint = h("p", { class: "hint" }, "Click parts of the source: they are found in all targets.");

  constructor(session, look) {
    this.session = session;
    this.look = look;
    this.clear = h("button", { class: "quiet", onclick: () => session.act("clear") }, "Clear");
    this.element = h(
      "section", { class: "card points-card", "aria-label": "Points" },
      h("div", { class: "card-head" }, h("h2", {}, "Points"), this.#how, this.clear),
      this.#hint,
      this.#list,
    );
    this.#list.addEventListener("pointerleave", () => look.set("hovered", null));
  }

  draw() {
    const { points } = this.session.scene;
    set(this.#hint, { hidden: points.length > 0 });
    set(this.clear, { hidden: !points.length });
    set(this.#how, { hidden: !points.length });
    keyed(this.#list, points, (point) => point.id, (point) => this.#make(point), (item, point) => {
      const [button] = item.children;
      const [disc, name] = /** @type {Iterable<HTMLElement>} */ (/** @type {unknown} */ (button.children));
      disc.style.background = colourOf(point.number);
      disc.style.color = inkOn(point.number);
      write(disc, String(point.number));
      write(name, point.name ?? "");
      set(name, { hidden: !point.name });
      const pressed = this.look.get("selected") === point.id;
      set(button, { "aria-pressed": String(pressed), "aria-label": `Point ${point.number}${point.name ? `, ${point.name}` : ""}` });
      item.classList.toggle("focus", this.look.point === point.id);
    });
  }

  #make({ id }) {
    const button = h("button", { class: "point-name", title: "Double click or F2: name it" }, h("span", { class: "disc" }), h("span", { class: "point-name-text" }));
    const item = h("li", {}, button);
    button.addEventListener("click", () => this.look.set("selected", id));
    button.addEventListener("dblclick", () => this.#edit(item, id));
    button.addEventListener("keydown", (event) => this.#press(event, item, id));
    item.addEventListener("pointerenter", () => this.look.set("hovered", id));
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
    const point = this.session.scene.points.find((one) => one.id === id);
    const input = h("input", { class: "point-name-input", maxlength: "40", "aria-label": `Name of point ${point.number}`, placeholder: String(point.number) });
    input.value = point.name ?? "";
    let ended = false; // taking the input away blurs it
    const end = (keep) => {
      if (ended) return;
      ended = true;
      const focussed = document.activeElement === input;
      const name = input.value.trim();
      set(button, { hidden: false });
      input.remove();
      if (focussed) button.focus();
      if (keep && name !== (point.name ?? "")) this.session.act("name", { id, name });
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
