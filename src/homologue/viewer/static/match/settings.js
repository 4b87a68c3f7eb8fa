// @ts-check
// The settings: model, preset and fitting strategy.

import { h, set } from "../core/dom.js";

export class Settings {
  // only: the names of the settings that the screen shows.
  constructor(session, options, only = ["model", "preset", "strategy"]) {
    this.session = session;
    this.options = options;
    this.model = this.#choice("model", "Model", options.models.map((name) => [name, name]));
    this.preset = this.#choice(
      "preset", "Preset", Object.keys(options.presets).map((name) => [name, name]),
    );
    this.strategy = this.#choice("strategy", "Strategy", []);
    this.element = h(
      "div", { class: "settings", role: "group", "aria-label": "Settings" },
      ...[this.model, this.preset, this.strategy]
        .filter((choice) => only.includes(choice.name))
        .map((choice) => choice.parentElement),
    );
  }

  draw() {
    const { settings } = this.session.scene;
    const own = this.options.presets[settings.preset];
    const others = this.options.ways.filter((strategy) => strategy !== own);
    fill(this.strategy, [["preset", `${own} (preset)`], ...others.map((strategy) => [strategy, strategy])]);
    for (const [select, value] of [
      [this.model, settings.model],
      [this.preset, settings.preset],
      [this.strategy, settings.strategy === null || settings.strategy === own ? "preset" : settings.strategy],
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
