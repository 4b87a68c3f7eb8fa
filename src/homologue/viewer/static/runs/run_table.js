// @ts-check
// The table of runs to choose from.

import { h } from "../core/dom.js";
import { count, percent } from "./charts.js";

// hrefOf(run): return the address of a run.
export function makeRunTable(runs, hrefOf) {
  const columns = ["Run", "Benchmark", "Matcher", "Model", "Pairs", "PCK@0.1 per point", "per image"];
  return h(
    "section", { class: "card chooser", "aria-label": "Runs" },
    h("div", { class: "card-head" }, h("h2", {}, count(runs.length, "run"))),
    h(
      "div", { class: "table-scroll" },
      h("table", { class: "facts" },
        h("thead", {}, h("tr", {}, ...columns.map((name) => h("th", { scope: "col" }, name)))),
        h("tbody", {}, ...runs.map((run) => row(run, hrefOf(run)))),
      ),
    ),
  );
}

function row(run, href) {
  const cells = [
    `${run.benchmark}, ${run.split}`, run.matcher, run.model ?? "–", pairsOf(run),
    percent(run.pck.per_point), percent(run.pck.per_image),
  ];
  return h(
    "tr", {},
    h("th", { scope: "row" }, h("a", { href }, run.name)),
    ...cells.map((text) => h("td", {}, text)),
  );
}

export function pairsOf({ pairs, planned, failed }) {
  const shown = pairs < planned ? `${pairs.toLocaleString("en")} of ${planned.toLocaleString("en")}` : pairs.toLocaleString("en");
  return failed ? `${shown}, ${failed} failed` : shown;
}
