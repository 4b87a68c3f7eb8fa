// @ts-check
// Which model, preset and way to optimise.

import { h, set } from "../core/dom.js";

export class Settings {
  // only: the names of those that the screen needs.
  constructor(session, options, only = ["model", "preset", "optimise"]) {
    this.session = session;
    this.options = options;
    this.model = this.#choice("model", "Model", options.models.map((name) => [name, name]));
    this.preset = this.#choice(
      "preset", "Preset", Object.keys(options.presets).map((name) => [name, name]),
    );
    this.way = this.#choice("optimise", "Optimise", []);
    this.element = h(
      "div", { class: "settings", role: "group", "aria-label": "Settings" },
      ...[this.model, this.preset, this.way]
        .filter((choice) => only.includes(choice.name))
        .map((choice) => choice.parentElement),
    );
  }

  draw() {
    const { settings } = this.session.scene;
    const own = this.options.presets[settings.preset];
    const ways = [["preset", `${own} (preset’s)`], ...this.options.ways.filter((way) => way !== own).map((way) => [way, way])];
    fill(this.way, ways);
    for (const [select, value] of [
      [this.model, settings.model],
      [this.preset, settings.preset],
      [this.way, settings.optimise === null || settings.optimise === own ? "preset" : settings.optimise],
    ]) {
      if (select.value !== value) select.value = value;
      set(select, { title: select.selectedOptions[0]?.textContent });
    }
  }

  #choice(name, label, choices) {
    const select = h("select", { name });
    fill(select, choices);
    select.addEventListener("change", () => this.session.act("settings", { [name]: select.value }));
    h("label", { class: "choice" }, h("span", {}, label), select);
    return select;
  }
}

function fill(select, choices) {
  const text = JSON.stringify(choices);
  if (select.dataset.choices === text) return;
  select.dataset.choices = text;
  select.replaceChildren(...choices.map(([value, shown]) => h("option", { value }, shown)));
}
